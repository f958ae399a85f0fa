"""From real numbers to 8 bits: scales from training images, weights and multipliers per channel, overflow proved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress

import numpy as np
import torch
from torch import Tensor, nn

from tersenet._errors import TersenetError, check_setting
from tersenet.data import MNIST_FORM, Dataset
from tersenet.export.folded.graph import (
    Add,
    Average,
    Convolve,
    FloatModel,
    Join,
    Layer,
    Lookup,
    Maps,
    Maximum,
)
from tersenet.export.folded.lowering import lower
from tersenet.export.folded.real import apply_function, run_real
from tersenet.export.integers.calibration import choose_scales
from tersenet.export.integers.integer import (
    IntegerAdd,
    IntegerAverage,
    IntegerConvolve,
    IntegerJoin,
    IntegerLayer,
    IntegerLookup,
    IntegerMaps,
    IntegerMaximum,
    IntegerModel,
    Requantising,
)
from tersenet.export.integers.multipliers import (
    FEWEST_BITS,
    LEAST,
    MOST_BITS,
    Multiplier,
    agrees,
    candidates,
    candidates_close,
    fits_32_bits,
    float32_weight_scale,
    no_multiplier,
)
from tersenet.runs import Run

BITS = (2, 8)
CALIBRATE = 500
ACCUMULATOR = 2**31 - 1


def quantise(
    network: Run | nn.Module,
    images: Tensor | None = None,
    *,
    bits: int = 8,
    mean: Sequence[float] | None = None,
    deviation: Sequence[float] | None = None,
) -> IntegerModel:
    """The integer model of a finished run, or of a network built from notation.

    `images` are training images for calibration, uint8 `[N, H, W]` or `[N, C, H, W]`; a few hundred are enough, and
    test images must not be among them. Without them, 500 of a run's training images are taken.
    `bits` are those of the weights, 2 to 8; values between layers have 8. `mean` and `deviation` per channel are
    those with which the network's pictures were normalised: the run's, else MNIST's.

    Raises TersenetError for a layer that has no integer form, and where a sum could pass 32 bits.

    >>> from tersenet.networks import build
    >>> _ = torch.manual_seed(0)
    >>> model = quantise(build("8C3 BN R MP2 GAP 10Nb"), torch.randint(256, (50, 28, 28), dtype=torch.uint8))
    >>> [type(layer).__name__ for layer in model.layers], model.weight_bytes
    (['IntegerConvolve', 'IntegerMaximum', 'IntegerAverage', 'IntegerConvolve'], 152)
    """
    check_setting(BITS[0] <= bits <= BITS[1], "bits", bits, f"{BITS[0]} to {BITS[1]}")
    if isinstance(network, Run):
        images = calibration_images(network.data(), CALIBRATE) if images is None else images
        mean, deviation = mean or network.form.mean, deviation or network.form.deviation
        network = finished_model(network)
    if images is None:
        raise TersenetError(
            "A network without a run needs images for calibration.", expected="quantise(model, images)"
        )
    if images.dtype != torch.uint8 or images.dim() not in (3, 4) or len(images) == 0:
        raise TersenetError(
            "The images for calibration do not fit.",
            got=f"{images.dtype} {tuple(images.shape)}",
            expected="uint8 [N, H, W] or [N, C, H, W], one or more",
        )
    model = lower(network, mean or MNIST_FORM.mean, deviation or MNIST_FORM.deviation)
    scales = choose_scales(model, run_real(model, images))
    return _Quantiser(model, scales, bits).model()


def calibration_images(dataset: Dataset, count: int) -> Tensor:
    """`count` training images of a data set, evenly spaced; all of them where there are fewer.

    >>> from tersenet.data import draw_synthetic
    >>> train, test = draw_synthetic(train=30, test=10)
    >>> digits = Dataset(name="synthetic", train=train, test=test, classes=tuple("0123456789"), source="drawn")
    >>> calibration_images(digits, 10).shape
    torch.Size([10, 1, 28, 28])
    """
    check_setting(count >= 1, "calibrate", count, "1 or more")
    return dataset.train.images[torch.linspace(0, len(dataset.train) - 1, min(count, len(dataset.train))).long()]


def finished_model(run: Run) -> nn.Module:
    """The trained network of a run; raises TersenetError where the run is not finished."""
    if not run.is_finished:
        raise TersenetError(
            "This run is not finished.",
            got=f"{len(run.metrics)} of {run.experiment.training.epochs} epochs",
            expected="a run with its result",
            where=run.path,
            hint=f"tersenet train --resume {run.name}",
        )
    return run.model()


class _Quantiser:
    """Makes each layer whole, one after another."""

    def __init__(self, model: FloatModel, scales: Mapping[Maps, float], bits: int) -> None:
        self.real = model
        self.limit = 2 ** (bits - 1) - 1
        self.bits = bits
        self.maps = {
            maps: IntegerMaps(index, maps.name, maps.shape, scales[maps], maps.signed)
            for index, maps in enumerate(model.maps)
        }
        self.stored: list[tuple[Tensor, IntegerConvolve]] = []

    def model(self) -> IntegerModel:
        layers = tuple(self.layer(layer) for layer in self.real.layers)
        real = self.real
        return IntegerModel(real.notation, self.bits, real.mean, real.deviation, tuple(self.maps.values()), layers)

    def layer(self, layer: Layer) -> IntegerLayer:
        sources, target = tuple(self.maps[maps] for maps in layer.sources), self.maps[layer.target]
        match layer:
            case Convolve():
                return self.convolve(layer, sources, target)
            case Average():
                return self.average(layer, sources, target)
            case Maximum():
                return IntegerMaximum(
                    name=layer.name,
                    sources=sources,
                    target=target,
                    kernel=layer.kernel,
                    stride=layer.stride,
                    padding=layer.padding,
                )
            case Lookup():
                return self.lookup(layer, sources, target)
            case Add():
                low = 0 if layer.relu else target.lowest
                return IntegerAdd(name=layer.name, sources=sources, target=target, low=low, high=target.highest)
            case Join():
                return IntegerJoin(name=layer.name, sources=sources, target=target)
        raise TersenetError(
            "This layer has no integer form.",
            got=f"{layer.name}: it divides by the deviation of each picture's own values",
            expected="batch normalisation (BN), whose deviation is fixed after training",
            where=self.real.notation,
            hint="export it as float32 (--bits 32), or train it with BN in place of GN or LN",
        )

    def convolve(self, layer: Convolve, sources: tuple[IntegerMaps, ...], target: IntegerMaps) -> IntegerConvolve:
        """Weights that are used again are stored once, unless that would make a result less exact."""
        before = next((made for real, made in self.stored if torch.equal(real, layer.weights)), None)
        if before is not None:
            with suppress(TersenetError):
                return self.convolve_with(before, layer, sources, target)
        made = self.convolve_with(None, layer, sources, target)
        self.stored.append((layer.weights, made))
        return made

    def convolve_with(
        self,
        before: IntegerConvolve | None,
        layer: Convolve,
        sources: tuple[IntegerMaps, ...],
        target: IntegerMaps,
    ) -> IntegerConvolve:
        source, weights, bias = sources[0], layer.weights, layer.bias
        low = 0 if layer.relu else target.lowest
        rows, found, bounds = [], [], []
        for channel in range(len(weights)):
            if before is None:
                make = _weights_of(weights[channel], self.limit)
                scale = float(weights[channel].abs().max()) / self.limit
            else:
                make = _these(before.weights[channel])
                scale = float(before.weight_scales[channel])
            place = layer.name, channel
            row, number, bound = _requantised(
                make, scale, bias[channel], source, target, low, place, at_least=before is None
            )
            rows.append(row)
            found.append(number)
            bounds.append(bound)
        return IntegerConvolve(
            name=layer.name,
            sources=sources,
            target=target,
            kernel=layer.kernel,
            stride=layer.stride,
            padding=layer.padding,
            dilation=layer.dilation,
            groups=layer.groups,
            weights=np.stack(rows) if before is None else before.weights,
            weight_scales=np.array([each.weight_scale for each in found], np.float32),
            bias=_biases(bias, source, found),
            borders=layer.borders,
            requantising=_requantising(found, bounds, low, target),
        )

    def average(self, layer: Average, sources: tuple[IntegerMaps, ...], target: IntegerMaps) -> IntegerAverage:
        """A plain mean has weights of one, unless that would make a result less exact."""
        if bool((layer.gain == layer.gain[0]).all() and layer.gain[0] > 0 and (layer.bias == 0).all()):
            with suppress(TersenetError):
                return self.average_with(layer, sources, target, ones=True)
        return self.average_with(layer, sources, target, ones=False)

    def average_with(
        self, layer: Average, sources: tuple[IntegerMaps, ...], target: IntegerMaps, *, ones: bool
    ) -> IntegerAverage:
        source, low = sources[0], 0 if layer.relu else target.lowest
        area = layer.kernel[0] * layer.kernel[1]
        gains, found, bounds = [], [], []
        for channel, gain in enumerate(layer.gain / area):
            make = _these(np.ones((area,), np.int8)) if ones else _weights_of(gain.expand(area), 127)
            scale = float(gain.abs()) / (1 if ones else 127)
            place = layer.name, channel
            row, number, bound = _requantised(
                make, scale, layer.bias[channel], source, target, low, place, at_least=not ones
            )
            gains.append(row[0])
            found.append(number)
            bounds.append(bound)
        return IntegerAverage(
            name=layer.name,
            sources=sources,
            target=target,
            kernel=layer.kernel,
            stride=layer.stride,
            padding=layer.padding,
            gain=np.array(gains, np.int8),
            gain_scales=np.array([each.weight_scale for each in found], np.float32),
            bias=_biases(layer.bias, source, found),
            borders=layer.borders,
            requantising=_requantising(found, bounds, low, target),
        )

    def lookup(self, layer: Lookup, sources: tuple[IntegerMaps, ...], target: IntegerMaps) -> IntegerLookup:
        source = sources[0]
        places = torch.arange(256, dtype=torch.float64)
        q = torch.where(places > source.highest, places - 256, places)
        tables = len(layer.slopes) if layer.slopes is not None else 1
        real = apply_function(layer.function, layer.slopes, (q * source.scale).expand(1, tables, 256))[0]
        table = (real / target.scale + 0.5).floor().clamp(target.lowest, target.highest)
        return IntegerLookup(
            name=layer.name,
            sources=sources,
            target=target,
            function=layer.function,
            table=table.to(torch.int16).numpy(),
        )


Make = Callable[[float], np.ndarray]


def _weights_of(real: Tensor, limit: int) -> Make:
    """The weights of a channel for a scale."""
    return lambda scale: (real / scale).round().clamp(-limit, limit).to(torch.int8).numpy()


def _these(weights: np.ndarray) -> Make:
    return lambda scale: weights


def _requantised(
    make: Make,
    scale: float,
    bias: Tensor,
    source: IntegerMaps,
    target: IntegerMaps,
    low: int,
    place: tuple[str, int],
    *,
    at_least: bool,
) -> tuple[np.ndarray, Multiplier, int]:
    """The weights of one channel, its multiplier, and the largest absolute sum it can reach.

    Of the multipliers whose products stay within 32 bits the most exact; without one, wider products.
    With `at_least` the scale of the weights may grow to fit it; weights that are given want one that is close.
    """
    wanted = scale * source.scale / target.scale
    if at_least:
        wanted = max(wanted, LEAST)
    for narrow, found in _in_order(wanted, at_least=at_least):
        for m, s in found:
            weight_scale = float32_weight_scale(m, s, source.scale, target.scale)
            if weight_scale is None:
                continue
            number = Multiplier(m, s, weight_scale)
            row = make(number.value * target.scale / source.scale)
            bound = _bound(row, bias, source, number.value * target.scale, place)
            if narrow and not fits_32_bits(m, s, bound):
                break  # fewer bits
            if agrees(m, s, bound, low, target.highest):
                return row, number, bound
    raise no_multiplier(*place, wanted)


def _in_order(wanted: float, *, at_least: bool) -> Iterator[tuple[bool, Iterator[tuple[int, int]]]]:
    """What is tried for a factor, best first: whether its products must stay within 32 bits, and multipliers."""
    every = range(MOST_BITS, FEWEST_BITS - 1, -1)
    if at_least:
        yield from ((True, candidates(wanted, bits=bits)) for bits in every)
        yield False, candidates(wanted, bits=MOST_BITS)
    else:
        for narrow in (True, False):
            yield from ((narrow, candidates_close(wanted, bits=bits)) for bits in every)


def _bound(row: np.ndarray, bias: Tensor, source: IntegerMaps, unit: float, place: tuple[str, int]) -> int:
    """The largest absolute value of a channel's sum and of every part of it, for whatever picture."""
    most = max(-source.lowest, source.highest)
    bound = most * int(np.abs(row.astype(np.int64)).sum()) + int((bias / unit).round().abs().max())
    if bound > ACCUMULATOR:
        raise TersenetError(
            "The sums of this layer could pass 32 bits.",
            got=f"up to {bound:,}",
            expected=f"up to {ACCUMULATOR:,}",
            where=f"{place[0]}, channel {place[1]}",
            hint="split the layer, or train it with smaller weights",
        )
    return bound


def _biases(bias: Tensor, source: IntegerMaps, found: Sequence[Multiplier]) -> np.ndarray:
    """The biases in units of the sums, int32 `[O, R, S]`."""
    units = torch.tensor([each.weight_scale * source.scale for each in found], dtype=torch.float64)
    return np.asarray((bias / units.view(-1, 1, 1)).round().to(torch.int32).numpy())


def _requantising(found: Sequence[Multiplier], bounds: Sequence[int], low: int, target: IntegerMaps) -> Requantising:
    wide = not all(fits_32_bits(each.m, each.s, bound) for each, bound in zip(found, bounds, strict=True))
    return Requantising(
        multipliers=np.array([each.m for each in found], np.int32),
        shifts=np.array([each.s for each in found], np.int32),
        low=low,
        high=target.highest,
        bound=max(bounds),
        wide=wide,
    )
