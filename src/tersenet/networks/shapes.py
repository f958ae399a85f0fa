"""Shapes without running anything: what each layer gives, and at which layer a network cannot work."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from tersenet._errors import TersenetError
from tersenet.data import MNIST_FORM
from tersenet.networks.layers.kind import LayerKind, Shape
from tersenet.networks.notation import parse
from tersenet.networks.tree import (
    Branches,
    BranchJoin,
    LayerBlock,
    Notation,
    Repeat,
    Residual,
    Shared,
    TreePath,
    point_at,
    span,
)

# A thousand times what a compact network needs; beyond, a slip of the finger would fill the memory.
MAX_PARAMETERS = 20_000_000
MAX_OUTPUTS = 20_000_000
MAX_MACS = 20_000_000_000


@dataclass(frozen=True)
class LayerShape:
    """One layer in the order of calls: what it is given and gives (without the batch), and what it costs.

    `parameters` is 0 where the layer uses weights again that an earlier one has brought.
    """

    layer: LayerKind
    input_shape: Shape
    output_shape: Shape
    parameters: int
    macs: int


def infer_shapes(
    network: Notation | str, input_size: tuple[int, int, int] = MNIST_FORM.size, classes: int | None = None
) -> tuple[LayerShape, ...]:
    """The shapes after each layer of a network for an input `(C, H, W)`, with nothing run.

    Where `classes` is given, the network must end in that many values for a picture: plain, or as maps of 1×1.
    Raises TersenetError with a caret under the layer that cannot work.

    >>> [step.output_shape for step in infer_shapes("8C3 MP2 10C3 GAP", classes=10)]
    [(8, 26, 26), (8, 13, 13), (10, 11, 11), (10, 1, 1)]
    >>> infer_shapes("8C3 MP2 10C15 GAP")
    Traceback (most recent call last):
    tersenet._errors.TersenetError: The kernel is larger than its input.
      got:      kernel 15×15, input 13×13
      where:    8C3 MP2 10C15 GAP
                        ^^^^^
      hint:     pad it (p1), or shrink the maps less before it
    """
    tree = parse(network) if isinstance(network, str) else network
    if len(input_size) != 3 or min(input_size) < 1:
        raise TersenetError(
            "The input size is not three positive numbers.",
            got=input_size,
            expected=f"three, as in {MNIST_FORM.size}",
        )
    walk = _Walk(tree)
    final = walk.block(tree, (), (), tuple(input_size))
    if classes is not None:
        walk.check_classes(final, classes)
    return tuple(walk.steps)


class _Walk:
    """Goes through a tree in the order of calls, passing the shape along."""

    def __init__(self, tree: Notation) -> None:
        self.tree = tree
        self.steps: list[LayerShape] = []
        self.parameters = self.outputs = self.macs = 0
        self.fitted: dict[TreePath, tuple[str, int]] = {}  # what the weights of each layer are made for
        self.passes: dict[TreePath, tuple[int, int]] = {}  # of the blocks around a layer: this pass, of how many
        self.last: TreePath = ()
        self.widened: TreePath = ()  # the layer that settled the number of channels or values

    def fail(self, path: TreePath, problem: str, **more: object) -> TersenetError:
        later = [f"pass {now} of {of}" for now, of in self.passes.values() if now > 1]
        if later:
            problem = f"{problem.removesuffix('.')} (in {', '.join(later)} through its block)."
        return TersenetError(problem, where=point_at(str(self.tree), *span(self.tree, path)), **more)

    def block(self, block: LayerBlock, path: TreePath, weights: TreePath, shape: Shape) -> Shape:
        """The shape after a block at `path`; `weights` tells repetitions with weights of their own apart."""
        if isinstance(block, Branches):
            return self.branches(block, path, weights, shape)
        given = shape
        times = block.times if isinstance(block, (Repeat, Shared)) else 1
        for now in range(times):
            self.passes[path] = (now + 1, times)
            owner = (*weights, now) if isinstance(block, Repeat) else weights
            for index, layer in enumerate(block.layers):
                if isinstance(layer, LayerBlock):
                    shape = self.block(layer, (*path, index), (*owner, index), shape)
                else:
                    shape = self.layer(layer, (*path, index), (*owner, index), shape)
        del self.passes[path]
        if isinstance(block, Residual) and shape != given:
            raise self.fail(
                path,
                "A residual block must keep the shape of its input: x + f(x).",
                got=f"{spelled(given)} in, {spelled(shape)} out",
                hint="pad the convolutions inside (3×3: p1) and end on the channels of its input",
            )
        return shape

    def branches(self, block: Branches, path: TreePath, weights: TreePath, shape: Shape) -> Shape:
        """The shape after branches that are added or joined."""
        made = [
            self.block(branch, (*path, index), (*weights, index), shape) for index, branch in enumerate(block.layers)
        ]
        joined = isinstance(block, BranchJoin)
        for index, other in enumerate(made):
            if other[joined:] != made[0][joined:] or len(other) != len(made[0]):
                first, this = (str(block.layers[place]) or "the input" for place in (0, index))
                raise self.fail(
                    (*path, index) if block.layers[index].layers else path,
                    "Branches that are joined must give maps of one size."
                    if joined
                    else "Branches that are added must give one shape.",
                    got=f"{spelled(made[0])} from {_shortened(first)}, {spelled(other)} from {_shortened(this)}",
                    hint=_mended(made[0], other),
                )
        return (sum(each[0] for each in made), *made[0][1:]) if joined else made[0]

    def layer(self, layer: LayerKind, path: TreePath, weights: TreePath, shape: Shape) -> Shape:
        """The shape after one layer, which is checked and counted."""
        if layer.needs_maps and len(shape) == 1:
            raise self.fail(
                path,
                "This layer needs maps, but a dense layer before it has flattened them.",
                got=f"{shape[0]} plain values",
                hint="put it before the dense layer",
            )
        try:
            output = layer.output_shape(shape)
        except TersenetError as error:  # it knows what is wrong, and here it is known where
            raise self.fail(path, error.problem, got=error.got, expected=error.expected, hint=error.hint) from None
        parameters, macs = layer.parameters(shape), layer.macs(shape, output)
        made_for = layer.fits(shape)
        if weights in self.fitted:
            if self.fitted[weights] != made_for:
                kind, number = self.fitted[weights]
                raise self.fail(
                    path,
                    "The block is shared, so its weights must fit at every pass.",
                    got=f"{made_for[1]} {made_for[0]}",
                    expected=f"{number} {kind}, as in the first pass",
                    hint="let the block end on the channels that it begins with, or use x for weights of their own",
                )
            parameters = 0
        if made_for[0]:
            self.fitted[weights] = made_for
        self.parameters += parameters
        self.outputs += math.prod(output)
        self.macs += macs
        for what, value, limit in (
            ("parameters", self.parameters, MAX_PARAMETERS),
            ("values between its layers for one picture", self.outputs, MAX_OUTPUTS),
            ("multiplications for one picture", self.macs, MAX_MACS),
        ):
            if value > limit:
                raise self.fail(
                    path, f"The network has too many {what}.", got=f"{value:,}", expected=f"up to {limit:,}"
                )
        if layer.sets_width:
            self.widened = path
        self.last = path
        self.steps.append(LayerShape(layer, shape, output, parameters, macs))
        return output

    def check_classes(self, final: Shape, classes: int) -> None:
        """Raises unless the network ends in one value per class."""
        if math.prod(final[1:]) != 1:
            raise self.fail(
                self.last,
                "The network ends in maps larger than 1×1, but one value per class is needed.",
                got=spelled(final),
                expected=f"{classes}×1×1 or {classes}",
                hint="end with GAP, or with a dense layer such as 10Nb",
            )
        if final[0] != classes:
            raise self.fail(
                self.widened or self.last,
                "The network ends in the wrong number of classes.",
                got=final[0],
                expected=classes,
                hint=self._with_classes(classes),
            )

    def _with_classes(self, classes: int) -> str:
        """The network with as many outputs as there are classes: its last layer made so wide, or one more."""
        text, path = str(self.tree), self.widened or self.last
        start, end = span(self.tree, path)
        width = re.match(r"\d+(?=N|C1(?!\d))", text[start:end])
        if width is None or len(path) > 1:
            return f"end on a layer with {classes} outputs: {text} {classes}Nb"
        return f"give that layer {classes} outputs: {text[:start]}{classes}{text[start + width.end() :]}"


def spelled(shape: Shape) -> str:
    """A shape as people write it.

    >>> spelled((16, 26, 26)), spelled((10,))
    ('16×26×26', '10')
    """
    return "×".join(map(str, shape))


def _shortened(text: str, longest: int = 30) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def _mended(first: Shape, other: Shape) -> str:
    """How branches of these shapes can be made to meet."""
    if len(first) != len(other):
        return "a dense layer flattens the maps: put it behind the branches"
    if first[1:] != other[1:]:
        return "give them the same strides, and pad them alike (3×3: p1, 1×1: none)"
    return f"end both on the same number of {f'channels (1×1: {first[0]}C1)' if len(first) == 3 else 'values'}"
