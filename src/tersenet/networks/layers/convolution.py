"""`16C3`: convolution."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from tersenet._errors import TersenetError
from tersenet.networks.layers.kind import LayerKind, Shape, channels_of
from tersenet.networks.layers.sliding import slid, window_caption
from tersenet.networks.layers.written import MAX_CHANNELS, number_after, number_before, option, switch
from tersenet.networks.summary.receptive_field_rules import convolved


@dataclass(frozen=True, kw_only=True)
class Convolution(LayerKind):
    """`16C3`: 16 channels out, 3×3; options `p1 s2 d2 g4 b`. No padding and no bias unless asked for.

    >>> print(Convolution(channels=16, kernel=3, padding=1, bias=True))
    16C3p1b
    """

    letters = "C"
    example = "16C3"
    name = "convolution"
    words = "convolution: 16 output channels, kernel 3×3, no padding, no bias"
    family = "convolution"
    also_called = ("CONV",)
    alike = {
        "16C3": "Conv2d(8, 16, 3, bias=False)",
        "6C5p2s2d2g2b": "Conv2d(8, 6, 5, padding=2, stride=2, dilation=2, groups=2)",
    }
    functions = {"conv2d": "Conv2d"}
    engine = "convolution"
    needs_maps = True
    sets_width = True
    sees = staticmethod(convolved)

    channels: int = number_before("number of channels")
    kernel: int = number_after("kernel")
    padding: int = option("p", "padding", 0, low=0)
    stride: int = option("s", "stride", 1)
    dilation: int = option("d", "dilation", 1)
    groups: int = option("g", "groups", 1, high=MAX_CHANNELS)
    bias: bool = switch("b", "bias")

    def output_shape(self, shape: Shape) -> Shape:
        """`(channels, H', W')`."""
        if shape[0] % self.groups or self.channels % self.groups:
            raise TersenetError(
                "The groups do not divide the channels.",
                got=f"{self.groups} groups, {shape[0]} channels in, {self.channels} out",
                expected="a number of groups that divides both",
            )
        left = slid(shape, kernel=self.kernel, padding=self.padding, stride=self.stride, dilation=self.dilation)
        return (self.channels, *left)

    def parameters(self, shape: Shape) -> int:
        """A kernel for each channel out, over the channels in of its group; with bias a number for each."""
        return self._weights(shape) + self.bias * self.channels

    def macs(self, shape: Shape, output: Shape) -> int:
        """Every weight once at every position."""
        return self._weights(shape) * output[1] * output[2]

    def _weights(self, shape: Shape) -> int:
        return self.channels * (shape[0] // self.groups) * self.kernel**2

    def fits(self, shape: Shape) -> tuple[str, int]:
        """The channels in."""
        return channels_of(shape)

    def module(self, shape: Shape) -> nn.Module:
        """`nn.Conv2d`."""
        return nn.Conv2d(
            shape[0],
            self.channels,
            self.kernel,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            groups=self.groups,
            bias=self.bias,
        )

    def caption(self) -> str:
        """Kernel, stride and dilation."""
        return window_caption("conv", self.kernel, stride=self.stride, dilation=self.dilation)
