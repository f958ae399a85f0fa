"""Make `docs/figures/readme.png`, the picture of the README, from one real training.

    python docs/figures/readme.py

Trains the experiment `sprint` with seed 0, writes its report, explains a sample digit, and composes the three.
Needs MNIST (see `docs/data.md`) and Chromium, which takes the screenshots; nothing else in Tersenet needs a browser.
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import shutil
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path

from PIL import Image

from tersenet._look import css_variables
from tersenet.figures import draw_answer, draw_class_activation
from tersenet.inspection import explain
from tersenet.runs import find_run

HERE = Path(__file__).parent
SIZE = (1600, 1130)  # twice the 800 pixels that GitHub shows
PAGE = """<!doctype html><meta charset="utf-8"><style>
{variables}
:root {{ color-scheme: light }}
body {{ margin: 0; width: {width}px; height: {height}px; background: #e9ecef; font: 15px/1.4 var(--type) }}
div {{ position: absolute; background: #fff; border: 1px solid #c9ced3; border-radius: 12px; overflow: hidden;
  box-shadow: 0 6px 24px #0003 }}
#terminal {{ left: 28px; top: 28px; width: 746px; height: 470px; background: #15181b; border-color: #15181b }}
pre {{ margin: 0; padding: 20px 24px; color: #e6e8ea; font: 14.4px/1.5 var(--monospace) }}
b {{ color: #4fd6a9; font-weight: 600 }}
#report {{ left: 802px; top: 28px; width: 770px; height: 581px }}
#report img {{ width: 770px; display: block }}
#answer {{ left: 28px; top: 526px; width: 746px; height: 576px }}
#answer img {{ height: 556px; display: block; margin: 10px auto }}
#maps {{ left: 802px; top: 637px; width: 770px; height: 465px }}
#maps img {{ width: 730px; display: block; margin: 20px auto }}
</style>
<div id="terminal"><pre>{terminal}</pre></div>
<div id="report"><img src="{report}"></div>
<div id="answer"><img src="{answer}"></div>
<div id="maps"><img src="{maps}"></div>
"""


def main() -> None:
    """Train, report, explain, compose."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiment", default="sprint", help="what is trained")
    parser.add_argument("--seed", default="0", help="with which seed")
    parser.add_argument("--out", type=Path, default=HERE / "readme.png", help="the picture")
    arguments = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        parser.error("this needs Chromium")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trained = tersenet("train", arguments.experiment, "--seed", arguments.seed, cwd=folder)
        run = find_run(arguments.experiment, folder / "runs")
        tersenet("data", "samples", "samples", cwd=folder)
        found = explain(run, folder / "samples" / "seven.png", count=0)
        report = folder / "report.png"
        screenshot(chromium, run.path / "report.html", report, (1290, 974))
        page = folder / "page.html"
        page.write_text(
            PAGE.format(
                variables=css_variables(),
                width=SIZE[0],
                height=SIZE[1],
                terminal=terminal(f"tersenet train {arguments.experiment} --seed {arguments.seed}", trained),
                report=data(report.read_bytes()),
                answer=data(draw_answer(found).png()),
                maps=data(draw_class_activation(found).png()),
            ),
            encoding="utf-8",
        )
        whole = folder / "whole.png"
        screenshot(chromium, page, whole, SIZE)
        picture = (
            Image.open(whole).convert("RGB").quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        )
        held = io.BytesIO()
        picture.save(held, format="PNG", optimize=True)
    arguments.out.write_bytes(held.getvalue())
    print(f"{arguments.out}: {len(held.getvalue()) / 1000:.0f} kB")


def tersenet(*words: str, cwd: Path) -> str:
    """What a command prints, in a terminal of 80 columns."""
    environment = os.environ | {"COLUMNS": "80"}
    command = [sys.executable, "-m", "tersenet", *words]
    done = subprocess.run(command, cwd=cwd, env=environment, check=False, capture_output=True, text=True)
    if done.returncode not in (0, 3):  # 3: a budget was missed, which the picture then shows
        sys.exit(done.stderr)
    return done.stdout


def terminal(command: str, printed: str) -> str:
    """The command and what it printed up to the budget's table, as HTML with the result set off."""
    said, _, rest = printed.partition("\nbudget")
    before, _, result = said.strip().rpartition("\n\n")
    table = ("budget" + rest).partition("\n\n")[0]
    return f"$ {escape(command)}\n{escape(before)}\n\n<b>{escape(result)}</b>\n\n{escape(table)}"


def screenshot(chromium: str, page: Path, out: Path, size: tuple[int, int]) -> None:
    """A page as PNG, in light colours."""
    width, height = size
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    options += [f"--screenshot={out}", f"--window-size={width},{height}", page.resolve().as_uri()]
    subprocess.run([chromium, *options], check=True, capture_output=True)


def data(png: bytes) -> str:
    """A PNG as an address that holds it."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


if __name__ == "__main__":
    main()
