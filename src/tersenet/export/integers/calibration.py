"""The scale of each map's 8-bit values, from what training images make it hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from tersenet.export.folded.graph import PIXEL_SCALE, Add, FloatModel, Join, Maps, Maximum
from tersenet.export.integers.multipliers import round_scale

SAMPLE = 20_000  # values of a map that are looked at
SHARES = 24  # clipping limits that are tried
NOTHING = 1e-6  # maps that hold less are dead, and any scale will do


def choose_scales(model: FloatModel, made: Mapping[Maps, Tensor]) -> dict[Maps, float]:
    """The scale of every map, of eight significant bits; maps that are added, joined or pooled share one.

    `made` is what calibration images make (`run_real`). The limit at which a map is clipped is the one of 24 that
    gives the least mean squared error after rounding to 8 bits. Maps that are joined or pooled are also signed alike:
    `Maps.signed` is set.
    """
    groups = _Groups(model.maps)
    for layer in model.layers:
        if isinstance(layer, (Maximum, Join, Add)):
            groups.unite([*layer.sources, layer.target])
    _sign_alike(model)
    scales = {
        maps: PIXEL_SCALE if maps is model.picture else _best_scale(_sample(made[maps]), signed=maps.signed)
        for maps in model.maps
    }
    for group in groups.all():
        # Pooled pixels are pixels.
        scale = PIXEL_SCALE if model.picture in group else max(scales[maps] for maps in group)
        scales |= dict.fromkeys(group, scale)
    return scales


def _sign_alike(model: FloatModel) -> None:
    """Copies between maps keep the bits, so joined and pooled maps are signed where one of them is."""
    groups = _Groups(model.maps)
    for layer in model.layers:
        if isinstance(layer, (Maximum, Join)):
            groups.unite([*layer.sources, layer.target])
    for group in groups.all():
        signed = any(maps.signed for maps in group)
        for maps in group:
            maps.signed = signed


def _sample(values: Tensor) -> Tensor:
    """Some of the values at random places, and the largest: at regular places only one column might be seen."""
    flat = values.flatten().double()
    if len(flat) <= SAMPLE:
        return flat
    places = torch.randint(len(flat), (SAMPLE,), generator=torch.Generator().manual_seed(0))
    return torch.cat([flat[places], flat[flat.abs().argmax().view(1)]])


def _best_scale(values: Tensor, *, signed: bool) -> float:
    low, high = (-128, 127) if signed else (0, 255)
    largest = float(values.abs().max())
    if largest < NOTHING:
        return PIXEL_SCALE
    best = (float("inf"), 1.0)
    for share in range(SHARES, SHARES // 3, -1):
        scale = round_scale(largest * share / SHARES / high)
        error = (values - (values / scale).round().clamp(low, high) * scale).square().mean()
        best = min(best, (float(error), scale))
    return best[1]


class _Groups:
    """Maps that must have something in common (union-find)."""

    def __init__(self, maps: Iterable[Maps]) -> None:
        self.parent = {each: each for each in maps}

    def root(self, maps: Maps) -> Maps:
        while self.parent[maps] is not maps:
            maps = self.parent[maps]
        return maps

    def unite(self, maps: list[Maps]) -> None:
        for other in maps[1:]:
            self.parent[self.root(other)] = self.root(maps[0])

    def all(self) -> Iterable[list[Maps]]:
        found: dict[Maps, list[Maps]] = {}
        for maps in self.parent:
            found.setdefault(self.root(maps), []).append(maps)
        return found.values()


def expected(values: Tensor) -> Tensor:
    """The mean of each channel over pictures and positions: `[C]`."""
    return torch.as_tensor(values.double().mean(dim=(0, 2, 3)))
