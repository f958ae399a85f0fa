"""Where in a picture a network finds evidence for each class.

Let A be the maps of the last layer that has any, and logit_c = t_c(A) what the rest of the network makes of them.

Where t is affine, t_c(A) = ⟨g_c, A⟩ + b_c, the logit is a sum over the positions of the map, and

    M_c(x, y) = h·w · Σ_k g_c,k(x, y) · A_k(x, y)        mean(M_c) + b_c = logit_c

is exact. Behind a global average pooling and a dense layer h·w·g_c,k is the dense layer's weight and M_c the class
activation map of Zhou et al., "Learning Deep Features for Discriminative Localization" (CVPR 2016); behind a map that
is flattened it is HiResCAM (Draelos and Carin, 2020).

Elsewhere it is Grad-CAM (Selvaraju et al., ICCV 2017), an approximation:

    M_c = ReLU(Σ_k α_c,k · A_k)        α_c,k = mean over x, y of ∂logit_c/∂A_k(x, y)
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tersenet._errors import TersenetError
from tersenet.inspection.observe import ObservedLayer, answer_from, as_batch, find_layer, last_softmax, observe
from tersenet.networks import SOFTMAX_OF_LOGITS, names_dropout

EXACT, GRAD_CAM = "exact", "Grad-CAM"
Tail = Callable[[Tensor, Tensor], Tensor]  # maps and pictures to logits


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassActivation:
    """A map for each class: `maps` `[N, K, h, w]` and `logits` `[N, K]`, made from what `layer` gives.

    `method` is `exact` (then `maps.mean((2, 3)) + bias == logits`, with `bias` `[K]`) or `Grad-CAM` (`bias` None).
    """

    maps: Tensor
    logits: Tensor
    bias: Tensor | None
    method: str
    layer: ObservedLayer

    def on_input(self, height: int, width: int) -> Tensor:
        """The maps drawn on the picture, `[N, K, height, width]`.

        A value is placed at the middle of what its position sees; between these it is interpolated linearly, outside
        the nearest is taken. Where it is not known what positions see, the map is stretched evenly.
        """
        rows = self._weights(0, height).to(self.maps)
        columns = self._weights(1, width).to(self.maps)
        return rows @ self.maps @ columns.T

    def _weights(self, axis: int, pixels: int) -> Tensor:
        """How much each pixel takes of each position, `[pixels, positions]`."""
        positions = self.maps.shape[2 + axis]
        centres = [(position + 0.5) * pixels / positions - 0.5 for position in range(positions)]
        squares = [self.layer.square(*((at, 0) if axis == 0 else (0, at))) for at in range(positions)]
        known = [square.centre[axis] for square in squares if square is not None]
        if len(known) == positions and all(a < b for a, b in itertools.pairwise(known)):
            centres = known
        weights = torch.zeros(pixels, positions, dtype=torch.float64)
        for pixel in range(pixels):
            after = sum(centre <= pixel for centre in centres)
            if after in (0, positions):
                weights[pixel, min(after, positions - 1)] = 1.0
            else:
                share = (pixel - centres[after - 1]) / (centres[after] - centres[after - 1])
                weights[pixel, after - 1], weights[pixel, after] = 1 - share, share
        return weights


def class_activation_maps(model: nn.Module, x: Tensor, layer: str | int | None = None) -> ClassActivation:
    """What each class looks at in pictures `x`, `[N, C, H, W]` or `[C, H, W]`, for any module that answers `[N, K]`.

    `layer` is the layer whose maps are used; the last with maps where none is given. Whether the rest of the network
    is affine is measured (at blank and at random maps), not read from its layers. A softmax at the end is left out:
    the maps are of logits. Raises TersenetError where there are no maps, or no such layer.

    >>> from tersenet.networks import build
    >>> found = class_activation_maps(build("4C3 R GAP 10Nb"), torch.rand(1, 28, 28))
    >>> found.method, list(found.maps.shape), found.layer.name
    ('exact', [1, 10, 26, 26], 'ReLU-2')
    >>> bool(torch.allclose(found.maps.mean((2, 3)) + found.bias, found.logits, atol=1e-5))
    True
    """
    model, x = getattr(model, "_orig_mod", model), as_batch(x)
    return activation_of(model, x, observe(model, x), layer)


def activation_of(
    model: nn.Module, x: Tensor, layers: list[ObservedLayer], layer: str | int | None = None
) -> ClassActivation:
    """The same from layers that were observed."""
    chosen = _last_with_maps(layers) if layer is None else _with_maps(find_layer(layers, layer))
    weights = next(model.parameters(), x)
    x, softmax = x.to(weights.device, weights.dtype), last_softmax(layers)

    def tail(maps: Tensor, pictures: Tensor) -> Tensor:
        return answer_from(model, pictures, chosen, maps, softmax=softmax)

    maps = chosen.output.clone().requires_grad_()
    logits = tail(maps, x)
    gradients = _gradients(logits, maps)
    if _is_affine(tail, chosen.output, gradients, x):
        with torch.no_grad():
            bias = tail(torch.zeros_like(chosen.output[:1]), x[:1])[0]
        positions = maps.shape[2] * maps.shape[3]
        found = positions * torch.einsum("nkchw,nchw->nkhw", gradients, chosen.output)
        return ClassActivation(maps=found, logits=logits.detach(), bias=bias, method=EXACT, layer=chosen)
    slopes = gradients.mean((3, 4))
    found = torch.einsum("nkc,nchw->nkhw", slopes, chosen.output).relu()
    return ClassActivation(maps=found, logits=logits.detach(), bias=None, method=GRAD_CAM, layer=chosen)


def _gradients(logits: Tensor, maps: Tensor) -> Tensor:
    """∂logit_c/∂A of every class, `[N, K, C, h, w]`."""
    if not logits.requires_grad:
        return torch.zeros(*logits.shape, *maps.shape[1:], dtype=maps.dtype, device=maps.device)
    slopes = [
        torch.autograd.grad(logits[:, place].sum(), maps, retain_graph=True, materialize_grads=True)[0]
        for place in range(logits.shape[1])
    ]
    return torch.stack(slopes, dim=1)


def _is_affine(tail: Tail, maps: Tensor, gradients: Tensor, x: Tensor) -> bool:
    """Whether the rest is affine in the maps, the same for every picture, and depends on nothing else.

    Compared are its answers at random maps, with a random picture underneath, with what an affine rest would give.
    """
    draws = torch.Generator().manual_seed(0)
    spread = float(maps.abs().amax()) or 1.0
    with torch.no_grad():
        bias = tail(torch.zeros_like(maps), x)
        for _ in range(3):
            # Far out for whole maps, so that no unit of the rest stays on one side of its bend.
            level = 3 * torch.randn(*maps.shape[:2], 1, 1, generator=draws)
            other = (spread * (level + torch.randn(maps.shape, generator=draws))).to(maps)
            underneath = torch.randn(x.shape, generator=draws).to(x)
            expected = torch.einsum("nkchw,nchw->nk", gradients[:1].expand_as(gradients), other) + bias[:1]
            got = tail(other, underneath)
            # The rounding of a sum grows with its terms.
            terms = torch.einsum("nkchw,nchw->nk", gradients[:1].expand_as(gradients).abs(), other.abs())
            allowed = 100 * torch.finfo(maps.dtype).eps * (terms + bias.abs() + got.abs())
            if not bool(((got - expected).abs() <= allowed).all()):
                return False
    return True


def _last_with_maps(layers: list[ObservedLayer]) -> ObservedLayer:
    for layer in reversed(layers):
        passes_on = layer.type in SOFTMAX_OF_LOGITS or names_dropout(layer.type) or layer.type == "Identity"
        if layer.has_maps and not passes_on and layer.call is not None:
            return layer
    raise TersenetError(
        "The network has no feature maps, so there are no class activation maps.",
        got=", ".join(layer.name for layer in layers) or "no layers",
        expected="a convolution that leaves more than one position",
    )


def _with_maps(layer: ObservedLayer) -> ObservedLayer:
    if layer.has_maps:
        return layer
    raise TersenetError(
        "This layer has no maps.",
        got=f"{layer.name}, output {list(layer.output.shape[1:])}",
        expected="a layer that leaves [C, h, w] with more than one position",
        hint="choose a convolution, or a layer before the global pooling",
    )
