"""Receptive fields are what gradients show: which pixels a position of a map can depend on."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings, strategies as st
from torch import nn

from tersenet.networks import NETWORKS, Notation, build, summarize
from tersenet.networks.layers.activations.relu import ReLU
from tersenet.networks.layers.convolution import Convolution
from tersenet.networks.layers.depthwise import Depthwise
from tersenet.networks.layers.pooling import AveragePooling, MaxPooling
from tersenet.networks.tree import Branch, BranchJoin, BranchSum, Repeat, Residual

SIDE = 96  # enough that the borders do not clip what a position in the middle sees


class Everywhere(nn.Module):
    """In place of a layer that lets gradients pass at some values only: lets them pass everywhere."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        if isinstance(self.layer, nn.MaxPool2d):
            return F.avg_pool2d(x, self.layer.kernel_size, self.layer.stride, self.layer.padding)
        return x


def open_to_gradients(model):
    """The same connections, with positive weights and nothing that blocks a gradient."""
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, (nn.MaxPool2d, nn.ReLU, nn.Dropout)):
                setattr(module, name, Everywhere(child))
    model.eval()
    with torch.no_grad():
        for weights in model.parameters():
            weights.uniform_(0.5, 1.0)
    return model.double()


def widest_gradient(model, size, middle=6):
    """(height, width) of the pixels that reach an output near the middle: the widest over `middle`² positions."""
    x = torch.rand(1, *size, dtype=torch.float64, requires_grad=True)
    y = model(x).sum(1)  # over the channels: [1, H, W]
    heights, widths = [], []
    rows, columns = y.shape[1:]
    for row in range(max(0, rows // 2 - middle // 2), min(rows, rows // 2 + middle // 2)):
        (gradient,) = torch.autograd.grad(y[0, row, columns // 2], x, retain_graph=True)
        reached = gradient[0].abs().sum(0).any(1).nonzero()
        heights.append(int(reached.max() - reached.min()) + 1)
    for column in range(max(0, columns // 2 - middle // 2), min(columns, columns // 2 + middle // 2)):
        (gradient,) = torch.autograd.grad(y[0, rows // 2, column], x, retain_graph=True)
        reached = gradient[0].abs().sum(0).any(0).nonzero()
        widths.append(int(reached.max() - reached.min()) + 1)
    return max(heights), max(widths)


def last_seen(model, size):
    seen = summarize(model, size).layers[-1].receptive_field
    return seen if isinstance(seen, tuple) or seen is None else (seen, seen)


class Upto(nn.Module):
    """The first so many layers of a flat list."""

    def __init__(self, layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


def leaves(model):
    return [module for module in model.modules() if not list(module.children())]


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_reach_as_far_as_each_layer_of_a_named_network_sees(name):
    layers = leaves(build(NETWORKS[name].notation))
    rows = summarize(build(NETWORKS[name].notation)).layers
    for count, (layer, row) in enumerate(zip(layers, rows, strict=True), 1):
        if isinstance(layer, (nn.AdaptiveAvgPool2d, nn.Linear)):
            break
        if isinstance(layer, (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)) and not (count > 4 and count % 2):
            seen = widest_gradient(open_to_gradients(Upto(layers[:count])), (1, 60, 60), middle=2)
            assert seen == (row.receptive_field, row.receptive_field)
            layers = leaves(build(NETWORKS[name].notation))


@pytest.mark.parametrize(("name", "seen"), [("gap-14320", 28), ("model2-7524", 28), ("network-19972", 28)])
def test_unpadded_networks_see_the_whole_picture_at_their_end(name, seen):
    assert summarize(build(NETWORKS[name].notation)).layers[-1].receptive_field == seen


def no_wider_than_the_kernel(layer):
    """The notation refuses a wider padding."""
    return layer.padding <= layer.dilation * (layer.kernel - 1) + 1


window = {"kernel": st.integers(1, 4), "stride": st.integers(1, 2)}
branches = st.lists(
    st.sampled_from(
        [
            Branch((Convolution(channels=2, kernel=1, stride=2),)),
            Branch((Convolution(channels=2, kernel=3, padding=1, stride=2),)),
            Branch((Convolution(channels=2, kernel=3, padding=2, dilation=2, stride=2), Depthwise(kernel=1))),
            Branch((MaxPooling(kernel=3, stride=2, padding=1), Convolution(channels=2, kernel=5, padding=2))),
        ]
    ),
    min_size=2,
    max_size=3,
).map(tuple)
layers = st.one_of(
    st.builds(
        Convolution,
        channels=st.just(2),
        padding=st.integers(0, 2),
        dilation=st.integers(1, 3),
        bias=st.booleans(),
        **window,
    ).filter(no_wider_than_the_kernel),
    st.builds(Depthwise, padding=st.integers(0, 2), **window).filter(no_wider_than_the_kernel),
    st.builds(MaxPooling, **window),
    st.builds(AveragePooling, **window),
    st.just(ReLU()),
    st.just(Residual((Convolution(channels=2, kernel=3, padding=1), ReLU()))),
    st.just(Residual((Convolution(channels=2, kernel=3, padding=2, dilation=2), Depthwise(kernel=3, padding=1)))),
    st.just(Repeat((Convolution(channels=2, kernel=2),), 2)),
    st.builds(BranchSum, branches),
    branches.map(lambda some: Repeat((BranchJoin(some), Convolution(channels=2, kernel=1)), 1)),
)
# The ReLU at the end has a row that tells what branches see where they meet.
trees = st.lists(layers, min_size=1, max_size=5).map(lambda some: Notation((*some, ReLU())))


@given(trees)
@settings(max_examples=40, deadline=None)
def test_gradients_reach_as_far_as_whatever_network_sees(tree):
    model = build(tree, (2, SIDE, SIDE), classes=None).layers
    seen = last_seen(model, (2, SIDE, SIDE))
    assume(seen[0] <= SIDE // 3)
    assert widest_gradient(open_to_gradients(model), (2, SIDE, SIDE), middle=2) == seen


@pytest.mark.parametrize("line", ["[GN2 & DW3p1 GN2] R", "[DW3p1 GN2 + GN2 + DW3p1] R"])
def test_branches_that_each_see_the_whole_picture_see_what_the_widest_of_them_sees(line):
    """The padding of a window is counted as picture, so the branch with a window sees two pixels more."""
    fields = [row.receptive_field for row in summarize(build(line, (2, 12, 12), classes=None), (2, 12, 12)).layers]
    assert fields[-1] == max(fields[:-1]) == 14


def convolve(inputs, outputs, kernel=3, **options):
    return nn.Conv2d(inputs, outputs, kernel, **options)


class Branches(nn.Module):
    """A residual sum with a strided shortcut, then three branches of different reach side by side."""

    def __init__(self):
        super().__init__()
        self.stem = convolve(1, 4, padding=1)
        self.down = nn.Sequential(convolve(4, 8, stride=2, padding=1), nn.ReLU(), convolve(8, 8, padding=1))
        self.shortcut = convolve(4, 8, 1, stride=2)
        self.near, self.far = convolve(8, 4, 1), convolve(8, 4, 5, padding=2)

    def forward(self, x):
        x = F.leaky_relu(self.stem(x))
        x = F.gelu(self.down(x) + self.shortcut(x))
        x = torch.cat([self.near(x), self.far(x), F.avg_pool2d(x, 3, stride=1, padding=1)], dim=1)
        return F.leaky_relu(x)


class Enlarging(nn.Module):
    """Down and up again, joined with what was there before: positions see differently far."""

    def __init__(self, mode):
        super().__init__()
        self.mode = mode
        self.first, self.down, self.last = (
            convolve(1, 4, padding=1),
            convolve(4, 4, stride=2, padding=1),
            convolve(8, 4),
        )
        self.transposed = nn.ConvTranspose2d(4, 4, 3, stride=2, padding=1, output_padding=1)

    def forward(self, x):
        x = self.first(x)
        y = self.down(x)
        if self.mode == "transposed":
            y = self.transposed(y)
        elif self.mode == "shuffled":
            y = F.pixel_shuffle(torch.cat([y, y, y, y], 1), 2)
        else:
            y = F.interpolate(y, scale_factor=2, mode=self.mode)
        return F.avg_pool2d(self.last(torch.cat([x, y], 1)), 2)


class Uneven(nn.Module):
    """Kernels that are not square, padding as a function, a cut."""

    def __init__(self):
        super().__init__()
        self.wide = convolve(1, 4, (1, 7), stride=(1, 2), padding=(0, 3))
        self.tall = convolve(4, 4, (5, 3), dilation=(2, 1))

    def forward(self, x):
        x = F.pad(self.wide(x), (1, 1, 2, 2))
        return self.tall(x)[:, :, 1:, ::2]


class Shuffling(nn.Module):
    """Channels split, shuffled and joined; the same convolution twice; in-place work."""

    def __init__(self):
        super().__init__()
        self.first, self.again = convolve(1, 4, padding=1), convolve(2, 2, padding=1)

    def forward(self, x):
        x = self.first(x)
        left, right = x.chunk(2, dim=1)
        right = self.again(self.again(right))
        right += left
        x = torch.cat([left, right], 1)
        n, c, h, w = x.shape
        return x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


@pytest.mark.parametrize(
    "model",
    [
        Branches(),
        *(Enlarging(mode) for mode in ("nearest", "bilinear", "transposed", "shuffled")),
        Uneven(),
        nn.Sequential(convolve(1, 3, padding="same", dilation=2), nn.PixelUnshuffle(2), nn.LPPool2d(2, 3)),
    ],
    ids=lambda model: f"{type(model).__name__} {getattr(model, 'mode', '')}",
)
def test_gradients_reach_as_far_as_a_users_module_sees(model):
    seen = last_seen(nn.Sequential(model, nn.Identity()), (1, SIDE, SIDE))
    assert widest_gradient(open_to_gradients(model), (1, SIDE, SIDE), middle=8) == seen


def test_a_shuffled_network_sees_what_its_gradients_show():
    seen = last_seen(nn.Sequential(Shuffling(), nn.Identity()), (1, SIDE, SIDE))
    assert widest_gradient(open_to_gradients(Shuffling()), (1, SIDE, SIDE)) == seen == (7, 7)


def seen_after(forward, *modules, size=(1, 28, 28)):
    """The receptive field after a forward function over some modules."""

    class Wrapped(nn.Module):
        def __init__(self):
            super().__init__()
            self.modules_ = nn.ModuleList(modules)
            self.end = nn.Identity()

        def forward(self, x):
            return self.end(forward(x, *self.modules_))

    return summarize(Wrapped(), size).layers[-1].receptive_field


@pytest.mark.parametrize(
    "flatten", [lambda x: x.flatten(1), lambda x: x.view(x.size(0), -1), lambda x: torch.flatten(x, 1)]
)
def test_a_dense_layer_sees_all_that_its_map_sees(flatten):
    def forward(x, convolution, dense):
        return dense(flatten(convolution(x)))

    assert seen_after(forward, convolve(1, 2, stride=2), nn.Linear(2 * 13 * 13, 10)) == 27


@pytest.mark.parametrize(
    "pool",
    [
        lambda x: x.mean((2, 3)),
        lambda x: x.mean([-1, -2], keepdim=True),
        lambda x: F.adaptive_avg_pool2d(x, 1),
        lambda x: F.avg_pool2d(x, x.shape[-1]),
        lambda x: x.amax(dim=(2, 3)),
    ],
)
def test_a_global_pooling_sees_all_that_its_map_sees(pool):
    assert seen_after(lambda x, convolution: pool(convolution(x)), convolve(1, 2, padding=1)) == 30


def test_a_gate_over_the_whole_map_lets_every_position_see_all_of_it():
    def forward(x, convolution, dense, last):
        x = convolution(x)
        gate = torch.sigmoid(dense(x.mean((2, 3))))
        return last(x * gate[:, :, None, None])

    assert seen_after(forward, convolve(1, 4, stride=2), nn.Linear(4, 4), convolve(4, 4)) == 27


def test_group_normalisation_lets_every_position_see_the_whole_map():
    assert seen_after(lambda x, a, norm: norm(a(x)), convolve(1, 4), nn.GroupNorm(2, 4)) == 28


@pytest.mark.parametrize(
    "unknown",
    [
        lambda x: x.flip(-1),
        lambda x: x.cumsum(2),
        lambda x: x.transpose(2, 3),
        lambda x: torch.einsum("nchw->nchw", x),
        lambda x: x * x.mean().item(),
        lambda x: torch.from_numpy(x.numpy() * 2),
        lambda x: x.roll(3, dims=2),
        lambda x: F.interpolate(x, size=(17, 17)),
        lambda x: F.interpolate(x, scale_factor=2, mode="bicubic"),
        lambda x: F.adaptive_avg_pool2d(x, 5),
        lambda x: x + F.avg_pool2d(x, 2).repeat(1, 1, 2, 2),
        lambda x: x.flatten(1).view(2, 1, 28, 28).transpose(2, 3),
        lambda x: torch.softmax(x, dim=3),
        lambda x: x + torch.zeros(1).copy_(x.max()),
        lambda x: x.sort(dim=3).values,
        lambda x: x + x[:, :, :1, :1],
        lambda x: x @ x.transpose(2, 3),
    ],
)
def test_where_it_cannot_be_told_there_is_a_dash_and_no_figure(unknown):
    assert seen_after(unknown) is None


def test_what_is_written_into_a_map_is_not_overlooked():
    def forward(x, convolution):
        y = convolution(x)
        y[:, :, :, 0] = x.mean((2, 3))[:, :, None]
        return y

    assert seen_after(forward, convolve(1, 1, padding=1)) is None


def test_writing_through_a_view_is_not_overlooked():
    def forward(x, convolution):
        y = x.clone()
        y[:, :, 2:].add_(convolution(x)[:, :, :26])
        return y

    assert seen_after(forward, convolve(1, 1, 5, padding=2)) is None


def test_constants_of_a_module_are_not_the_input():
    class Normalizing(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("mean", torch.tensor(0.1307))
            self.deviation = torch.tensor(0.3081)
            self.scale = nn.Parameter(torch.ones(4, 1, 1))
            self.convolution = convolve(1, 4)
            self.end = nn.Identity()

        def forward(self, x):
            x = self.convolution((x - self.mean) / self.deviation)
            return self.end(x * self.scale + torch.ones_like(x) * torch.arange(4.0).view(1, 4, 1, 1))

    assert summarize(Normalizing()).layers[-1].receptive_field == 3
