"""The network for a data set where none is named: by the size of its pictures."""

from __future__ import annotations

AUTO = "auto"
"""The word that asks for it."""

# From so many pixels of the shorter side on. A map of about 3×3 to 8×8 is left for the average at the end.
BY_SIDE = (
    (56, "8C3p1 BN R MP2 12C3p1 BN R MP2 16C3p1 BN R MP2 16C3p1 BN R MP2 18C3p1 BN R GAP"),
    (24, "10C3p1 BN R MP2 16C3p1 BN R MP2 18C3p1 BN R MP2 18C3p1 BN R GAP"),
    (0, "12C3p1 BN R MP2 20C3p1 BN R MP2 24C3p1 BN R GAP"),
)


def default_network(size: tuple[int, int, int], classes: int) -> str:
    """The notation of a compact network for pictures `(C, H, W)` of `classes` classes (docs/small-sets.md).

    >>> default_network((3, 32, 32), 5)
    '10C3p1 BN R MP2 16C3p1 BN R MP2 18C3p1 BN R MP2 18C3p1 BN R GAP 5Nb'
    """
    layers = next(layers for least, layers in BY_SIDE if min(size[1:]) >= least)
    return f"{layers} {classes}Nb"
