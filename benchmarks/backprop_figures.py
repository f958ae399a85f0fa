"""Draw every figure of docs/backpropagation.md and write the page of errata.

    python benchmarks/backprop_figures.py [FOLDER]

The pictures of the workbook need LibreOffice (`soffice`) and poppler (`pdftoppm`), those of the pages Chromium. Where
a program is missing, its pictures are not changed and the script says so.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageChops

import tersenet.backprop as lab
from tersenet._files import write_whole

DOCS = Path(__file__).parent.parent / "docs"
# The first printed page of each sheet, and how much of it (width, height) is worth showing.
SHEETS = {"network": (0, 1.0, 1.0), "descent": (1, 1.0, 0.62), "study": (3, 1.0, 0.62), "errata": (-1, 1.0, 0.52)}


def main(folder: Path) -> None:
    """Write all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    lab.save_figure(lab.draw_network(lab.COURSE), folder / "network.png")
    for steps in (68, 1000):
        study = lab.study(lab.COURSE, steps=steps)
        lab.save_figure(lab.plot_study(study), folder / f"rates-{steps}.png")
        lab.save_figure(lab.plot_small_curves(study), folder / f"small-{steps}.png")
    rising = lab.study(lab.COURSE, (50, 70, 100, 200), steps=100)
    lab.save_figure(lab.plot_small_curves(rising), folder / "rising.png")
    lab.save_figure(lab.plot_surface(lab.loss_surface(lab.COURSE, ("w5", "w7"))), folder / "surface.png")
    for pooling in ("max", "average"):
        figure = lab.draw_convolution(lab.convolve(pooling=pooling))
        lab.save_figure(figure, folder / f"convolution-{pooling}.png", dpi=110)
    lab.save_figure(lab.draw_normalization(lab.normalize_batch()), folder / "batchnorm.png")
    write_whole(DOCS / "backprop-errata.md", lab.errata_page())
    with tempfile.TemporaryDirectory() as work:
        draw_sheets(folder, Path(work))
        draw_pages(folder, Path(work))


def draw_sheets(folder: Path, work: Path) -> None:
    """The workbook's sheets as LibreOffice shows them."""
    if not shutil.which("soffice") or not shutil.which("pdftoppm"):
        print("soffice or pdftoppm is missing: the pictures of the workbook are not changed")
        return
    book = lab.write_workbook(work / "lab.xlsx")
    profile = f"-env:UserInstallation=file://{work}/profile"
    run("soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", work, book)
    run("pdftoppm", "-r", "110", "-png", work / "lab.pdf", work / "page")
    pages = sorted(work.glob("page-*.png"))
    for name, (page, across, down) in SHEETS.items():
        picture = trimmed(Image.open(pages[page]))
        width, height = picture.size
        picture.crop((0, 0, int(width * across), int(height * down))).quantize(64).save(folder / f"sheet-{name}.png")


def draw_pages(folder: Path, work: Path) -> None:
    """The derivation of w1 and an exercise as a browser shows them."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        print("chromium is missing: the pictures of the pages are not changed")
        return
    exercise = lab.make_exercise(seed=7)
    pages = {
        "derivation": (lab.derivation_page([lab.derive(lab.COURSE, "w1")], "html"), 1500),
        "exercise": (lab.exercise_page(exercise).replace("</main>", f"{answered(exercise)}</main>"), 1100),
    }
    for name, (page, height) in pages.items():
        path = write_whole(work / f"{name}.html", page)
        flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--hide-scrollbars",
        ]
        flags += [
            f"--window-size=1000,{height}",
            f"--user-data-dir={work}/browser",
            f"--screenshot={work}/{name}.png",
        ]
        run(browser, *flags, path.as_uri())
        trimmed(Image.open(work / f"{name}.png")).quantize(64).save(folder / f"{name}.png")


def answered(exercise: lab.Exercise) -> str:
    """A script that fills in three answers, the second one wrong."""
    answers = [f"{blank.answer:.6f}" for blank in exercise.blanks[:3]]
    answers[1] = f"{exercise.blanks[1].answer + 0.01:.6f}"
    return (
        '<script>document.querySelectorAll("input").forEach((field, place) => {'
        f' field.value = {answers}[place] ?? ""; field.dispatchEvent(new Event("change")); }});</script>'
    )


def trimmed(picture: Image.Image) -> Image.Image:
    """The picture without its white border, but for a little."""
    plain = picture.convert("RGB")
    box = ImageChops.difference(plain, Image.new("RGB", plain.size, "white")).getbbox()
    left, top, right, bottom = box or (0, 0, *plain.size)
    return plain.crop(
        (max(left - 12, 0), max(top - 12, 0), min(right + 12, plain.width), min(bottom + 12, plain.height))
    )


def run(*words: object) -> None:
    """Run a program quietly; its failure ends the script."""
    subprocess.run([str(word) for word in words], check=True, capture_output=True, timeout=300)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS / "figures" / "backprop")
