"""The engine under the address and undefined-behaviour sanitizers, its warnings as errors: python .ci/sanitize.py

The library is compiled with them, and networks of all layers and blocks learn in it and are compared with torch. Any
access out of bounds, any overflow and any warning ends this with an error. Half a minute on two cores.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FLAGS = (
    "-std=c++17", "-O1", "-march=native", "-fPIC", "-pthread", "-Wall", "-Wextra", "-Werror",
    "-Wno-ignored-attributes", "-Wno-maybe-uninitialized",  # in the compiler's own headers for AVX-512
    "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
    "-fno-sanitize=null,vptr,object-size,alignment",  # what the address sanitizer finds too, and slow to compile
)  # fmt: skip
NETWORKS = 60


def main() -> None:
    """Start again with the sanitizers' libraries loaded first."""
    if "TERSENET_SANITIZED" in os.environ:
        sanitized()
        return
    files = [
        subprocess.run(["g++", f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout.strip()
        for name in ("libasan.so", "libubsan.so")
    ]
    with tempfile.TemporaryDirectory() as cache:
        environment = {
            **os.environ, "TERSENET_SANITIZED": "1", "CXX": "g++",
            "LD_PRELOAD": " ".join(files), "XDG_CACHE_HOME": cache,
            "ASAN_OPTIONS": "detect_leaks=0",  # Python's own
        }  # fmt: skip
        raise SystemExit(subprocess.run([sys.executable, __file__], env=environment).returncode)


def sanitized() -> None:
    """Compile the library, and let networks learn in it."""
    sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests" / "engine")]
    from tersenet.engine import compiler

    vars(compiler).update(FLAGS=FLAGS, LONGEST=300)
    if compiler.library() is None:
        raise SystemExit("the engine does not compile without warnings, or its sanitizers are not installed")
    import torch
    from random_networks import disagreement, networks  # type: ignore[import-not-found]

    from tersenet.engine import compile_network, warp_and_normalize
    from tersenet.networks import build
    from tersenet.training import Recipe, fused_step, make_optimizer

    wrong = [said for line, size in networks(NETWORKS) if (said := disagreement(line, size))]
    for optimizer in ("sgd", "adamw", "muon"):
        model = build("6C3 BN R D.2 [6C1 & DD.2] DW3 PR GN2 MP3p1s2 GAP 10Nb", (3, 9, 9))
        compiled = compile_network(model, workers=3)
        assert compiled is not None
        step = fused_step(compiled, make_optimizer(model, Recipe(optimizer=optimizer)), None, 0.1)
        assert step is not None
        for count in (1, 40, 100):
            step(torch.randn(count, 3, 9, 9), torch.arange(count) % 10)
    pictures, maps = torch.zeros(9, 3, 9, 13, dtype=torch.uint8), 3 * torch.randn(9, 2, 3)
    for beyond in ("zeros", "border"):
        warp_and_normalize(pictures, maps, mean=[0, 0, 0], deviation=[1, 1, 1], workers=2, beyond=beyond)
    print(*wrong, f"{NETWORKS} networks under the sanitizers: {len(wrong)} wrong", sep="\n")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
