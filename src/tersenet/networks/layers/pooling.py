"""`MP2`, `AP2`: the maximum or the average of small windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from tersenet._errors import TersenetError
from tersenet.networks.layers.kind import LayerKind, Shape
from tersenet.networks.layers.sliding import slid, window_caption
from tersenet.networks.layers.written import number_after, option
from tersenet.networks.summary.receptive_field_rules import pooled


@dataclass(frozen=True, kw_only=True)
class Pooling(LayerKind):
    """A window of `kernel`×`kernel`; the stride is the kernel unless given, the padding at most half the kernel."""

    family = "pooling"
    needs_maps = True
    sees = staticmethod(pooled)

    kernel: int = number_after("kernel")
    padding: int = option("p", "padding", 0, low=0)
    stride: int = option("s", "stride", None)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.padding > self.kernel // 2:
            raise TersenetError(
                "The padding of a pooling is at most half its kernel.",
                got=f"padding {self.padding}, kernel {self.kernel}",
                expected=f"0 to {self.kernel // 2}",
            )

    def default(self, name: str) -> Any:
        """The stride is the kernel unless given."""
        return self.kernel if name == "stride" else super().default(name)

    def output_shape(self, shape: Shape) -> Shape:
        """`(C, H', W')`."""
        left = slid(shape, kernel=self.kernel, padding=self.padding, stride=self.stride, pooling=True)
        return (shape[0], *left)

    def caption(self) -> str:
        """Kernel, and the stride where it is another."""
        return window_caption(self.name, self.kernel, stride=1 if self.stride == self.kernel else self.stride)


@dataclass(frozen=True, kw_only=True)
class MaxPooling(Pooling):
    """`MP2`: the maximum of each 2×2.

    >>> print(MaxPooling(kernel=2), MaxPooling(kernel=3, stride=2, padding=1))
    MP2 MP3p1s2
    """

    letters = "MP"
    example = "MP2"
    name = "max pooling"
    words = "max pooling over 2×2; the stride is the kernel unless given"
    also_called = ("MAXPOOL",)
    alike = {"MP2": "MaxPool2d(2)", "MP3p1s2": "MaxPool2d(3, stride=2, padding=1)"}
    functions = {"max_pool2d": "MaxPool2d", "max_pool2d_with_indices": "MaxPool2d"}
    engine = "max_pool"

    def module(self, shape: Shape) -> nn.Module:
        """`nn.MaxPool2d`."""
        return nn.MaxPool2d(self.kernel, stride=self.stride, padding=self.padding)

    def caption(self) -> str:
        """`max pool 2×2`."""
        return super().caption().replace("pooling", "pool")


@dataclass(frozen=True, kw_only=True)
class AveragePooling(Pooling):
    """`AP2`: the average of each 2×2."""

    letters = "AP"
    example = "AP2"
    name = "average pooling"
    words = "average pooling over 2×2; the stride is the kernel unless given"
    also_called = ("AVGPOOL",)
    alike = {"AP2": "AvgPool2d(2)", "AP3p1s2": "AvgPool2d(3, stride=2, padding=1)"}
    functions = {"avg_pool2d": "AvgPool2d"}
    engine = "average_pool"

    def module(self, shape: Shape) -> nn.Module:
        """`nn.AvgPool2d`."""
        return nn.AvgPool2d(self.kernel, stride=self.stride, padding=self.padding)

    def caption(self) -> str:
        """`average pool 2×2`."""
        return super().caption().replace("pooling", "pool")
