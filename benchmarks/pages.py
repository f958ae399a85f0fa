"""Claim: every page is below 200 kB without its data and painted first within half a second.

    python benchmarks/pages.py [--rounds 3]

Writes the site, opens each page in Chromium from a file, and takes the browser's own first contentful paint, the
median over the rounds. Then, in one page and so in one thread: pictures per second that the browser's engine
classifies (batches of 100) and trains with (batches of 50, forward, backward and step, augmentation off) for three
networks. At last the Lab trains its first example for eight epochs on its 4,000 drawn digits: the accuracy after each
epoch on the 1,000 others, and the seconds since the click on **Train**.
The speeds are those of this machine and of what else it does. Exit status 1 if the claim does not hold.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tersenet.web import PAGES, joined, kinds_table, whole_page, write_site

LARGEST, SLOWEST = 200_000, 0.5  # bytes without data; seconds to the first paint
NETWORKS = {
    "a small start": "8C5s2 BN R 16C3 BN R MP2 16C3 BN R 10Nb",
    "stem-17150": "12C5s2 BN R 24C3 BN R 32C3 BN R MP2 24C3 BN R GAP 10Nb",
    "dense layers only": "32N R 10Nb",
}
EPOCHS = 8

SPEEDS = """
(given) => {
  %s
  const { notation, kinds } = given;
  const { Trainer } = modules["engine/training/trainer.js"];
  const count = 1000, images = Uint8Array.from({ length: 784 * count }, (_, at) => (at * 7919) %% 256);
  const digits = { images, labels: Array.from({ length: count }, (_, at) => at %% 10) };
  const recipe = { epochs: 9, batch: 50, optimizer: "sgd", rate: 0.01, momentum: 0.9, nesterov: true, decay: 0,
    augmentation: 0, seed: 1 };
  const trainer = new Trainer(notation, kinds, digits, digits, recipe, { mean: 0.13, deviation: 0.31, classes: 10 });
  const timed = (work, pictures) => {
    work();
    const begun = performance.now();
    let done = 0;
    while (performance.now() - begun < 1500) { work(); done += pictures; }
    return (1000 * done) / (performance.now() - begun);
  };
  return { forward: timed(() => trainer.measure(), count), training: timed(() => trainer.next(), recipe.batch) };
}
"""


def first_paint(browser: Browser, address: str) -> float:
    """Seconds from the navigation to the first contentful paint, in a page of its own."""
    page = browser.new_page()
    page.goto(address)
    painted = "performance.getEntriesByName('first-contentful-paint')"
    while not page.evaluate(f"{painted}.length"):
        page.wait_for_timeout(20)
    found: float = page.evaluate(f"{painted}[0].startTime") / 1000
    page.close()
    return found


def training(page: Page, epochs: int) -> list[tuple[float, float]]:
    """Train in the open Lab; seconds since the click and test accuracy in percent after each epoch."""
    found: list[tuple[float, float]] = []
    begun = time.perf_counter()
    page.click("#train")
    while len(found) < epochs:
        said = re.search(r"\(([\d.]+) %\) after epoch (\d+)", page.text_content("#progress") or "")
        if said and int(said[2]) > len(found):
            found.append((time.perf_counter() - begun, float(said[1])))
        page.wait_for_timeout(20)
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("Chromium is missing, in which the pages are measured: apt-get install chromium")
    holds = True
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        write_site(Path(folder))
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        print(f"{'page':<10} {'without data':>13} {'with data':>10} {'first paint':>12}")
        for name in PAGES:
            file, bare = Path(folder, f"{name}.html"), len(whole_page(name, None).encode())
            paint = statistics.median(first_paint(browser, file.as_uri()) for _ in range(rounds))
            holds &= bare < LARGEST and paint < SLOWEST
            print(f"{name:<10} {bare / 1000:>10.0f} kB {file.stat().st_size / 1000:>7.0f} kB {paint:>10.2f} s")
        print(f"\n{'network':<18} {'pictures/s forward':>19} {'in training':>12}")
        page = browser.new_page()
        script = SPEEDS % joined("engine/training/trainer.js")
        for name, notation in NETWORKS.items():
            speed = page.evaluate(script, {"notation": notation, "kinds": kinds_table()})
            print(f"{name:<18} {speed['forward']:>19,.0f} {speed['training']:>12,.0f}")
        page.goto(Path(folder, "lab.html").as_uri() + f"#epochs={EPOCHS}")
        print("\nepoch  accuracy  seconds")
        for epoch, (seconds, accuracy) in enumerate(training(page, EPOCHS), start=1):
            print(f"{epoch:>5} {accuracy:>7.2f} % {seconds:>8.1f}")
        browser.close()
    print("\nthe claim holds" if holds else "\nthe claim does NOT hold")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
