"""The compiled engine: compact networks forward and backward, several times as fast as layer by layer."""

from tersenet.networks.compiled.compiler import library, multiplies_bfloat16
from tersenet.networks.compiled.network import CompiledNetwork, compile_network, pointers
from tersenet.networks.compiled.plan import Plan, plan
from tersenet.networks.compiled.warp import warp_and_normalize

__all__ = [
    "CompiledNetwork",
    "Plan",
    "compile_network",
    "library",
    "multiplies_bfloat16",
    "plan",
    "pointers",
    "warp_and_normalize",
]
