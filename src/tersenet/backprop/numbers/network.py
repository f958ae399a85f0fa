"""The small network in matrix form: the forward pass, and under each operation its local derivative.

Names are those of the course spreadsheet: inputs `i1 i2`, weights `w1 … w8` (layer by layer, unit by unit), sums
`h1 h2` and `o1 o2`, activations `a_h1 …`, targets `t1 t2`, errors `E1 E2`, and `E_total`, their sum. With several
samples `E_total` is the mean of the samples' sums. With more than one hidden layer `h2_3` is the third unit of the
second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tersenet._errors import TersenetError, did_you_mean

Array = npt.NDArray[np.float64]

MOST_LAYERS = 20  # beyond these a closed form has more terms than anyone reads
MOST_WEIGHTS = 100_000  # a lab for networks that one can follow by eye; `tersenet train` takes the others
LOWEST = -700.0  # e^700 is still a number; below it a sigmoid is 0 to all digits
TINY = 1e-300  # the smallest probability whose logarithm is taken


def sigmoid(h: Array) -> Array:
    """σ(h) = 1 / (1 + e^−h), without overflow.

    >>> sigmoid(np.array([0.0, -1e9]))
    array([5.00000000e-001, 9.85967654e-305])
    """
    return 1 / (1 + np.exp(-np.maximum(h, LOWEST)))


def softmax(o: Array) -> Array:
    """e^o_k / Σ e^o_j over the last axis, without overflow.

    >>> softmax(np.array([0.0, 0.0, 1000.0]))
    array([0., 0., 1.])
    """
    powers = np.exp(o - o.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


@dataclass(frozen=True)
class Activation:
    """A function a = f(h) of one number, and its slope ∂a/∂h written with h and a."""

    value: Callable[[Array], Array]
    slope: Callable[[Array, Array], Array]


ACTIVATIONS = {
    "sigmoid": Activation(sigmoid, lambda h, a: a * (1 - a)),
    "tanh": Activation(np.tanh, lambda h, a: 1 - a**2),
    "relu": Activation(lambda h: np.maximum(h, 0.0), lambda h, a: (h > 0).astype(np.float64)),
    "identity": Activation(lambda h: h, lambda h, a: np.ones_like(h)),
}
LOSSES = ("half-squared", "cross-entropy")


@dataclass(frozen=True)
class Forward:
    """What a forward pass computes; `...` is any number of leading axes of the weights.

    `sums[l]` and `activations[l]` are `[..., samples, units]` of layer l + 1, `errors` is `[..., samples,
    outputs]`, `total` `[...]`.
    """

    inputs: Array
    targets: Array
    sums: tuple[Array, ...]
    activations: tuple[Array, ...]
    errors: Array
    total: Array


@dataclass(frozen=True, kw_only=True)
class Network:
    """Layer sizes, an activation for every layer after the inputs, a loss, and biases or none.

    Cross-entropy goes with a softmax on the outputs, and a softmax with cross-entropy; the last activation is set
    accordingly.

    >>> network = Network(sizes=(2, 2, 2))
    >>> network.weight_names
    ('w1', 'w2', 'w3', 'w4', 'w5', 'w6', 'w7', 'w8')
    >>> Network(sizes=(2, 3, 3, 1)).sum_names
    (('h1_1', 'h1_2', 'h1_3'), ('h2_1', 'h2_2', 'h2_3'), ('o1',))
    """

    sizes: tuple[int, ...] = (2, 2, 2)  # those of the course spreadsheet
    activations: tuple[str, ...] = ("sigmoid",)  # one for all layers, or one for each
    loss: str = "half-squared"
    biases: bool = False  # the course spreadsheet has none

    def __post_init__(self) -> None:
        if len(self.sizes) < 2 or any(size < 1 for size in self.sizes):
            raise TersenetError(
                "A network needs at least inputs and outputs, and every layer at least one unit.",
                got="-".join(map(str, self.sizes)) or "no layers",
                expected="sizes such as 2-2-2 or 2-3-3-1",
                where="sizes",
            )
        self._check_size()
        if self.loss not in LOSSES:
            raise _unknown("loss", self.loss, LOSSES)
        layers = len(self.sizes) - 1
        kinds = tuple(self.activations) * layers if len(self.activations) == 1 else tuple(self.activations)
        if len(kinds) != layers:
            raise TersenetError(
                "The activations do not fit the layers.",
                got=f"{len(kinds)}: {', '.join(kinds)}",
                expected=f"one for all layers, or {layers}, one for each layer after the inputs",
                where="activations",
            )
        if self.loss == "cross-entropy":
            kinds = (*kinds[:-1], "softmax")
        for place, kind in enumerate(kinds):
            if kind == "softmax" and (place < layers - 1 or self.loss != "cross-entropy"):
                raise TersenetError(
                    "A softmax belongs on the outputs, with the cross-entropy loss.",
                    got=f"activations {', '.join(kinds)}, loss {self.loss}",
                    hint="set the loss to cross-entropy",
                    where="activations",
                )
            if kind != "softmax" and kind not in ACTIVATIONS:
                raise _unknown("activation", kind, ACTIVATIONS)
        object.__setattr__(self, "activations", kinds)

    def _check_size(self) -> None:
        """Raise where the network is too large to be followed by eye."""
        weights = sum(self._shapes_flat)
        if len(self.sizes) > MOST_LAYERS + 1 or weights > MOST_WEIGHTS:
            raise TersenetError(
                "The network is too large for the lab.",
                got=f"{len(self.sizes) - 1:,} layers of weights, {weights:,} weights",
                expected=f"at most {MOST_LAYERS} layers and {MOST_WEIGHTS:,} weights",
                where="sizes",
                hint="use fewer units or layers; `tersenet train` trains larger networks",
            )

    # Names, as on the page.

    @cached_property
    def input_names(self) -> tuple[str, ...]:
        """`i1 i2 …`"""
        return _numbered("i", self.sizes[0])

    @cached_property
    def target_names(self) -> tuple[str, ...]:
        """`t1 t2 …`"""
        return _numbered("t", self.sizes[-1])

    @cached_property
    def error_names(self) -> tuple[str, ...]:
        """`E1 E2 …`"""
        return _numbered("E", self.sizes[-1])

    @cached_property
    def weight_names(self) -> tuple[str, ...]:
        """`w1 w2 …`, layer by layer, unit by unit."""
        return _numbered("w", sum(self._shapes_flat))

    @cached_property
    def bias_names(self) -> tuple[str, ...]:
        """`b1 b2 …`, one for each unit after the inputs, where there are biases."""
        return _numbered("b", sum(self.sizes[1:]) if self.biases else 0)

    @cached_property
    def parameter_names(self) -> tuple[str, ...]:
        """The weights, then the biases."""
        return self.weight_names + self.bias_names

    @cached_property
    def sum_names(self) -> tuple[tuple[str, ...], ...]:
        """The weighted sums of each layer after the inputs: `h…`, and `o…` for the last."""
        hidden = self.sizes[1:-1]
        names = [_numbered("h" if len(hidden) == 1 else f"h{place}_", n) for place, n in enumerate(hidden, 1)]
        return (*names, _numbered("o", self.sizes[-1]))

    @cached_property
    def activation_names(self) -> tuple[tuple[str, ...], ...]:
        """`a_` and the sum's name."""
        return tuple(tuple(f"a_{name}" for name in layer) for layer in self.sum_names)

    # Parameters: one flat row of weights, cut into matrices [units out, units in].

    @cached_property
    def _shapes_flat(self) -> tuple[int, ...]:
        return tuple(before * after for before, after in pairwise(self.sizes))

    def matrices(self, weights: Array) -> list[Array]:
        """`[..., weights]` as one matrix `[..., out, in]` a layer."""
        parts = np.split(weights, np.cumsum(self._shapes_flat)[:-1], axis=-1)
        shapes = [(after, before) for before, after in pairwise(self.sizes)]
        return [part.reshape(*weights.shape[:-1], *shape) for part, shape in zip(parts, shapes, strict=True)]

    def forward(self, weights: Array, biases: Array, inputs: Array, targets: Array) -> Forward:
        """Run the network forward.

        `weights` is `[..., number of weights]`, `biases` `[..., units]` (no columns without biases), `inputs`
        `[samples, in]` and `targets` `[samples, out]`.

        >>> import tersenet.backprop as lab
        >>> p = lab.COURSE
        >>> float(p.network.forward(*p.arrays).total.round(9))
        0.014181378
        """
        a = inputs
        sums, activations = [], []
        for matrix, bias, kind in zip(self.matrices(weights), self._bias_rows(biases), self.activations, strict=True):
            h = a @ matrix.swapaxes(-1, -2) + bias  #                ∂h/∂w = a before, ∂h/∂a before = w, ∂h/∂b = 1
            a = softmax(h) if kind == "softmax" else ACTIVATIONS[kind].value(h)  # ∂a/∂h = ACTIVATIONS[kind].slope
            sums.append(h)
            activations.append(a)
        if self.loss == "half-squared":  # noqa: SIM108  (each derivative is beside its operation)
            errors = 0.5 * (targets - a) ** 2  #                     ∂E/∂a = a − t
        else:
            errors = -targets * np.log(np.maximum(a, TINY))  #       ∂E/∂a = −t / a; with the softmax ∂E/∂o = a Σt − t
        total = errors.sum(axis=-1).mean(axis=-1)  #                 ∂E_total/∂E = 1 / samples
        return Forward(inputs, targets, tuple(sums), tuple(activations), errors, total)

    def backward(self, weights: Array, forward: Forward) -> tuple[Array, Array]:
        """∂E_total/∂weights `[..., weights]` and ∂E_total/∂biases `[..., units]`, by the chain rule from the errors
        back.

        >>> import tersenet.backprop as lab
        >>> p = lab.COURSE
        >>> p.network.backward(p.arrays[0], p.network.forward(*p.arrays))[0].round(9)
        array([0.00031699, 0.00063399, 0.00035178, 0.00070355, 0.01288082,
               0.01297609, 0.01540835, 0.01552231])
        """
        before = (np.broadcast_to(forward.inputs, (*weights.shape[:-1], *forward.inputs.shape)), *forward.activations)
        a, t = forward.activations[-1], forward.targets
        if self.loss == "cross-entropy":
            delta = a * t.sum(axis=-1, keepdims=True) - t  #         ∂E/∂o, softmax and logarithm in one
        else:
            delta = (a - t) * ACTIVATIONS[self.activations[-1]].slope(forward.sums[-1], a)
        delta = delta / len(t)
        matrices = self.matrices(weights)
        weight_parts: list[Array] = []
        bias_parts: list[Array] = []
        for layer in range(len(matrices) - 1, -1, -1):
            gradient = delta.swapaxes(-1, -2) @ before[layer]  #     ∂E/∂w = ∂E/∂h · a before, summed over the samples
            weight_parts.insert(0, gradient.reshape(*weights.shape[:-1], -1))
            bias_parts.insert(0, delta.sum(axis=-2))  #              ∂E/∂b = ∂E/∂h
            if layer:
                slope = ACTIVATIONS[self.activations[layer - 1]].slope
                arriving = delta @ matrices[layer]  #                ∂E/∂a = Σ over the units it feeds of ∂E/∂h · w
                delta = arriving * slope(forward.sums[layer - 1], before[layer])
        biases = np.concatenate(bias_parts, axis=-1)
        return np.concatenate(weight_parts, axis=-1), biases if self.biases else biases[..., :0]

    def _bias_rows(self, biases: Array) -> list[Array]:
        if not self.biases:
            return [np.zeros(1)] * (len(self.sizes) - 1)
        return [part[..., None, :] for part in np.split(biases, np.cumsum(self.sizes[1:])[:-1], axis=-1)]


def _numbered(letter: str, count: int) -> tuple[str, ...]:
    return tuple(f"{letter}{number}" for number in range(1, count + 1))


def _unknown(what: str, word: str, names: object) -> TersenetError:
    known = list(names)  # type: ignore[call-overload]
    return TersenetError(
        f"There is no such {what}.", got=word, expected=", ".join(known), where=what, hint=did_you_mean(word, known)
    )
