"""The types in the JavaScript's comments hold: TypeScript's compiler checks every module, strictly."""

import subprocess
from pathlib import Path

PAGES = Path(__file__).parents[2] / "src" / "tersenet" / "web" / "pages"


def test_typescript_finds_nothing(npm_package):
    compiler = npm_package("typescript", "5.9.3") / "bin" / "tsc"
    done = subprocess.run(
        ["node", compiler, "-p", PAGES / "tsconfig.json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_no_module_is_longer_than_400_lines():
    assert not [path for path in PAGES.rglob("*.js") if len(path.read_text(encoding="utf-8").splitlines()) > 400]
