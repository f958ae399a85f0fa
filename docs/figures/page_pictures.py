"""Make the pictures of the pages, `docs/figures/pages-*.png`.

    python docs/figures/page_pictures.py

Writes the site and takes its pages in Chromium, which must be installed; nothing is downloaded.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tersenet.web import write_site

HERE = Path(__file__).parent
THREE = [(0.3, 0.25), (0.45, 0.15), (0.62, 0.2), (0.66, 0.33), (0.55, 0.46), (0.45, 0.48)]
THREE += [(0.58, 0.5), (0.7, 0.6), (0.68, 0.76), (0.52, 0.85), (0.35, 0.82), (0.28, 0.74)]


def draw_three(page: Page) -> None:
    """A 3, with the mouse."""
    box = page.locator("#pad").bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in THREE]
    page.mouse.move(*places[0])
    page.mouse.down()
    for x, y in places[1:]:
        page.mouse.move(x, y, steps=6)
    page.mouse.up()
    page.wait_for_timeout(800)


def main() -> None:
    """Write the site, open each page, take its picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE, help="the folder of the pictures")
    out: Path = parser.parse_args().out
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("Chromium is missing, which takes the pictures: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        write_site(Path(folder))
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(Path(folder, "backprop.html").as_uri() + "#lr=10&step=2")
        page.hover("[data-weight=w1]")
        page.screenshot(path=out / "pages-backprop.png")
        page.goto(Path(folder, "draw.html").as_uri())
        draw_three(page)
        page.screenshot(
            path=out / "pages-draw.png", clip={"x": 0, "y": 0, "width": 1280, "height": 1180}, full_page=True
        )
        page.goto(Path(folder, "lab.html").as_uri() + "#epochs=4")
        page.click("#train")
        page.get_by_text("after epoch 3").first.wait_for(timeout=300_000)
        page.hover(".map-button >> nth=3")
        page.screenshot(path=out / "pages-lab.png", full_page=True)
        browser.close()


if __name__ == "__main__":
    main()
