"""Pictures beside what augmentation makes of them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from tersenet._errors import TersenetError
from tersenet.data.augment import Augmentation, augment, checked_pictures
from tersenet.data.form import Beyond
from tersenet.data.pixels.mix import mix
from tersenet.data.pixels.transform import BatchTransform, transformed


def preview(
    images_nchw: Tensor,
    policy: Augmentation,
    generator: torch.Generator,
    variants: int = 8,
    *,
    beyond: Beyond = "zeros",
    fill: Sequence[float] = (0.0,),
    transform: BatchTransform | None = None,
) -> Tensor:
    """What a network will see: uint8 `[N, variants + 1, C, H, W]`, each original followed by its variants.

    With mixup, a variant is mixed with one of another picture; `transform` is applied as a training applies it.

    >>> from tersenet.data.augment import POLICY_A
    >>> pictures = torch.zeros(3, 1, 28, 28, dtype=torch.uint8)
    >>> preview(pictures, POLICY_A, torch.Generator().manual_seed(0), variants=4).shape
    torch.Size([3, 5, 1, 28, 28])
    """
    if variants < 0:
        raise TersenetError("This number of variants cannot be shown.", got=variants, expected="0 or more")
    images_nchw = checked_pictures(images_nchw, policy)
    changed = augment(images_nchw.repeat_interleave(variants, dim=0), policy, generator, beyond=beyond, fill=fill)
    seed = int(torch.randint(2**31, (1,), generator=generator)) if transform or policy.mixup else 0
    if transform is not None:
        changed = transformed(changed, transform, seed=seed)
    if policy.mixup and len(images_nchw):
        columns = changed.view(len(images_nchw), variants, -1).unbind(1)  # one variant of each picture
        mixed = [mix(each, each, alpha=policy.mixup, seed=seed + number)[0] for number, each in enumerate(columns)]
        changed = torch.stack(mixed, dim=1).view(changed.shape)
    changed = changed.mul(255).round_().to(torch.uint8)
    changed_nvchw = changed.view(len(images_nchw), variants, *images_nchw.shape[1:])
    return torch.cat([images_nchw[:, None], changed_nvchw], dim=1)
