"""`DW3`: depthwise convolution."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from tersenet.networks.layers.kind import LayerKind, Shape, channels_of
from tersenet.networks.layers.sliding import slid, window_caption
from tersenet.networks.layers.written import number_after, option, switch
from tersenet.networks.summary.receptive_field_rules import convolved


@dataclass(frozen=True, kw_only=True)
class Depthwise(LayerKind):
    """`DW3`: a convolution of each channel by itself; options `p s d b`."""

    letters = "DW"
    example = "DW3"
    name = "depthwise convolution"
    words = "depthwise convolution, kernel 3×3: each channel separately"
    family = "convolution"
    alike = {
        "DW3": "Conv2d(8, 8, 3, groups=8, bias=False)",
        "DW3p2s2d2b": "Conv2d(8, 8, 3, padding=2, stride=2, dilation=2, groups=8)",
    }
    functions = {"conv2d": "Conv2d"}
    engine = "convolution"
    needs_maps = True
    sees = staticmethod(convolved)

    kernel: int = number_after("kernel")
    padding: int = option("p", "padding", 0, low=0)
    stride: int = option("s", "stride", 1)
    dilation: int = option("d", "dilation", 1)
    bias: bool = switch("b", "bias")

    def output_shape(self, shape: Shape) -> Shape:
        """`(C, H', W')`."""
        left = slid(shape, kernel=self.kernel, padding=self.padding, stride=self.stride, dilation=self.dilation)
        return (shape[0], *left)

    def parameters(self, shape: Shape) -> int:
        """One kernel for each channel; with bias a number for each."""
        return shape[0] * (self.kernel**2 + self.bias)

    def macs(self, shape: Shape, output: Shape) -> int:
        """Every weight once at every position."""
        return shape[0] * self.kernel**2 * output[1] * output[2]

    def fits(self, shape: Shape) -> tuple[str, int]:
        """The channels in."""
        return channels_of(shape)

    def module(self, shape: Shape) -> nn.Module:
        """`nn.Conv2d` with as many groups as channels."""
        return nn.Conv2d(
            shape[0],
            shape[0],
            self.kernel,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            groups=shape[0],
            bias=self.bias,
        )

    def caption(self) -> str:
        """Kernel, stride and dilation."""
        return window_caption("depthwise", self.kernel, stride=self.stride, dilation=self.dilation)
