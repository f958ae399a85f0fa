"""Every kind of layer there is: what it says of itself is what torch does. Whatever is in the folder is tried."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from tersenet._errors import TersenetError
from tersenet.engine import abi, plan, refusal
from tersenet.networks import BY_FUNCTION, FAMILIES, LAYER_KINDS, build, infer_shapes, parse, summarize
from tersenet.networks.summary import receptive_field_rules as field_rules, recorder, torch_functions

MAPS = (8, 12, 12)
KINDS = LAYER_KINDS.values()
LINES = {line: (kind, torch_line) for kind in KINDS for line, torch_line in kind.alike.items()}
each_kind = pytest.mark.parametrize("kind", KINDS, ids=LAYER_KINDS)
each_line = pytest.mark.parametrize("line", LINES)


def in_torch(line):
    """The torch layer that a line claims to be, made from the words of its documentation; dense layers flatten."""
    layer = eval(f"nn.{LINES[line][1]}")
    return nn.Sequential(nn.Flatten(), layer) if isinstance(layer, nn.Linear) else layer


def alone(line):
    """The layer that Tersenet makes of a line."""
    return build(line, MAPS, classes=None).layers


@each_kind
def test_a_kind_says_what_it_is(kind):
    assert kind.name
    assert kind.words
    assert kind.family in FAMILIES
    assert kind.example in str(kind.form())
    assert kind.example in kind.alike
    assert all(type(parse(line).layers[0]) is kind for line in (kind.example, *kind.alike))


@each_kind
def test_the_example_is_printed_as_it_is_written_and_case_is_free(kind):
    for text in (kind.example, kind.example.lower(), kind.example.upper()):
        assert str(parse(text)) == kind.example


@each_kind
def test_what_other_tools_call_it_is_answered_with_its_form(kind):
    for name in kind.also_called:
        with pytest.raises(TersenetError, match="no such layer") as raised:
            parse(name)
        assert f"did you mean {kind.example}?" in str(raised.value)


@each_kind
def test_a_number_too_many_or_missing_and_an_unknown_option_are_pointed_at(kind):
    letters = kind.letters
    for place, wrong in (("before", f"7{letters}"), ("after", f"{letters}7")):
        if kind.at(place):
            wrong = kind.example.lstrip("0123456789") if place == "before" else kind.example.rstrip("0123456789.")
        with pytest.raises(TersenetError) as raised:
            parse(f"R {wrong} R")
        text, carets = raised.value.where.split("\n")
        assert text[carets.index("^") : len(carets)] == wrong
        assert kind.form() in str(raised.value) or "no such layer" in str(raised.value)
    with pytest.raises(TersenetError, match="no such"):
        parse(f"{kind.example}q1")


@each_line
def test_a_layer_computes_what_its_torch_layer_computes(line):
    torch.manual_seed(0)
    ours, theirs = alone(line).eval(), in_torch(line).eval()
    with torch.no_grad():
        for weights in theirs.parameters():
            weights.uniform_(-1, 1)
    named = {f"0.{name.rpartition('.')[2]}": values for name, values in theirs.state_dict().items()}
    ours.load_state_dict(named)
    x = torch.randn(3, *MAPS)
    assert torch.equal(ours(x), theirs(x))


@each_line
def test_a_layer_begins_with_torchs_own_weights(line):
    torch.manual_seed(3)
    ours = alone(line).state_dict()
    torch.manual_seed(3)
    theirs = in_torch(line).state_dict()
    for mine, torchs in zip(ours.values(), theirs.values(), strict=True):
        assert torch.equal(mine, torchs)


@each_line
def test_shape_parameters_and_multiplications_are_torchs(line):
    theirs = in_torch(line).eval()
    with FlopCounterMode(display=False) as counter:
        made = theirs(torch.zeros(1, *MAPS))
    (step,) = infer_shapes(line, MAPS)
    assert step.output_shape == tuple(made.shape[1:])
    assert step.parameters == sum(weights.numel() for weights in theirs.parameters())
    assert step.macs == counter.get_total_flops() // 2


@each_line
def test_behind_a_dense_layer_it_does_what_is_inferred_or_says_that_it_needs_maps(line):
    text = f"8N {line}"
    if LINES[line][0].needs_maps or line.startswith("DD"):
        with pytest.raises(TersenetError, match="flattened"):
            infer_shapes(text, MAPS)
        return
    step = infer_shapes(text, MAPS)[-1]
    model = build(text, MAPS, classes=None)
    assert model(torch.randn(4, *MAPS)).shape == (4, *step.output_shape)
    assert step.parameters == sum(weights.numel() for weights in model.layers[1].parameters())
    assert summarize(model, MAPS).layers[-1].parameters == step.parameters


@each_line
def test_its_weights_learn_and_are_those_that_torch_would_train(line):
    layer = alone(line)
    out = layer(torch.randn(4, *MAPS, requires_grad=True))
    (out * torch.randn_like(out)).sum().backward()
    trained = [weights.grad is not None and bool(weights.grad.any()) for weights in layer.parameters()]
    assert all(trained)
    assert len(trained) == len(list(in_torch(line).parameters()))


@each_line
def test_what_the_summary_says_is_what_torch_does(line):
    (row,) = summarize(alone(line), MAPS).layers
    (step,) = infer_shapes(line, MAPS)
    layer = in_torch(line)
    torchs = type(layer[1] if isinstance(layer, nn.Sequential) else layer).__name__
    assert (row.type, row.output_shape, row.parameters, row.macs) == (
        torchs,
        step.output_shape,
        step.parameters,
        step.macs,
    )
    assert torchs in LINES[line][0].functions.values()


@each_line
def test_a_position_sees_the_pixels_that_change_it(line):
    layer = in_torch(line).double().eval()
    with torch.no_grad():
        for weights in layer.parameters():
            weights.uniform_(0.5, 1)
    pixels = MAPS[1] * MAPS[2]
    x = torch.rand(1, *MAPS, dtype=torch.float64)
    changed = x.repeat(pixels, 1, 1, 1)
    changed.flatten(2)[range(pixels), :, range(pixels)] += 10
    reached = (layer(changed) != layer(x)).any(dim=1).reshape(*MAPS[1:], -1)  # [row, column, position]
    sides = []
    for axis in (1, 0):
        seen = reached.any(dim=axis)  # [row or column, position]
        places = [torch.nonzero(column).flatten() for column in seen.T]
        sides.append(max(int(place.max() - place.min()) + 1 for place in places if len(place)))
    (row,) = summarize(alone(line), MAPS).layers
    field = row.receptive_field
    assert (field if isinstance(field, tuple) else (field, field)) == tuple(sides)


@each_kind
def test_the_engine_has_the_row_that_the_kind_names_or_leaves_the_network_to_torch(kind):
    model = build(f"{kind.example} 10N", MAPS)
    assert (refusal(model) is None) == (kind.engine is not None)
    if kind.engine is not None:
        assert plan(model).steps["kind"][0] == getattr(abi, kind.engine.upper())


@pytest.mark.parametrize("function", BY_FUNCTION)
def test_the_functions_of_a_kind_are_torchs(function):
    assert hasattr(nn.functional, function)
    assert all(hasattr(nn, name) for name in BY_FUNCTION[function].functions.values())


def test_what_a_kind_says_of_its_functions_stands_in_no_other_table():
    other = {*field_rules._RULES, *torch_functions.ZERO_MACS, *recorder._LAYERS}
    assert not other & set(BY_FUNCTION)
