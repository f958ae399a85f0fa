"""Install a wheel into an empty environment, as a user would, and try what it must carry with it.

    python .ci/try_wheel.py dist/tersenet-0.1.0-py3-none-any.whl

The environment is thrown away afterwards. Status 0 where every command ended as it should.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path


def main(wheel: Path) -> None:
    """Try the wheel in a new environment, in an empty folder, with an empty home."""
    with tempfile.TemporaryDirectory() as scratch:
        home, work = Path(scratch, "home"), Path(scratch, "work")
        home.mkdir()
        work.mkdir()
        venv.create(Path(scratch, "venv"), with_pip=True)
        scripts = Path(scratch, "venv", "Scripts" if os.name == "nt" else "bin")
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "TERSENET"))}
        environment |= {"HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache")}

        def run(*command: str) -> None:
            print("+", *command, flush=True)
            subprocess.run([str(scripts / command[0]), *command[1:]], cwd=work, env=environment, check=True)

        run("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel.resolve()))
        run("tersenet", "--version")
        run("tersenet", "summary", "gap-14320")
        run("tersenet", "data", "samples")
        run("tersenet", "predict", "stem-17150", "seven.png")
        run("tersenet", "train", "--epochs", "1", "--data", "synthetic")
        report = work / "runs" / "sprint-1" / "report.html"
        if not report.is_file():
            sys.exit("The training wrote no report.")
        run("tersenet", "evaluate", "sprint")
        run("tersenet", "backprop", "table", "--steps", "3")
        print(f"{wheel.name} works in an empty environment.")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
