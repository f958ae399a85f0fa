"""What a network costs, by arithmetic alone, and the limits that a search keeps."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from tersenet._errors import check_setting
from tersenet.data import DIGITS, MNIST_FORM
from tersenet.networks import LayerShape, Notation, infer_shapes

MOST = 10**15
PER_CHANNEL = 7  # bytes: a bias of 4, a multiplier of 2 and a shift of 1, as the 8-bit export has them


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Learned numbers, multiply-adds for one picture, and bytes of the weights in 8 bits.

    `bytes` counts one per weight of a convolution or a dense layer, batch normalisation folded into it, and 7 per
    channel out. Tables and borders are not in it: `tersenet check --flash` counts to the byte.
    """

    parameters: int
    macs: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class CostLimits:
    """What every network of a search keeps to; None where there is no limit.

    >>> limits = CostLimits(parameters=200)
    >>> limits.excess(Cost(parameters=199, macs=1, bytes=1)), limits.excess(Cost(parameters=220, macs=1, bytes=1)) > 0
    (0.0, True)
    """

    parameters: int | None = None
    """Fewer parameters than this."""
    macs: int | None = None
    """At most this many multiply-adds per picture."""
    bytes: int | None = None
    """At most this many bytes of weights in 8 bits."""
    seconds: float | None = None
    """At most this many seconds of training on this machine, estimated from the trainings before."""

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            fits = value is None or (math.isfinite(value) and 0 < value <= MOST)
            check_setting(fits, f"search.limits.{item.name}", value, f"above 0, up to {MOST:,}")

    def excess(self, cost: Cost) -> float:
        """How far a cost is beyond the limits, as a share of them; 0.0 where it keeps them all."""
        most = (self.parameters - 1 if self.parameters else None, self.macs, self.bytes)
        values = (cost.parameters, cost.macs, cost.bytes)
        over = (value - limit for value, limit in zip(values, most, strict=True) if limit is not None)
        scale = (limit for limit in most if limit is not None)
        return sum(max(0.0, each / max(limit, 1)) for each, limit in zip(over, scale, strict=True))

    def in_words(self) -> str:
        """In a phrase.

        >>> CostLimits(parameters=5000, macs=400_000).in_words()
        'fewer than 5,000 parameters, at most 400,000 multiply-adds'
        """
        words = []
        if self.parameters is not None:
            words.append(f"fewer than {self.parameters:,} parameters")
        if self.macs is not None:
            words.append(f"at most {self.macs:,} multiply-adds")
        if self.bytes is not None:
            words.append(f"at most {self.bytes:,} bytes in 8 bits")
        if self.seconds is not None:
            words.append(f"at most {self.seconds:g} s of training")
        return ", ".join(words) or "no limits"


def cost_of(
    network: Notation | str, input_size: tuple[int, int, int] = MNIST_FORM.size, classes: int | None = len(DIGITS)
) -> Cost:
    """The cost of a network; nothing is built. Raises TersenetError where its shapes cannot work.

    >>> cost_of("8C3 BN R GAP 10Nb")
    Cost(parameters=178, macs=48752, bytes=278)
    """
    steps = infer_shapes(network, input_size, classes)
    return Cost(
        parameters=sum(step.parameters for step in steps),
        macs=sum(step.macs for step in steps),
        bytes=sum(map(_bytes, steps)),
    )


def _bytes(step: LayerShape) -> int:
    """Bytes of one layer; 0 where it uses weights again."""
    if not step.layer.multiplies() or not step.parameters:
        return 0
    channels = step.output_shape[0]
    biases = channels if getattr(step.layer, "bias", False) else 0
    return step.parameters - biases + PER_CHANNEL * channels
