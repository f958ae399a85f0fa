"""The layer table counts what torch's own counter counts, of any module, and leaves the module as it was."""

import re
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from tersenet._errors import TersenetError
from tersenet.networks import NETWORKS, build, format_summary, summarize

GOLDEN = Path(__file__).parent / "golden"


def multiplications(model, size):
    """Multiply-adds for one picture as torch's own counter has them: half its floating-point operations."""
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        model.eval()(torch.zeros(1, *size))
    return counter.get_total_flops() // 2


@pytest.mark.parametrize("name", NETWORKS)
def test_macs_of_the_named_networks_are_torchs(name):
    model = build(NETWORKS[name].notation)
    assert summarize(model).macs == multiplications(model, (1, 28, 28))


@given(
    st.lists(
        st.sampled_from(
            ["4C3p1b", "8C3s2p1", "6C1", "DW3p1", "[DW3p1]", "BN R", "(6C3p1)x2", "MP2s1", "6C3p1g2", "D.1"]
        ),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=25, deadline=None)
def test_macs_of_whatever_network_are_torchs(words):
    text = "6C3 " + " ".join(word if word != "6C3p1g2" else "6C1 6C3p1g2" for word in words) + " 12Nb R 10N"
    text = text.replace("(6C3p1)x2", "6C1 (6C3p1)*2")
    model = build(text)
    summary = summarize(model)
    assert summary.macs == multiplications(model, (1, 28, 28))
    assert sum(row.parameters for row in summary.layers) == sum(p.numel() for p in model.parameters())


class Functional(nn.Module):
    """Layers called as functions, one layer called twice, one never, and weights of its own."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 6, 3, bias=False)
        self.again = nn.Conv2d(6, 6, 3, padding=1)
        self.kernel = nn.Parameter(torch.randn(4, 6, 3, 3))
        self.scale = nn.Parameter(torch.ones(4, 1, 1))
        self.table = nn.Parameter(torch.randn(4, 10))
        self.never = nn.Linear(3, 3)
        self.frozen = nn.BatchNorm2d(4)
        self.frozen.requires_grad_(False)

    def forward(self, x):
        x = F.relu(self.first(x))
        x = self.again(self.again(x))
        x = F.max_pool2d(x, 2)
        x = self.frozen(F.conv2d(x, self.kernel) * self.scale)
        x = F.dropout(F.avg_pool2d(x, 11).flatten(1), 0.1, self.training)
        return F.log_softmax(x @ self.table, dim=1)


def test_layers_called_as_functions_have_rows_by_the_names_of_their_layers():
    rows = summarize(Functional()).layers
    assert [row.type for row in rows] == [
        *("Conv2d", "ReLU", "Conv2d", "Conv2d", "MaxPool2d", "Conv2d", "BatchNorm2d", "AvgPool2d", "Dropout"),
        *("Linear", "LogSoftmax"),
    ]
    assert [row.output_shape for row in rows][-4:] == [(4, 1, 1), (4,), (10,), (10,)]


def test_functional_layers_and_shared_ones_are_counted_once():
    summary = summarize(Functional())
    by_row = [row.parameters for row in summary.layers]
    assert by_row == [54, 0, 330, 0, 0, 216, 8, 0, 0, 40, 0]
    assert [row.shared for row in summary.layers].index(True) == 3
    assert summary.parameters == sum(p.numel() for p in Functional().parameters())
    assert summary.unlisted_parameters == 4 + 12  # the scale, and the layer that is never called
    assert summary.parameters - summary.trainable_parameters == 8
    assert summary.macs == multiplications(Functional(), (1, 28, 28))


def test_a_whole_map_average_is_known_under_each_of_its_names():
    class Pool(nn.Module):
        def __init__(self, forward):
            super().__init__()
            self.forward = forward

    for pool in (lambda x: x.mean((2, 3)), lambda x: F.adaptive_avg_pool2d(x, 1), lambda x: F.avg_pool2d(x, 28)):
        assert [row.whole_map for row in summarize(Pool(pool)).layers] == [True]
    assert [row.whole_map for row in summarize(Pool(lambda x: F.avg_pool2d(x, 2))).layers] == [False]


def test_a_module_that_holds_only_weights_shows_the_functions_it_calls():
    class Bare(nn.Module):
        def __init__(self):
            super().__init__()
            self.kernel, self.table = nn.Parameter(torch.randn(4, 1, 3, 3)), nn.Parameter(torch.randn(10, 4))

        def forward(self, x):
            return F.linear(F.relu(F.conv2d(x, self.kernel)).mean((2, 3)), self.table)

    summary = summarize(Bare())
    assert [(row.type, row.parameters) for row in summary.layers] == [
        *(("Conv2d", 36), ("ReLU", 0), ("AdaptiveAvgPool2d", 0), ("Linear", 40)),
    ]
    assert summary.layers[-1].receptive_field == 28


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, at the first use of its compiler
def test_empty_containers_and_compiled_wrappers_have_no_rows():
    model = nn.Sequential(nn.Sequential(), nn.Conv2d(1, 2, 3))
    assert [row.type for row in summarize(model).layers] == ["Conv2d"]
    assert [row.type for row in summarize(torch.compile(model)).layers] == ["Conv2d"]


def test_where_macs_cannot_be_told_there_is_a_dash():
    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(28, 4, batch_first=True)
            self.dense = nn.Linear(4, 10)

        def forward(self, x):
            return self.dense(self.lstm(x.squeeze(1))[0][:, -1])

    summary = summarize(Recurrent())
    assert [row.macs for row in summary.layers] == [None, 40]
    assert summary.macs is None
    assert "–" in format_summary(summary)


def test_the_sizes_are_torchsummarys():
    sizes = summarize(build("8C3 GAP 10N"), (1, 28, 28)).torchsummary_mb
    assert sizes.input == 28 * 28 * 4 / 2**20
    assert sizes.forward_backward == 2 * (8 * 26 * 26 + 8 + 10) * 4 / 2**20
    assert sizes.parameters == (72 + 80) * 4 / 2**20
    assert sizes.total == sizes.input + sizes.forward_backward + sizes.parameters


def test_the_module_is_left_as_it_was():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution, self.norm, self.dropout = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Dropout()
            self.register_buffer("calls", torch.zeros(1))

        def forward(self, x):
            self.calls += 1
            return self.dropout(self.norm(self.convolution(x)) + torch.rand(1))

    model = Counting().train()
    model.norm.eval()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    summarize(model)
    assert torch.equal(torch.rand(3), expected)
    assert model.training
    assert model.dropout.training
    assert not model.norm.training
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in state.items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert all(weights.grad is None for weights in model.parameters())


def test_a_module_that_cannot_take_the_input_says_where_and_is_left_as_it_was():
    model = build("8C3 GAP 10N").train()
    with pytest.raises(TersenetError, match="cannot take this input") as caught:
        summarize(model, (3, 28, 28))
    assert caught.value.where == "layers.0 (Conv2d)"
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_scripted_network_is_an_error():
    scripted = torch.jit.script(nn.Conv2d(1, 4, 3))
    with pytest.raises(TersenetError, match="scripted"):
        summarize(nn.Sequential(scripted))


def test_lazy_layers_are_not_filled():
    with pytest.raises(TersenetError, match="lazy"):
        summarize(nn.LazyLinear(10), (28,))


def test_modules_of_other_inputs_and_types_have_tables_too():
    assert [row.output_shape for row in summarize(nn.Linear(784, 10), (784,)).layers] == [(10,)]
    half = nn.Sequential(nn.Conv2d(1, 2, 3)).to(torch.bfloat16)
    assert summarize(half).layers[0].receptive_field == 3
    assert summarize(nn.Sequential(nn.Conv2d(1, 2, 3)).to("meta")).macs == 2 * 9 * 26 * 26


def columns(text):
    """(parameters, MACs) of each printed row, and of the row of sums."""
    rows = [line.split() for line in text.splitlines()[2:]]
    pairs = [row[1:] if row[0] == "sum" else row[3:5] for row in rows]
    counts = [tuple(0 if count == "shared" else int(count.replace(",", "")) for count in pair) for pair in pairs]
    return counts[:-1], counts[-1]


@pytest.mark.parametrize("name", ["gap-14320", "stem-17150"])
def test_the_printed_summary_is_the_golden_one(name):
    """The golden files are what `format_summary` gave when it was looked at; columns and totals are checked below."""
    text = format_summary(summarize(build(NETWORKS[name].notation)))
    assert text == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("text", [network.notation for network in NETWORKS.values()] + ["4C3 (4C3p1)*3 GAP 10Nb"])
def test_the_printed_columns_add_up_to_the_printed_sums(text):
    table, totals = format_summary(summarize(build(text))).split("\n\n")
    rows, sums = columns(table)
    assert len(rows) == len(table.splitlines()) - 3
    assert tuple(map(sum, zip(*rows, strict=True))) == sums
    assert re.search(r"^parameters +([\d,]+)$", totals, re.MULTILINE)[1] == f"{sums[0]:,}"
    assert re.search(r"^MACs +([\d,]+)$", totals, re.MULTILINE)[1] == f"{sums[1]:,}"
