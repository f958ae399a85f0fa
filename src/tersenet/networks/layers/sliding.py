"""Layers whose window slides over the maps."""

from __future__ import annotations

from tersenet._errors import TersenetError
from tersenet.networks.layers.kind import Shape


def slid(
    shape: Shape, *, kernel: int, padding: int, stride: int, dilation: int = 1, pooling: bool = False
) -> tuple[int, int]:
    """The height and width that a sliding window leaves of maps `(C, H, W)`.

    Raises TersenetError where the window is larger than the padded maps, or the padding wider than the window.

    >>> slid((8, 28, 28), kernel=3, padding=0, stride=1), slid((8, 28, 28), kernel=3, padding=1, stride=2)
    ((26, 26), (14, 14))
    """
    _, height, width = shape
    reach = dilation * (kernel - 1) + 1
    dilated = f" (dilated over {reach}×{reach})" if dilation > 1 else ""
    if padding > reach:
        raise TersenetError(
            "The padding is wider than the kernel, so most positions would see nothing of the picture.",
            got=f"padding {padding}, kernel {kernel}×{kernel}{dilated}",
            expected=f"a padding of up to {reach}",
            hint=f"p{reach // 2} keeps the size of the maps" if reach % 2 else None,
        )
    if reach > min(height, width) + 2 * padding:
        padded = f", padded by {padding}" if padding else ""
        raise TersenetError(
            "The kernel is larger than its input.",
            got=f"kernel {kernel}×{kernel}{dilated}, input {height}×{width}{padded}",
            hint="shrink the maps less before it, or use GAP or GMP for the whole map"
            if pooling
            else f"pad it (p{(reach - min(height, width) + 1) // 2}), or shrink the maps less before it",
        )
    return (height + 2 * padding - reach) // stride + 1, (width + 2 * padding - reach) // stride + 1


def window_caption(name: str, kernel: int, *, stride: int = 1, dilation: int = 1) -> str:
    """The heading of a window in the drawing of a network.

    >>> window_caption("conv", 3, stride=2)
    'conv 3×3\\nstride 2'
    """
    said = ", ".join(f"{what} {value}" for what, value in (("stride", stride), ("dilation", dilation)) if value != 1)
    return f"{name} {kernel}×{kernel}" + (f"\n{said}" if said else "")
