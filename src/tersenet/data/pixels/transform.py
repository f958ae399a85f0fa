"""A user's own transforms of whole batches; those of torchvision and albumentations, picture by picture."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tersenet._errors import TersenetError

BatchTransform = Callable[[Tensor], Tensor]
"""Floats `[N, C, H, W]` in 0..1 to floats of the same shape."""


def transformed(images_nchw: Tensor, transform: BatchTransform, *, seed: int) -> Tensor:
    """A batch of floats in 0..1 as a transform changes it; its random numbers are a function of `seed`.

    Any callable is given the whole batch. A transform of torchvision is given each picture by itself (`[C, H, W]`),
    so that each is changed in its own way; one of albumentations each picture as bytes (`[H, W, C]`). The random
    numbers of torch, numpy and Python are seeded for it and left as they were. Raises TersenetError where it fails,
    or gives something else than pictures of the same shape.

    >>> halves = transformed(torch.ones(2, 3, 8, 8), lambda batch: batch / 2, seed=0)
    >>> halves.shape, halves.max().item()
    (torch.Size([2, 3, 8, 8]), 0.5)
    """
    states = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            np.random.seed(seed % 2**32)  # noqa: NPY002 - what a user's code draws from
            random.seed(seed)
            found = _apply(transform, images_nchw)
    except TersenetError:
        raise
    except Exception as error:
        raise TersenetError(
            "The transform of the pictures failed.", got=f"{type(error).__name__}: {error}", where=_name(transform)
        ) from error
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
    if not isinstance(found, Tensor) or found.shape != images_nchw.shape or not found.is_floating_point():
        is_tensor = isinstance(found, Tensor)
        raise TersenetError(
            "The transform does not give pictures of the same shape.",
            got=f"{found.dtype} {list(found.shape)}" if is_tensor else f"a {type(found).__name__}",
            expected=f"torch.float32 {list(images_nchw.shape)}",
            where=_name(transform),
        )
    return found.to(images_nchw.dtype)


def _apply(transform: Any, images_nchw: Tensor) -> Any:
    package = type(transform).__module__.partition(".")[0]
    if package == "torchvision":
        return torch.stack([transform(image) for image in images_nchw])
    if package == "albumentations":
        return torch.stack([_by_albumentations(transform, image) for image in images_nchw])
    return transform(images_nchw)


def _by_albumentations(transform: Any, image_chw: Tensor) -> Tensor:
    pixels = image_chw.mul(255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
    if hasattr(transform, "set_random_seed"):  # from version 2 on it has random numbers of its own
        transform.set_random_seed(int(torch.randint(2**31, (1,))))
    changed = np.ascontiguousarray(transform(image=pixels)["image"])
    if changed.ndim == 2:
        changed = changed[:, :, None]
    found = torch.from_numpy(changed).permute(2, 0, 1).to(image_chw.device)
    return found.float().div(255) if found.dtype is torch.uint8 else found.float()


def _name(transform: Any) -> str:
    return getattr(transform, "__qualname__", type(transform).__qualname__)
