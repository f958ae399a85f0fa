"""Networks drawn at random from all kinds of layers and blocks, and how far the engine is from float64 with them.

python tests/engine/random_networks.py 1000    # as many of them; a minute or two
"""

import copy
import random
import sys

import torch
import torch.nn.functional as F

from tersenet import TersenetError, build
from tersenet.engine import compile_network, refusal
from tersenet.networks import LAYER_KINDS

SIZES = ((1, 12, 12), (3, 11, 14), (2, 9, 9))
WIDTHS = (3, 4, 6, 8)


def a_layer(draw):
    """Any kind of layer, with options now and then; dropout, which draws other numbers in the engine, at rate 0."""
    kind = draw.choice(list(LAYER_KINDS.values()))
    if kind.family == "dropout":
        return f"{kind.letters}0"
    if kind.family == "dense":
        return f"{draw.choice(WIDTHS)}N{draw.choice(['', 'b'])}"
    if kind.needs_maps or kind.family == "convolution":
        options = "".join(
            draw.choice(["", "", option]) for option in ("p1", "s2", "d2") if option[0] in options_of(kind)
        )
        kernel = draw.choice("123")
        if kind.letters == "C":
            return f"{draw.choice(WIDTHS)}C{kernel}{options}{draw.choice(['', 'g2', 'b'])}"
        return kind.example if kind.letters in ("GAP", "GMP") else f"{kind.letters}{kernel}{options}"
    return draw.choice(list(kind.alike))


def options_of(kind):
    return {how.letter for how in kind.at("option").values()}


def some_layers(draw, count, depth=0):
    layers = []
    for _ in range(count):
        if depth == 2 or draw.random() < 0.75:
            layers.append(a_layer(draw))
            continue
        inner = [" ".join(some_layers(draw, draw.randint(1, 3), depth + 1)) for _ in range(2)]
        layers.append(
            draw.choice(
                ["[{0}]", "[{0} + ]", "[{0} + {1}]", "[{0} & {1}]", "[{0} & ]", "({0})x2", "({0})*2", "({0})*3"]
            ).format(*inner)
        )
    return layers


def networks(count, seed=0):
    """As many lines that can be built, each with the size of its pictures."""
    draw = random.Random(seed)
    found = []
    while len(found) < count:
        line, size = " ".join([*some_layers(draw, draw.randint(1, 5)), "10Nb"]), draw.choice(SIZES)
        try:
            build(line, size)
        except TersenetError:
            continue
        found.append((line, size))
    return found


def disagreement(line, size, *, count=19, workers=2):
    """What differs from torch by more than rounding, in a sentence; None where all agrees.

    Where a value is 0 to rounding, a ReLU or a maximum may turn, and with it a gradient: on one batch, not on each.
    """
    torch.manual_seed(0)
    drawn = build(line, size).train()
    if refusal(drawn):
        return f"{line}: {refusal(drawn)}"
    for seed in range(4):
        theirs, ours, exact = drawn, copy.deepcopy(drawn), copy.deepcopy(drawn).double()
        theirs = copy.deepcopy(drawn)
        compiled = compile_network(ours, workers=workers)
        images = torch.randn(count, *size, generator=torch.Generator().manual_seed(seed))
        labels = torch.arange(count) % 10
        logits = [compiled(images), theirs(images), exact(images.double())]
        for answer in logits:
            F.cross_entropy(answer, labels).backward()
        truth = [logits[2].detach(), *(weight.grad for weight in exact.parameters())]
        truth += [buffer.double() for buffer in exact.buffers()]
        found, torchs = (
            [answer.detach(), *(weight.grad for weight in model.parameters()), *model.buffers()]
            for answer, model in ((logits[0], ours), (logits[1], theirs))
        )
        scale = max(weight.grad.norm() for weight in exact.parameters())
        worst = max(
            away(mine, right, scale) - 5 * away(theirs_, right, scale)
            for mine, theirs_, right in zip(found, torchs, truth, strict=True)
        )
        compiled.eval(), theirs.eval()
        with torch.no_grad():
            measured = torch.allclose(compiled(images), theirs(images), rtol=1e-3, atol=1e-3)
        if worst < 1e-3 and measured:
            return None
    return f"{line} on {size}: {worst:.1e} further than torch from float64, evaluation agrees: {measured}"


def away(found, truth, scale):
    return ((found.double() - truth).norm() / (truth.norm() + 0.01 * scale)).item()


def main():
    """Print what disagrees among as many networks as asked for."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    wrong = [said for line, size in networks(count, seed=1) if (said := disagreement(line, size))]
    print(*wrong, f"{count} networks, {len(wrong)} of them further from float64 than torch", sep="\n")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
