"""A trained network as JSON, for the browser's engine: its notation, its form, and its tensors in float32."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import torch

from tersenet.data import MNIST_FORM, Form
from tersenet.networks import NotationNetwork


def network_json(model: NotationNetwork, classes: Sequence[str], form: Form = MNIST_FORM) -> dict[str, Any]:
    """The network as plain JSON: notation, input `[C, H, W]`, classes, and every tensor under torch's name.

    Tensors are float32, little-endian, in base64. Pixels of 0 to 1 minus `mean`, over `deviation`, are its input.

    >>> from tersenet.networks import build
    >>> found = network_json(build("2C3 BN GAP 10N"), list("0123456789"))
    >>> sorted(found["tensors"])[:2], len(found["tensors"]["layers.0.weight"])
    (['layers.0.weight', 'layers.1.bias'], 96)
    """
    return {
        "notation": model.notation,
        "input": list(model.input_size),
        "classes": list(classes),
        "mean": list(form.mean),
        "deviation": list(form.deviation),
        "tensors": {
            name: b64encode(
                tensor.detach().to("cpu", torch.float32).contiguous().numpy().astype("<f4").tobytes()
            ).decode()
            for name, tensor in model.state_dict().items()
            if not name.endswith("num_batches_tracked")
        },
    }
