"""The named networks are the write-ups': every printed row and total, and the write-ups' own code, layer by layer.

`write_ups/*.txt` are the summaries as the write-ups print them.
"""

import re
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tersenet.networks import NETWORKS, build, find_network, summarize

PRINTED = Path(__file__).parent / "write_ups"
WRITE_UPS = [name for name, network in NETWORKS.items() if network.reported]
# ReLU used as a function has no row in torchsummary: these two leave it out.
RELU_NOT_PRINTED = ("funnel-18937", "network-19972")


def printed_rows(name):
    """(type, shape, parameters) of each row of a printed summary."""
    rows = re.findall(r"([A-Za-z0-9]+)-\d+ +\[-1, ([\d, ]+)\] +([\d,]+)", (PRINTED / f"{name}.txt").read_text())
    return [(kind, tuple(map(int, shape.split(", "))), int(count.replace(",", ""))) for kind, shape, count in rows]


def printed_total(name, label):
    text = (PRINTED / f"{name}.txt").read_text()
    return re.search(rf"{re.escape(label)}: ([\d.,]+)", text)[1].replace(",", "")


def rows_as_printed(name):
    """Our rows, without those that the write-up does not print."""
    layers = summarize(find_network(name).module).layers
    if name in RELU_NOT_PRINTED:
        layers = [row for row in layers if row.type != "ReLU"]
    if name == "optimized-18594":
        *layers, gap = layers
        assert (gap.type, gap.output_shape) == ("AdaptiveAvgPool2d", (10, 1, 1))
    return layers


@pytest.mark.parametrize("name", WRITE_UPS)
def test_every_printed_row_is_reproduced(name):
    ours = [(row.type, row.output_shape, row.parameters) for row in rows_as_printed(name)]
    assert ours == printed_rows(name)
    assert len(ours) >= 21


@pytest.mark.parametrize("name", WRITE_UPS)
def test_every_printed_total_is_reproduced(name):
    summary = summarize(find_network(name).module)
    assert summary.parameters == int(printed_total(name, "Total params")) == int(name.rpartition("-")[2])
    assert summary.trainable_parameters == int(printed_total(name, "Trainable params"))
    assert summary.parameters - summary.trainable_parameters == int(printed_total(name, "Non-trainable params"))


@pytest.mark.parametrize("name", WRITE_UPS)
def test_the_sizes_of_a_network_whose_relus_are_modules_count_them(name):
    sizes = summarize(find_network(name).module).torchsummary_mb
    with_relu = {"funnel-18937": "1.61", "network-19972": "1.22"}
    expected = with_relu.get(name) or printed_total(name, "Forward/backward pass size (MB)")
    assert f"{sizes.forward_backward:.2f}" == expected


def test_the_receptive_fields_of_network_19972_are_those_of_its_write_up():
    layers = summarize(find_network("network-19972").module).layers
    seen = [row.receptive_field for row in layers if row.type in ("Conv2d", "MaxPool2d", "AvgPool2d")]
    assert seen == [3, 5, 7, 9, 9, 10, 14, 18, 22, 26, 26, 28]


def test_the_stem_network_has_the_shapes_of_its_description():
    layers = summarize(find_network("stem-17150").module).layers
    shapes = [
        row.output_shape for row in layers if row.type in ("Conv2d", "MaxPool2d", "AdaptiveAvgPool2d", "Linear")
    ]
    assert shapes == [(12, 12, 12), (24, 10, 10), (32, 8, 8), (32, 4, 4), (24, 2, 2), (24, 1, 1), (10,)]
    assert sum(row.parameters for row in layers) == 17_150


def test_no_network_has_a_softmax_inside():
    for network in NETWORKS.values():
        logits = build(network.notation).eval()(torch.randn(3, 1, 28, 28))
        assert logits.shape == (3, 10)
        assert not torch.allclose(logits.exp().sum(1), torch.ones(3))


# What follows is the write-ups' code, with the classes' names told apart and no log_softmax at the end.


class Funnel(nn.Module):
    """Write-up 000."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 24, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(24)
        self.conv2 = nn.Conv2d(24, 20, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(20)
        self.conv3 = nn.Conv2d(20, 15, 3, padding=1)
        self.bn3 = nn.BatchNorm2d(15)
        self.pool1 = nn.MaxPool2d(2, 2)
        self.conv4 = nn.Conv2d(15, 24, 3, padding=1)
        self.bn4 = nn.BatchNorm2d(24)
        self.pool2 = nn.MaxPool2d(2, 2)
        self.conv5 = nn.Conv2d(24, 20, 3)
        self.bn5 = nn.BatchNorm2d(20)
        self.conv6 = nn.Conv2d(20, 14, 3)
        self.bn6 = nn.BatchNorm2d(14)
        self.conv7 = nn.Conv2d(14, 10, 3)
        self.dp1 = self.dp2 = self.dp3 = self.dp4 = self.dp5 = self.dp6 = nn.Dropout(0.05)

    def forward(self, x):
        x = F.relu(self.dp2(self.bn2(self.conv2(F.relu(self.dp1(self.bn1(self.conv1(x))))))))
        x = self.pool1(F.relu(self.dp3(self.bn3(self.conv3(x)))))
        x = self.pool2(self.dp4(self.bn4(F.relu(self.conv4(x)))))
        x = F.relu(self.dp5(self.bn5(self.conv5(x))))
        x = F.relu(self.dp6(self.bn6(self.conv6(x))))
        x = F.relu(self.conv7(x))
        return x.view(-1, 10)


class Gap(nn.Module):
    """Write-up 001."""

    def __init__(self):
        super().__init__()

        def block(inputs, outputs, *dropout):
            return nn.Sequential(
                nn.Conv2d(inputs, outputs, 3, bias=False), nn.ReLU(), nn.BatchNorm2d(outputs), *dropout
            )

        self.block0 = block(1, 16, nn.Dropout(0.1))
        self.block1 = block(16, 16, nn.Dropout(0.1))
        self.block1d = block(16, 16, nn.Dropout(0.1))
        self.block2 = block(16, 32, nn.Dropout(0.1))
        self.block3 = block(32, 16)
        self.block4 = nn.Sequential(nn.Conv2d(16, 10, 1, bias=False))
        self.pool1 = nn.AvgPool2d(2, 2)
        self.pool2 = nn.AdaptiveAvgPool2d(1)

    def forward(self, x):
        x = self.pool1(self.block1(self.block1d(self.block0(x))))
        x = self.block4(self.pool2(self.block3(self.block2(x))))
        return x.view(-1, 10)


class Model1(nn.Module):
    """Write-up 003."""

    def __init__(self):
        super().__init__()

        def block(inputs, outputs, padding=0):
            return nn.Sequential(
                nn.Conv2d(inputs, outputs, (3, 3), padding=padding, bias=False),
                nn.ReLU(),
                nn.BatchNorm2d(outputs),
                nn.Dropout(0.1),
            )

        self.convblock1 = block(1, 8)
        self.convblock2 = block(8, 16)
        self.convblock3 = nn.Sequential(nn.Conv2d(16, 10, (1, 1), bias=False))
        self.pool1 = nn.MaxPool2d(2, 2)
        self.convblock4 = block(10, 10)
        self.convblock5 = block(10, 10, padding=1)
        self.pool2 = nn.MaxPool2d(2, 2)
        self.convblock6 = block(10, 10, padding=1)
        self.gap = nn.Sequential(nn.AvgPool2d(kernel_size=5))
        self.convblock7 = nn.Sequential(
            nn.Conv2d(10, 10, (1, 1), bias=False), nn.BatchNorm2d(10), nn.ReLU(), nn.Dropout(0.1)
        )

    def forward(self, x):
        x = self.pool1(self.convblock3(self.convblock2(self.convblock1(x))))
        x = self.pool2(self.convblock5(self.convblock4(x)))
        x = self.convblock7(self.gap(self.convblock6(x)))
        return x.view(-1, 10)


class Model2(nn.Module):
    """Write-up 003; Model3 has the same layers."""

    def __init__(self):
        super().__init__()

        def block(inputs, outputs):
            return nn.Sequential(nn.Conv2d(inputs, outputs, (3, 3), bias=False), nn.ReLU(), nn.BatchNorm2d(outputs))

        self.head = nn.Sequential(block(1, 8), block(8, 16), nn.Conv2d(16, 10, (1, 1), bias=False))
        self.pool1 = nn.MaxPool2d(2, 2)
        self.tail = nn.Sequential(
            block(10, 10),
            block(10, 16),
            block(16, 10),
            block(10, 10),
            block(10, 10),
            nn.Conv2d(10, 10, 2, bias=False),
        )

    def forward(self, x):
        return self.tail(self.pool1(self.head(x))).view(-1, 10)


class Network(nn.Module):
    """Write-up 004."""

    def __init__(self):
        super().__init__()
        sizes = [(1, 16), (16, 16), (16, 16), (16, 16), (12, 20), (20, 20), (20, 20), (20, 16)]
        self.convs = nn.ModuleList(nn.Conv2d(i, o, kernel_size=3, bias=False) for i, o in sizes)
        self.norms = nn.ModuleList(nn.BatchNorm2d(o) for _, o in sizes)
        self.point_1 = nn.Conv2d(in_channels=16, out_channels=12, kernel_size=1, bias=False)
        self.batch_norm_point1 = nn.BatchNorm2d(12)
        self.max_pool1 = nn.MaxPool2d(kernel_size=2, stride=2)
        self.point_2 = nn.Conv2d(in_channels=16, out_channels=10, kernel_size=1, bias=False)
        self.batch_norm_point2 = nn.BatchNorm2d(10)
        self.gap = nn.AvgPool2d(2)
        self.dropout = nn.Dropout(0.01)

    def forward(self, x):
        for place in range(4):
            x = F.relu(self.convs[place](x))
            x = self.norms[place](self.dropout(x))
        x = self.max_pool1(F.relu(self.point_1(x)))
        x = self.batch_norm_point1(self.dropout(x))
        for place in range(4, 8):
            x = F.relu(self.convs[place](x))
            x = self.norms[place](self.dropout(x))
        x = F.relu(self.point_2(x))
        x = self.batch_norm_point2(self.dropout(x))
        x = self.gap(x)
        return x.view(-1, 10)


def weighted_layers(model):
    """The layers with weights, in the order of calls."""
    called = []
    hooks = [
        module.register_forward_hook(lambda module, *_: called.append(module))
        for module in model.modules()
        if isinstance(module, (nn.Conv2d, nn.BatchNorm2d))
    ]
    model(torch.randn(2, 1, 28, 28))
    for hook in hooks:
        hook.remove()
    return called


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("funnel-18937", Funnel),
        ("gap-14320", Gap),
        ("model1-4312", Model1),
        ("model2-7524", Model2),
        ("model3-7524", Model2),
        ("network-19972", Network),
    ],
)
def test_the_layers_compute_what_the_write_ups_code_computes(name, code):
    torch.manual_seed(0)
    theirs, ours = code(), build(NETWORKS[name].notation)
    for _ in range(3):  # let the batch normalisations drift from their start
        theirs(torch.randn(8, 1, 28, 28))
    theirs.eval()
    for given, taken in zip(weighted_layers(theirs), weighted_layers(ours.eval()), strict=True):
        taken.load_state_dict(given.state_dict())
    x = torch.randn(4, 1, 28, 28)
    torch.testing.assert_close(ours(x), theirs(x))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("funnel-18937", Funnel),
        ("gap-14320", Gap),
        ("model1-4312", Model1),
        ("model2-7524", Model2),
        ("network-19972", Network),
    ],
)
def test_the_sizes_are_those_that_torchsummary_printed_of_the_same_code(name, code):
    sizes = summarize(code()).torchsummary_mb
    for label, size in (
        ("Input size (MB)", sizes.input),
        ("Forward/backward pass size (MB)", sizes.forward_backward),
        ("Params size (MB)", sizes.parameters),
        ("Estimated Total Size (MB)", sizes.total),
    ):
        assert f"{size:.2f}" == printed_total(name, label)


def test_layers_on_the_logits_are_marked():
    for name in ("funnel-18937", "model1-4312", "network-19972"):
        assert any("on the logits" in mark or "on the class maps" in mark for mark in NETWORKS[name].marks)


def test_what_a_write_up_leaves_open_in_its_layers_is_said():
    assert "Dropout2d is not given" in " ".join(NETWORKS["optimized-18594"].choices)
    assert "dropout_value is not given" in " ".join(NETWORKS["model1-4312"].choices)


def test_reported_figures_are_the_write_ups():
    reported = {name: NETWORKS[name].reported for name in WRITE_UPS}
    assert [row.epochs for row in reported.values()] == [20, 19, 20, 15, 15, 15, 20]
    best = {name: (row.best_accuracy, row.best_epoch) for name, row in reported.items() if row.best_accuracy}
    assert best == {
        "gap-14320": (99.45, 15),
        "optimized-18594": (99.60, 17),
        "model1-4312": (98.53, 15),
        "model2-7524": (99.11, 11),
        "model3-7524": (99.28, 14),
    }
    last = {name: row.last_accuracy for name, row in reported.items() if row.last_accuracy}
    assert last == {"gap-14320": 99.43, "optimized-18594": 99.58, "model1-4312": 98.53}
    training = {name: (row.training_accuracy, row.training_epoch) for name, row in reported.items()}
    assert training["model1-4312"] == (88.88, 15)
    assert training["model2-7524"] == (99.50, 15)
