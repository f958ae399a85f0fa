"""Every kind of layer and block in the compiled engine: as near to float64 as torch's own, and in every optimiser."""

import copy
import importlib.util
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from tersenet import TersenetError, build
from tersenet.engine import compile_network, library
from tersenet.networks import LAYER_KINDS
from tersenet.training import OPTIMIZERS, Recipe, WeightAverage, make_optimizer
from tersenet.training.fused_step import fused_step
from tersenet.training.optimizers.optimizer_kind import set_rate

pytestmark = pytest.mark.skipif(library() is None, reason="no C++ compiler here")

_file = importlib.util.spec_from_file_location("random_networks", Path(__file__).with_name("random_networks.py"))
random_networks = importlib.util.module_from_spec(_file)
_file.loader.exec_module(random_networks)

LINES = {
    f"{kind.letters}: {line}": line
    for kind in LAYER_KINDS.values()
    if kind.family != "dropout"
    for line in kind.alike
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_a_layer_of_any_kind_agrees_with_torch_between_others_and_after_a_dense_layer(line):
    """Its weights learn from what follows it, and what stands before it learns through it."""
    said = [random_networks.disagreement(f"8C1b BN {line} 10Nb", (3, 12, 12))]
    try:
        build(f"8N {line} 10Nb", (1, 6, 6))
    except TersenetError:
        pass  # it takes maps alone
    else:
        said.append(random_networks.disagreement(f"8N {line} 10Nb", (1, 6, 6)))
    assert not any(said), said


BLOCKS = (
    "8C3p1 [8C3p1 BN R 8C3p1 BN] R GAP 10N",
    "8C3 BN [R 8C3p1] GAP 10N",  # the block's input is read twice: normalisation must not take the ReLU along
    "8C3 BN R [4C1 BN & BN R & ] MP2 10N",
    "[BN + BN R] 8C3 GAP 10N",
    "8C3 (8C3p1 R MP2)*3 GAP 10N",  # the same weights on large maps and on small ones
    "8C3 ([8C3p1 BN R])*2 ((8C1 BN)x2)*2 GAP 10N",
    "[[DW3p1 + D0] & AP3p1s1] 16N [16Nb R] 10N",
    "12C3p3 DW3p3s2b 12C3g4p3 24C3g12d2 10N",  # padding as wide as the kernel
)


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("line", BLOCKS)
def test_blocks_agree_with_torch(line, workers):
    assert random_networks.disagreement(line, (1, 16, 16), count=70, workers=workers) is None


def test_networks_drawn_at_random_agree_with_torch():
    drawn = random_networks.networks(60)
    assert [said for line, size in drawn if (said := random_networks.disagreement(line, size))] == []


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_optimiser_steps_in_the_engine_as_in_torch(name):
    """The first step is the same to rounding, and so is what is remembered; later ones follow the same course."""
    torch.manual_seed(0)
    theirs = build("6C3 BN R 20C3p1b PR MP2 DW3 (20C1 BN R)*2 GAP 10Nb", (1, 12, 12))
    ours = copy.deepcopy(theirs)
    recipe = Recipe(optimizer=name, weight_decay=0.01)
    optimizers = [make_optimizer(model, recipe) for model in (theirs, ours)]
    averages = [WeightAverage(model, decay=0.9) for model in (theirs, ours)]
    step = fused_step(compile_network(ours, workers=2), optimizers[1], averages[1], 0.1)
    assert step is not None
    for number in range(4):
        images, labels = torch.randn(50, 1, 12, 12), torch.arange(50) % 10
        for optimizer in optimizers:
            set_rate(optimizer, 0.002 * (1 + number))
        loss = F.cross_entropy(theirs(images), labels, label_smoothing=0.1)
        optimizers[0].zero_grad()
        loss.backward()
        optimizers[0].step()
        averages[0].update()
        assert step(images, labels)[0] == pytest.approx(loss.item(), rel=1e-4)
        for mine, reference in ((ours, theirs), (averages[1].model, averages[0].model)):
            for found, wanted in zip(mine.state_dict().values(), reference.state_dict().values(), strict=True):
                torch.testing.assert_close(found, wanted, rtol=2e-3, atol=2e-4)
    found, wanted = (optimizer.state_dict()["state"] for optimizer in reversed(optimizers))
    assert found.keys() == wanted.keys()
    for number, remembered in wanted.items():
        assert found[number].keys() == remembered.keys()
        for key, value in remembered.items():
            torch.testing.assert_close(found[number][key], value, rtol=1e-2, atol=1e-4)
    assert step._how is not None, "no step went another way"


def test_steps_of_different_numbers_are_left_to_torch():
    model = build("4C3s3 GAP 10Nb")
    optimizer = make_optimizer(model, Recipe(optimizer="adam"))
    compiled = compile_network(model)
    step = fused_step(compiled, optimizer, None, 0.0)
    step(torch.randn(9, 1, 28, 28), torch.arange(9))
    optimizer.state[model.layers[0].weight]["step"] = torch.tensor(5.0)
    assert fused_step(compiled, optimizer, None, 0.0) is None
