"""The compiled engine: compact networks forward and backward, several times as fast as layer by layer."""

from tersenet.engine.abi import ADAM, ADAM_W, GRADIENT_DESCENT, MOST_WORKERS, Update
from tersenet.engine.compiled_network import (
    PRECISIONS,
    CompiledNetwork,
    check_engine,
    compile_network,
    count_batch,
    pointers,
)
from tersenet.engine.compiler import library, multiplies_bfloat16
from tersenet.engine.plan import Plan, plan, refusal
from tersenet.engine.warp import warp_and_normalize

__all__ = [
    "ADAM",
    "ADAM_W",
    "GRADIENT_DESCENT",
    "MOST_WORKERS",
    "PRECISIONS",
    "CompiledNetwork",
    "Plan",
    "Update",
    "check_engine",
    "compile_network",
    "count_batch",
    "library",
    "multiplies_bfloat16",
    "plan",
    "pointers",
    "refusal",
    "warp_and_normalize",
]
