"""Shapes are inferred without a run and are what torch gives; what cannot work is an error at its layer."""

import time
import warnings

import pytest
import torch
from hypothesis import event, given, settings, strategies as st
from torch import nn

from tersenet._errors import TersenetError
from tersenet.networks import LAYER_KINDS, NETWORKS, Notation, build, format_summary, infer_shapes, parse, summarize
from tersenet.networks.layers.convolution import Convolution
from tersenet.networks.layers.dense import Dense
from tersenet.networks.layers.depthwise import Depthwise
from tersenet.networks.layers.drop import MapDropout, ValueDropout
from tersenet.networks.layers.global_pooling import GlobalAverage, GlobalMaximum, GlobalPooling
from tersenet.networks.layers.normalisations.batch import BatchNorm
from tersenet.networks.layers.pooling import AveragePooling, MaxPooling
from tersenet.networks.tree import MAX_LAYERS, Branch, BranchJoin, BranchSum, Repeat, Residual, Shared

# Layers whose torch layer does not depend on the input; layers/test_kinds.py compares every kind with torch.
PLAIN = [
    kind() for kind in LAYER_KINDS.values() if kind.family == "activation" and kind.alike[kind.example][-2:] == "()"
]


def torch_layer(layer, x):
    """A torch layer for what it is given, made without Tersenet."""
    channels = x.shape[1]
    match layer:
        case Convolution():
            return nn.Conv2d(
                channels, layer.channels, layer.kernel, layer.stride, layer.padding, layer.dilation, layer.groups,
                layer.bias,
            )  # fmt: skip
        case Depthwise():
            return nn.Conv2d(
                channels, channels, layer.kernel, layer.stride, layer.padding, layer.dilation, channels, layer.bias
            )
        case BatchNorm():
            return nn.BatchNorm2d(channels) if x.ndim == 4 else nn.BatchNorm1d(channels)
        case MapDropout():
            return nn.Dropout2d(layer.rate)
        case ValueDropout():
            return nn.Dropout(layer.rate)
        case MaxPooling():
            return nn.MaxPool2d(layer.kernel, layer.stride, layer.padding)
        case AveragePooling():
            return nn.AvgPool2d(layer.kernel, layer.stride, layer.padding)
        case GlobalMaximum():
            return nn.AdaptiveMaxPool2d(1)
        case GlobalAverage():
            return nn.AdaptiveAvgPool2d(1)
        case Dense():
            return nn.Sequential(nn.Flatten(), nn.Linear(x[0].numel(), layer.units, bias=layer.bias))
    return eval(f"nn.{layer.alike[layer.example]}")


def run_in_torch(layers, x, shapes, modules=None):
    """Send x through the layers as torch does, noting each layer's output shape and the modules made."""
    for place, layer in enumerate(layers):
        match layer:
            case Repeat():
                for _ in range(layer.times):
                    x = run_in_torch(layer.layers, x, shapes, modules)
            case Shared():
                shared = {}
                for _ in range(layer.times):
                    x = run_in_torch(layer.layers, x, shapes, shared.setdefault("made", {}))
            case Residual():
                y = run_in_torch(layer.layers, x, shapes, None if modules is None else modules.setdefault(place, {}))
                if y.shape != x.shape:
                    raise RuntimeError("x + f(x) of unequal shapes")
                x = x + y
            case BranchSum() | BranchJoin():
                made = []
                for number, branch in enumerate(layer.layers):
                    kept = None if modules is None else modules.setdefault((place, number), {})
                    made.append(run_in_torch(branch.layers, x, shapes, kept))
                if isinstance(layer, BranchSum) and len({y.shape for y in made}) > 1:
                    raise RuntimeError("A(x) + B(x) of unequal shapes")
                x = torch.stack(made).sum(0) if isinstance(layer, BranchSum) else torch.cat(made, dim=1)
            case _:
                module = torch_layer(layer, x) if modules is None or place not in modules else modules[place]
                if modules is not None:
                    modules[place] = module
                if isinstance(layer, GlobalPooling) and x.dim() != 4:
                    raise RuntimeError("torch pools plain values too, and means something else by it")
                x = module.eval()(x)
                shapes.append(tuple(x.shape[1:]))
    return x


def no_wider_than_the_kernel(layer):
    """Torch takes a wider padding, which leaves most positions without a pixel; the notation refuses it."""
    return layer.padding <= layer.dilation * (layer.kernel - 1) + 1


small = st.integers(1, 3)
window = {"kernel": st.integers(1, 5), "padding": st.integers(0, 2), "stride": small}
simple = st.one_of(
    st.builds(
        Convolution,
        channels=st.sampled_from([2, 4, 6]),
        dilation=small,
        groups=st.sampled_from([1, 1, 2, 3]),
        **window,
    ).filter(no_wider_than_the_kernel),
    st.builds(Convolution, channels=st.just(4), kernel=st.just(3), padding=st.just(1)),
    st.builds(Depthwise, dilation=small, bias=st.booleans(), **window).filter(no_wider_than_the_kernel),
    st.builds(MaxPooling, kernel=st.integers(1, 4), stride=st.none() | small),
    st.builds(AveragePooling, kernel=st.integers(1, 4), stride=st.none() | small),
    st.just(AveragePooling(kernel=3, padding=1)),
    st.just(BatchNorm()),
    st.sampled_from(PLAIN),
    st.just(MapDropout(0.5)),
    st.sampled_from([GlobalAverage(), GlobalMaximum()]),
    st.builds(Dense, st.integers(1, 8), bias=st.booleans()),
)
inside = st.lists(simple, min_size=1, max_size=3).map(tuple)
# Branches that may meet, and others that seldom do.
branch = st.sampled_from(
    [
        Branch(()),
        Branch((Convolution(channels=4, kernel=1),)),
        Branch((Convolution(channels=4, kernel=3, padding=1), BatchNorm())),
        Branch((Depthwise(kernel=3, padding=1), Convolution(channels=4, kernel=1))),
        Branch((MaxPooling(kernel=3, stride=1, padding=1),)),
        Branch((Dense(4),)),
    ]
) | inside.map(Branch)
side_by_side = (
    st.lists(branch, min_size=2, max_size=3).filter(lambda some: sum(not each.layers for each in some) < 2).map(tuple)
)
branched = st.one_of(st.builds(BranchSum, side_by_side), st.builds(BranchJoin, side_by_side))
blocks = st.one_of(st.builds(Residual, inside), st.builds(Repeat, inside, small), branched)
# Shared blocks hold no repetitions here: the oracle above knows its modules by place alone.
shared = st.builds(
    Shared, st.lists(simple | st.builds(Residual, inside) | branched, min_size=1, max_size=3).map(tuple), small
)
trees = st.lists(simple | blocks | shared, min_size=1, max_size=6).map(tuple).map(Notation)
inputs = st.tuples(st.sampled_from([1, 2, 3, 4]), st.integers(1, 14), st.integers(1, 14))


@given(trees, inputs)
@settings(max_examples=80, deadline=None)
def test_inferred_shapes_are_what_torch_gives_and_fail_where_torch_fails(tree, size):
    expected = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            made = run_in_torch(tree.layers, torch.zeros(2, *size), expected)
    except (RuntimeError, ValueError, IndexError, UserWarning) as error:
        event(f"fails: {type(error).__name__}")
        with pytest.raises(TersenetError) as caught:
            infer_shapes(tree, size)
        assert "^" in caught.value.where
        return
    event("works")
    steps = infer_shapes(tree, size)
    assert [step.output_shape for step in steps] == expected
    model = build(tree, size, classes=None).eval()
    assert model(torch.zeros(2, *size)).shape == made.flatten(1).shape
    assert sum(step.parameters for step in steps) == sum(weights.numel() for weights in model.parameters())


@pytest.mark.parametrize("name", NETWORKS)
def test_named_networks_begin_with_the_weights_that_torch_draws_layer_by_layer(name):
    torch.manual_seed(4)
    ours = build(NETWORKS[name].notation).state_dict()
    torch.manual_seed(4)
    steps = infer_shapes(NETWORKS[name].notation)
    theirs = [torch_layer(step.layer, torch.zeros(2, *step.input_shape)).state_dict() for step in steps]
    torchs = [values for layer in theirs for values in layer.values()]
    assert all(torch.equal(mine, other) for mine, other in zip(ours.values(), torchs, strict=True))


def test_weights_are_saved_under_names_that_follow_the_notation():
    model = build("4C3 [4C3p1 BN] (4C1b)x2 (4C1)*2 [4C1 PR + ] [4C1 & 2C1 R 2C1] GAP 10Nb")
    assert [name for name, _ in model.named_parameters()] == [
        "layers.0.weight",
        "layers.1.body.0.weight",
        *("layers.1.body.1.weight", "layers.1.body.1.bias"),
        *("layers.2.0.0.weight", "layers.2.0.0.bias", "layers.2.1.0.weight", "layers.2.1.0.bias"),
        "layers.3.body.0.weight",
        *("layers.4.branches.0.0.weight", "layers.4.branches.0.1.weight"),
        *("layers.5.branches.0.0.weight", "layers.5.branches.1.0.weight", "layers.5.branches.1.2.weight"),
        *("layers.7.weight", "layers.7.bias"),
    ]


def test_a_block_of_its_own_weights_brings_them_each_time_and_a_shared_one_once():
    own, shared = build("(1C3)x3 GAP 10N"), build("(1C3)*3 GAP 10N")
    assert sum(p.numel() for p in own.parameters()) - sum(p.numel() for p in shared.parameters()) == 2 * 9


def test_blocks_inside_a_shared_block_are_shared_whole():
    model = build("4C3 ((4C3)x2 [4C3p1])*2 GAP 10N")
    convolutions = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    assert len(convolutions) == 1 + 2 + 1
    assert len(infer_shapes("4C3 ((4C3)x2 [4C3p1])*2 GAP 10N")) == 1 + 2 * 3 + 2


def test_a_shared_block_is_applied_with_the_same_weights():
    model = build("(1C3p1)*2 GAP 10N").eval()
    kernel = next(module for module in model.modules() if isinstance(module, nn.Conv2d))
    dense = next(module for module in model.modules() if isinstance(module, nn.Linear))
    x = torch.randn(2, 1, 28, 28)
    torch.testing.assert_close(model(x), dense(kernel(kernel(x)).mean((2, 3))))


def test_a_residual_block_adds_what_it_is_given():
    model = build("[1C3p1] GAP 10N").eval()
    kernel = next(module for module in model.modules() if isinstance(module, nn.Conv2d))
    dense = next(module for module in model.modules() if isinstance(module, nn.Linear))
    x = torch.randn(2, 1, 28, 28)
    torch.testing.assert_close(model(x), dense((x + kernel(x)).mean((2, 3))))


def test_branches_are_added_or_joined_and_an_empty_one_passes_on_what_it_is_given():
    x = torch.randn(2, 3, 6, 6)
    for text in ("[4C3p1s2 + 4C1s2]", "[4C3p1s2 + 4C1s2 + 4C2s2]", "[3C1 + ]", "[ + 3C1]"):
        model = build(text, (3, 6, 6), classes=None)
        parts = [branch(x) for branch in model.layers[0].branches]
        torch.testing.assert_close(model(x), torch.stack(parts).sum(0).flatten(1))
    for text in ("[4C3p1 & ]", "[2C1 & 5C3p1 & DW3p1]", "[ & 4C1]"):
        model = build(text, (3, 6, 6), classes=None)
        parts = [branch(x) for branch in model.layers[0].branches]
        torch.testing.assert_close(model(x), torch.cat(parts, 1).flatten(1))
    empty = build("[3C1 & ]", (3, 6, 6), classes=None).layers[0].branches[1]
    assert torch.equal(empty(x), x)


def test_a_residual_block_is_the_sum_with_an_empty_branch():
    torch.manual_seed(0)
    one = build("[1C3p1 BN R] GAP 10N").eval()
    torch.manual_seed(0)
    other = build("[1C3p1 BN R + ] GAP 10N").eval()
    x = torch.randn(2, 1, 28, 28)
    torch.testing.assert_close(one(x), other(x))


def test_branches_inside_shared_and_repeated_blocks_have_their_weights_once_and_each_time():
    def convolutions(text):
        return sum(isinstance(module, nn.Conv2d) for module in build(text).modules())

    assert convolutions("4C3 ([4C3p1 + 4C1])*3 GAP 10N") == 1 + 2
    assert convolutions("4C3 ([4C3p1 + 4C1])x3 GAP 10N") == 1 + 6
    assert len(infer_shapes("4C3 ([4C3p1 + 4C1])*3 GAP 10N")) == 1 + 6 + 2


def test_batch_normalisation_and_dropout_stand_behind_dense_layers():
    model = build("64N BN R D.1 10Nb")
    assert [type(layer).__name__ for layer in model.layers] == ["Linear", "BatchNorm1d", "ReLU", "Dropout", "Linear"]
    assert model(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("8C3 MP2 10C15 GAP", "10C15", "kernel 15×15, input 13×13"),
        ("8C3 MP2 MP2 MP2 MP2 MP2 10N", "MP2", "kernel 2×2, input 1×1"),
        ("8C3 10C3d20 GAP", "10C3d20", "dilated over 41×41"),
        ("8C3 R BN", "BN", "maps larger than 1×1"),
        ("8C3 GAP 12N R", "12N", "wrong number of classes"),
        ("8C3 GAP", "8C3", "wrong number of classes"),
        ("8C3 [8C3] 10N", "[8C3]", "8×26×26 in, 8×24×24 out"),
        ("8C3 [16C3p1] 10N", "[16C3p1]", "8×26×26 in, 16×26×26 out"),
        ("8C3 [8C3p1 + 16C3p1] 10N", "16C3p1", "8×26×26 from 8C3p1, 16×26×26 from 16C3p1"),
        ("8C3 [8C3p1 R + 8C3 R] 10N", "8C3 R", "8×26×26 from 8C3p1 R, 8×24×24 from 8C3 R"),
        ("8C3 [16C1 + ] 10N", "[16C1 + ]", "8×26×26 from the input"),
        ("8C3 [8C3 & 16C3p1] 10N", "16C3p1", "maps of one size"),
        ("8C3 [8C3p1 & 8C1 & 10N] 10N", "10N", "a dense layer flattens"),
        ("8C3 [8C3p1 + 8C30] 10N", "8C30", "kernel 30×30"),
        ("8C3 ([8C3p1 & ])*2 10N", "8C3p1", "pass 2 of 2"),
        ("8C3 " + "[R & ] " * 30 + "10N", "R", "too many values"),
        ("8C3 9C3g3 10N", "9C3g3", "groups do not divide"),
        ("8C3 9C3g2 10N", "9C3g2", "groups do not divide"),
        ("(8C3)*2 10N", "8C3", "pass 2 of 2"),
        ("8C3 (8C3 BN MP2)x5 10N", "8C3", "pass 4 of 5"),
        ("10N GAP", "GAP", "flattened"),
        ("10N 8C3", "8C3", "flattened"),
        ("64N DD.1 10N", "DD.1", "use D"),
        ("4C3p1000 GAP 10N", "4C3p1000", "wider than the kernel"),
        ("8C3 DW3p4 GAP 10N", "DW3p4", "p1 keeps the size"),
        ("8C3 8C3p6d2 GAP 10N", "8C3p6d2", "padding of up to 5"),
        ("64C3p1 (64C3p1)x999 GAP 10N", "64C3p1", "too many"),
        ("20000C3 20000C3 GAP 10N", "20000C3", "too many parameters"),
        ("1000000C1 10N", "1000000C1", "too many values"),
    ],
)
def test_what_cannot_work_is_found_at_the_layer_that_causes_it(text, place, says):
    start = time.perf_counter()
    with pytest.raises(TersenetError) as caught:
        build(text)
    assert time.perf_counter() - start < 2
    line, carets = caught.value.where.split("\n")
    assert line[carets.index("^") : len(carets)] == place
    assert says in str(caught.value)


@pytest.mark.parametrize("text", ["((R)x999)x2 10N", "(1C1)*1000 GAP 10N", "8C3 " + "R " * 1997 + "GAP 10N"])
def test_as_many_layers_as_a_network_may_have_are_shown_in_bounded_time(text):
    start = time.process_time()
    assert len(infer_shapes(text)) <= MAX_LAYERS
    summary = summarize(build(text))
    assert len(format_summary(summary).splitlines()) > len(summary.layers)
    assert time.process_time() - start < 8  # two seconds on an idle machine


def test_one_layer_more_is_an_error():
    with pytest.raises(TersenetError, match="too many layers"):
        build("8C3 " + "R " * 1998 + "GAP 10N")


def test_a_padding_as_wide_as_the_kernel_is_taken():
    assert infer_shapes("8C3p3 8C1p1")[-1].output_shape == (8, 34, 34)


@pytest.mark.parametrize("size", [(0, 28, 28), (1, 28), (1, 28, -1)])
def test_an_input_of_no_size_is_an_error(size):
    with pytest.raises(TersenetError, match="three positive numbers"):
        infer_shapes("10N", size)


def test_classes_may_be_maps_of_one_pixel_or_plain_values():
    for text in ("7C3 GAP", "7C28", "7N"):
        assert build(text, classes=7)(torch.zeros(2, 1, 28, 28)).shape == (2, 7)


def test_the_tree_and_the_text_build_the_same():
    assert build(parse("8c3-gap-10n")).notation == build("8C3 GAP 10N").notation == "8C3 GAP 10N"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("8C3 GAP 12N R", "8C3 GAP 5N R"),
        ("8C3 R GAP 10Nb", "8C3 R GAP 5Nb"),
        ("8C3 10C1 GAP", "8C3 5C1 GAP"),
        ("8C3 GAP", "8C3 GAP 5Nb"),
        ("(8C3)x3 GAP", "(8C3)x3 GAP 5Nb"),
    ],
)
def test_a_network_for_other_classes_is_shown_with_those(text, hint):
    with pytest.raises(TersenetError, match="wrong number of classes") as raised:
        infer_shapes(text, classes=5)
    assert str(raised.value.hint).endswith(f": {hint}")
    infer_shapes(hint, classes=5)
