"""What Python and the compiled engine must agree on: kinds of layers, structs, calls."""

from __future__ import annotations

import ctypes

import numpy as np

VERSION = 6
"""Raised whenever a struct or a call changes its meaning; `VERSION` in engine.h is the same number."""

# `enum Kind`, `enum Function` and `struct Step` of engine.h: one row per layer, or per sum or join of branches.
(
    CONVOLUTION, BATCH_NORM, ACTIVATION, MAX_POOL, AVERAGE_POOL, DROPOUT, MAP_DROPOUT, GROUP_NORM, PRELU, SUM, JOIN,
) = range(11)  # fmt: skip
RECTIFIED, SILU, GELU, TANH, HARD_SWISH, ELU, SIGMOID = range(7)
STEP = np.dtype(
    [(name, np.int32) for name in ("kind", "input", "other", "output")]
    + [(name, np.int32) for name in ("channels_in", "height_in", "width_in", "channels", "height", "width")]
    + [(name, np.int32) for name in ("kernel_y", "kernel_x", "stride", "padding", "dilation", "groups", "place")]
    + [(name, np.int32) for name in ("function", "bias", "weights", "buffers")]
    + [(name, np.float32) for name in ("rate", "before", "momentum", "epsilon")]
)
GRADIENT_DESCENT, ADAM, ADAM_W = range(3)  # `enum Rule`

MOST_WORKERS = 256
"""Threads that one engine may have: a batch of a few thousand pictures gives no more of them something to do."""


class Update(ctypes.Structure):
    """`struct Update` of engine.h: what a step of training does with the gradient."""

    _fields_ = [
        *[(name, ctypes.c_int32) for name in ("rule", "nesterov")],
        *[(name, ctypes.c_float) for name in ("label_smoothing", "averaging")],
        *[(name, ctypes.c_float) for name in ("momentum", "second_momentum", "epsilon")],
        *[(name, ctypes.c_float) for name in ("first_correction", "second_correction")],
        *[(name, ctypes.c_void_p) for name in ("rates", "decays", "orthogonal")],
        *[(name, ctypes.c_void_p) for name in ("velocities", "squares", "averages", "statistics")],
    ]


class BatchOutcome(ctypes.Structure):
    """`struct Outcome` of engine.h: mean loss, and correct answers; −1 where a label is not a class."""

    _fields_ = [("loss", ctypes.c_double), ("correct", ctypes.c_int64)]


def declared(engine: ctypes.CDLL) -> ctypes.CDLL:
    """The library with its calls typed.

    Raises AttributeError where a call is missing, ValueError where a struct has another version or size than here.
    """
    pointer, integer, seed = ctypes.c_void_p, ctypes.c_int, ctypes.c_uint64
    calls = {
        "tersenet_abi": (None, [pointer]),
        "tersenet_bfloat16": (integer, []),
        "tersenet_create": (
            pointer,
            [pointer, integer, integer, integer, integer, pointer, pointer, integer, pointer, integer],
        ),
        "tersenet_forward": (None, [pointer, pointer, integer, integer, seed, pointer]),
        "tersenet_backward": (None, [pointer, pointer, pointer]),
        "tersenet_step": (None, [pointer, pointer, pointer, integer, seed, pointer, pointer]),
        "tersenet_warp": (
            integer,
            [pointer, pointer, integer, integer, integer, integer, pointer, pointer, integer, integer, pointer],
        ),
        "tersenet_destroy": (None, [pointer]),
    }
    for name, (gives, takes) in calls.items():
        call = getattr(engine, name)
        call.restype, call.argtypes = gives, takes
    here = [VERSION, STEP.itemsize, ctypes.sizeof(Update), ctypes.sizeof(BatchOutcome)]
    there = (ctypes.c_int64 * len(here))()
    engine.tersenet_abi(there)
    if list(there) != here:
        raise ValueError(f"the engine's version and sizes of structs are {list(there)}, Python's {here}")
    return engine
