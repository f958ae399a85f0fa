"""What JSON can say of our figures."""

from __future__ import annotations

import math
from typing import Any


def finite(value: Any) -> Any:
    """The same structure with NaN and infinities as None, which JSON can say.

    >>> finite({"loss": [math.nan, 1.0]})
    {'loss': [None, 1.0]}
    """
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value
