"""From a network built from notation to a flat list of layers: normalisations folded, dropout gone.

A scale and a shift per channel travels with each value until something can take it: batch normalisation goes into the
convolution before it, or, where an activation is between, into the layers behind it. There a padded layer would pad
with zeros of the normalised values, so its bias becomes one per class of border position, which is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from tersenet._errors import TersenetError
from tersenet.export.folded.graph import (
    PIXEL_SCALE,
    Add,
    Average,
    Convolve,
    FloatModel,
    Join,
    Layer,
    Lookup,
    Maps,
    Maximum,
    Normalise,
    Shape,
)
from tersenet.export.folded.windows import borders_of, no_borders, slid_size
from tersenet.networks import (
    Branches,
    BranchSum,
    LayerBlock,
    Notation,
    NotationNetwork,
    Repeat,
    Residual,
    Shared,
    parse,
)

FUNCTIONS: dict[type[nn.Module], str] = {
    nn.SiLU: "silu",
    nn.GELU: "gelu",
    nn.Tanh: "tanh",
    nn.Hardswish: "hardswish",
    nn.ELU: "elu",
    nn.Sigmoid: "sigmoid",
}


@dataclass(frozen=True, eq=False)
class _Value:
    """Real values on their way: `gain[c] · maps + shift[c]`.

    `maker` is the layer that made the maps and that may still be changed, where nothing else reads them.
    """

    maps: Maps
    gain: Tensor
    shift: Tensor
    maker: Layer | None = None

    @property
    def is_plain(self) -> bool:
        return bool((self.gain == 1).all() and (self.shift == 0).all())

    def shared(self) -> _Value:
        """The same, read by more than one layer, so that its maker must stay as it is."""
        return replace(self, maker=None)


def lower(network: nn.Module, mean: Sequence[float], deviation: Sequence[float]) -> FloatModel:
    """The flat list of layers of a network built from notation, in float64.

    `mean` and `deviation` are those of each channel of the pictures, with pixels from 0 to 1. Raises TersenetError
    for another module and where the picture has another number of channels.

    >>> from tersenet.networks import build
    >>> model = lower(build("8C3 BN R D.1 MP2 GAP 10Nb").eval(), [0.13], [0.31])
    >>> [layer.name for layer in model.layers]
    ['8C3 BN R', 'MP2', 'GAP', '10Nb']
    """
    if not isinstance(network, NotationNetwork):
        raise TersenetError(
            "Only networks built from notation can be exported.",
            got=f"a module of {type(network).__name__}",
            expected="a run or network of one line of notation",
        )
    channels, height, width = network.input_size
    if not len(mean) == len(deviation) == channels:
        raise TersenetError(
            "The mean and deviation do not fit the picture.",
            got=f"{len(mean)} and {len(deviation)} values",
            expected=f"one of each for {channels} channels",
        )
    picture = Maps("picture", (channels, height, width), signed=False)
    model = FloatModel(network.notation, tuple(mean), tuple(deviation), picture)
    scale = torch.tensor(deviation, dtype=torch.float64)
    value = _Value(picture, 1 / (255 * PIXEL_SCALE * scale), -torch.tensor(mean, dtype=torch.float64) / scale)
    with torch.no_grad():
        _Lowering(model).network(parse(network.notation), network, value)
    return model


class _Lowering:
    """Walks through the notation's tree and its modules side by side, and appends layers."""

    def __init__(self, model: FloatModel) -> None:
        self.model = model

    def network(self, tree: Notation, network: NotationNetwork, value: _Value) -> None:
        value = self.chain(tree, network.layers, value)
        if not isinstance(value.maker, (Convolve, Average, Lookup)) or not value.is_plain:
            value = self.affine(value, "scores")
        value.maps.signed = True

    def chain(self, block: LayerBlock, modules: nn.Module, value: _Value) -> _Value:
        for layer, module in zip(block.layers, modules.children(), strict=True):
            if isinstance(layer, LayerBlock):
                value = self.block(layer, module, value)
            else:
                value = self.layer(str(layer), module, value)
        return value

    def block(self, block: LayerBlock, module: nn.Module, value: _Value) -> _Value:
        match block:
            case Residual():
                given = value.shared()
                assert isinstance(module.body, nn.Module)
                return self.add([given, self.chain(block, module.body, given)], ["x", "f(x)"])
            case Branches():
                given = value.shared()
                assert isinstance(module.branches, nn.ModuleList)
                made = [
                    self.chain(branch, chain, given)
                    for branch, chain in zip(block.layers, module.branches, strict=True)
                ]
                words = [str(branch) or "x" for branch in block.layers]
                return self.add(made, words) if isinstance(block, BranchSum) else self.join(made, words)
            case Repeat():
                for chain in module.children():
                    value = self.chain(block, chain, value)
                return value
            case Shared():
                assert isinstance(module.body, nn.Module)
                for _ in range(block.times):
                    value = self.chain(block, module.body, value)
                return value
        raise TypeError(block)

    def layer(self, word: str, module: nn.Module, value: _Value) -> _Value:
        """One layer of the notation."""
        match module:
            case nn.Conv2d() | nn.Linear():
                return self.convolve(word, module, value)
            case nn.BatchNorm2d() | nn.BatchNorm1d():
                return self.batch_norm(word, module, value)
            case nn.GroupNorm() | nn.LayerNorm():
                return self.normalise(word, module, value)
            case nn.ReLU():
                return self.relu(word, value)
            case nn.LeakyReLU() | nn.PReLU():
                return self.slope(word, module, value)
            case nn.Dropout() | nn.Dropout2d():
                return value
            case nn.MaxPool2d() | nn.AdaptiveMaxPool2d():
                return self.maximum(word, module, value)
            case nn.AvgPool2d() | nn.AdaptiveAvgPool2d():
                return self.average(word, module, value)
        if type(module) in FUNCTIONS:
            return self.lookup(word, FUNCTIONS[type(module)], None, value)
        raise TersenetError(
            "This layer cannot be exported.",
            got=f"{word}, torch's {type(module).__name__}",
            expected="convolutions, dense layers, normalisations, activations, pooling, dropout",
            where=self.model.notation,
        )

    def append(self, layer: Layer) -> _Value:
        self.model.layers.append(layer)
        channels = layer.target.shape[0]
        one = torch.ones(channels, dtype=torch.float64)
        return _Value(layer.target, one, torch.zeros_like(one), layer)

    def convolve(self, word: str, module: nn.Conv2d | nn.Linear, value: _Value) -> _Value:
        channels, height, width = value.maps.shape
        weights = module.weight.double()
        if isinstance(module, nn.Linear):
            weights = weights.view(-1, channels, height, width)
            kernel, stride, padding, dilation, groups = (height, width), 1, 0, 1, 1
        else:
            kernel = (module.kernel_size[0], module.kernel_size[1])
            stride, dilation, groups = module.stride[0], module.dilation[0], module.groups
            assert not isinstance(module.padding, str)
            padding = module.padding[0]
        out, size = weights.shape[0], slid_size((height, width), kernel, stride, padding, dilation)
        borders, seen = borders_of((height, width), size, kernel, stride, padding, dilation)
        gain, shift = (each.view(groups, 1, -1, 1, 1) for each in (value.gain, value.shift))
        grouped = weights.view(groups, out // groups, -1, *kernel)
        bias = torch.zeros(out, dtype=torch.float64) if module.bias is None else module.bias.double()
        if (value.shift == 0).all():
            borders, biases = no_borders(size), bias.view(-1, 1, 1)
        else:
            moved = torch.einsum("goihw,rhsw->gors", grouped * shift, seen)
            biases = bias.view(-1, 1, 1) + moved.reshape(out, *moved.shape[2:])
        weights = (grouped * gain).reshape(weights.shape)
        target = Maps(word, (out, *size), signed=True)
        return self.append(
            Convolve(
                name=word,
                sources=(value.maps,),
                target=target,
                kernel=kernel,
                stride=stride,
                padding=padding,
                dilation=dilation,
                groups=groups,
                weights=weights,
                bias=biases,
                borders=borders,
            )
        )

    def batch_norm(self, word: str, module: nn.BatchNorm1d | nn.BatchNorm2d, value: _Value) -> _Value:
        if module.running_mean is None or module.running_var is None:
            raise TersenetError("Batch normalisation without running statistics cannot be exported.", got=word)
        gain = 1 / (module.running_var.double() + module.eps).sqrt()
        if module.affine:
            gain = gain * module.weight.double()
        shift = -module.running_mean.double() * gain
        if module.affine:
            shift = shift + module.bias.double()
        maker = value.maker
        if isinstance(maker, (Convolve, Average)) and not maker.relu and value.is_plain:
            _stretch(maker, gain)
            maker.bias = maker.bias + shift.view(-1, 1, 1)
            maker.target.signed = True
            _rename(maker, word)
            return value
        if isinstance(maker, (Convolve, Average)) and maker.relu and value.is_plain and (gain != 0).all():
            # Behind a ReLU each channel may be stretched: all get the spread that batch normalisation gives them, so
            # that one scale for the whole map suits every channel.
            _stretch(maker, gain.abs())
            return replace(value, gain=gain.sign(), shift=shift)
        return replace(value, gain=value.gain * gain, shift=value.shift * gain + shift)

    def normalise(self, word: str, module: nn.GroupNorm | nn.LayerNorm, value: _Value) -> _Value:
        maps = self.plain(value)
        groups = module.num_groups if isinstance(module, nn.GroupNorm) else 1
        layer = Normalise(
            name=word,
            sources=(maps,),
            target=Maps(word, maps.shape, signed=True),
            groups=groups,
            epsilon=module.eps,
            gain=module.weight.double(),
            shift=module.bias.double(),
        )
        return self.append(layer)

    def relu(self, word: str, value: _Value) -> _Value:
        maker = value.maker
        if isinstance(maker, Maximum) and value.is_plain:  # max(relu(x)) is relu(max(x))
            made = next(layer for layer in self.model.layers if layer.target is maker.source)
            reads = sum(maker.source in layer.sources for layer in self.model.layers)
            if isinstance(made, (Convolve, Average, Add)) and not made.relu and reads == 1:
                made.relu = True
                made.target.signed = maker.target.signed = False
                _rename(made, word)
                return replace(value, maker=None)
        if isinstance(maker, (Convolve, Average, Add)) and not maker.relu and value.is_plain:
            maker.relu = True
            maker.target.signed = False
            _rename(maker, word)
            return value
        if value.is_plain and not value.maps.signed:
            return value
        made_value = self.affine(value, word)
        assert isinstance(made_value.maker, Average)
        made_value.maker.relu = True
        made_value.maps.signed = False
        return made_value

    def slope(self, word: str, module: nn.LeakyReLU | nn.PReLU, value: _Value) -> _Value:
        slopes = (
            torch.tensor([module.negative_slope], dtype=torch.float64)
            if isinstance(module, nn.LeakyReLU)
            else module.weight.double()
        )
        return self.relu(word, value) if (slopes == 0).all() else self.lookup(word, "slope", slopes, value)

    def lookup(self, word: str, function: str, slopes: Tensor | None, value: _Value) -> _Value:
        maps = self.plain(value)
        target = Maps(word, maps.shape, signed=function != "sigmoid")
        return self.append(Lookup(name=word, sources=(maps,), target=target, function=function, slopes=slopes))

    def maximum(self, word: str, module: nn.MaxPool2d | nn.AdaptiveMaxPool2d, value: _Value) -> _Value:
        if not (value.gain > 0).all():  # of what is turned over, the maximum would be the minimum
            value = self.affine(value, "affine")
        channels, height, width = value.maps.shape
        kernel, stride, padding = (height, width), 1, 0
        if isinstance(module, nn.MaxPool2d):
            kernel = (int(module.kernel_size), int(module.kernel_size))  # type: ignore[arg-type]
            stride, padding = int(module.stride), int(module.padding)  # type: ignore[arg-type]
        size = slid_size((height, width), kernel, stride, padding, 1)
        target = Maps(word, (channels, *size), signed=value.maps.signed)
        layer = Maximum(
            name=word, sources=(value.maps,), target=target, kernel=kernel, stride=stride, padding=padding
        )
        made = self.append(layer)
        return replace(made, gain=value.gain, shift=value.shift)

    def average(self, word: str, module: nn.AvgPool2d | nn.AdaptiveAvgPool2d, value: _Value) -> _Value:
        _, height, width = value.maps.shape
        if isinstance(module, nn.AvgPool2d):
            kernel = (int(module.kernel_size), int(module.kernel_size))  # type: ignore[arg-type]
            stride, padding = int(module.stride), int(module.padding)  # type: ignore[arg-type]
            return self.averaged(word, value, kernel, stride, padding)
        return self.averaged(word, value, (height, width), 1, 0)

    def affine(self, value: _Value, word: str) -> _Value:
        """The same values as maps of their own, scale and shift applied."""
        return self.averaged(word, value, (1, 1), 1, 0)

    def averaged(self, word: str, value: _Value, kernel: tuple[int, int], stride: int, padding: int) -> _Value:
        channels, height, width = value.maps.shape
        size = slid_size((height, width), kernel, stride, padding, 1)
        borders, seen = borders_of((height, width), size, kernel, stride, padding, 1)
        bias = value.shift.view(-1, 1, 1)
        if padding and not (value.shift == 0).all():
            bias = bias * seen.mean(dim=(1, 3))
        else:
            borders = no_borders(size)
        return self.append(
            Average(
                name=word,
                sources=(value.maps,),
                target=Maps(word, (channels, *size), signed=value.maps.signed or not value.is_plain),
                kernel=kernel,
                stride=stride,
                padding=padding,
                gain=value.gain,
                bias=bias,
                borders=borders,
            )
        )

    def plain(self, value: _Value) -> Maps:
        """The maps of a value, its scale and shift applied."""
        return value.maps if value.is_plain else self.affine(value, "affine").maps

    def own(self, value: _Value, word: str) -> Maps:
        """Maps of a value that nothing else reads, so that their scale can be chosen."""
        if isinstance(value.maker, (Convolve, Average, Lookup, Normalise)) and value.is_plain:
            return value.maps
        return self.affine(value, word).maps

    def add(self, values: Sequence[_Value], words: Sequence[str]) -> _Value:
        sources = tuple(self.own(value, word) for value, word in zip(values, words, strict=True))
        name = " + ".join(words)
        return self.append(Add(name=name, sources=sources, target=Maps(name, sources[0].shape, signed=True)))

    def join(self, values: Sequence[_Value], words: Sequence[str]) -> _Value:
        sources = tuple(self.own(value, word) for value, word in zip(values, words, strict=True))
        shape: Shape = (sum(maps.shape[0] for maps in sources), *sources[0].shape[1:])
        name = " & ".join(words)
        signed = any(maps.signed for maps in sources)
        return replace(
            self.append(Join(name=name, sources=sources, target=Maps(name, shape, signed=signed))), maker=None
        )


def _stretch(maker: Convolve | Average, factors: Tensor) -> None:
    """Multiply what a layer gives by a factor per channel."""
    if isinstance(maker, Convolve):
        maker.weights = maker.weights * factors.view(-1, 1, 1, 1)
    else:
        maker.gain = maker.gain * factors
    maker.bias = maker.bias * factors.view(-1, 1, 1)


def _rename(layer: Layer, word: str) -> None:
    layer.name = layer.target.name = f"{layer.name} {word}"
