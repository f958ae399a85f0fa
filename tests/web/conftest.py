"""Node runs the browser's engine; without it these tests are skipped, with the reason."""

import contextlib
import json
import shutil
import socket
import subprocess
import threading
import time
from base64 import b64decode, b64encode
from pathlib import Path

import numpy as np
import pytest
import uvicorn

from tersenet.web import Trainings, kinds_table, make_app, write_site

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.fixture(scope="session")
def node():
    """A function that runs a module of this folder with JSON as its input and gives the JSON that it writes."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("node is missing, which runs the pages' modules: apt-get install nodejs")

    def run(module, content):
        done = subprocess.run(
            [program, HERE / module], input=json.dumps(content), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="session")
def engine(node):
    """A function that runs jobs in the browser's engine and gives their answers."""
    return lambda *jobs: node("engine.mjs", {"kinds": kinds_table(), "jobs": jobs})


@pytest.fixture(scope="session")
def browser():
    """Chromium, by playwright; skipped with the reason where one of them is missing."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is missing: pip install playwright")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("chromium is missing, in which the pages are tried: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The static site, written once."""
    folder = tmp_path_factory.mktemp("site")
    write_site(folder)
    return folder


TOKEN = "0123456789abcdef"


@pytest.fixture(scope="session")
def serving():
    """A context manager: a real server over a folder of runs on a free port. It gives the port and the token."""

    @contextlib.contextmanager
    def served(runs_dir):
        held, trainings = socket.socket(), Trainings(runs_dir)
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        app = make_app(runs_dir, port, TOKEN, trainings)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [held]})
        thread.start()
        while not server.started:
            time.sleep(0.02)
        try:
            yield port, TOKEN
        finally:
            trainings.stop()
            server.should_exit = True
            thread.join()
            held.close()

    return served


@pytest.fixture
def page_at(browser):
    """A function that opens an address in a fresh page; complaints fail the test at its end but for
    those that hold one of the `expected` texts, and so do foreign requests.
    """
    complaints, contexts, allowed = [], [], []

    def opened(address, *, width=1440, height=900, expected=(), **options):
        allowed.extend(expected)
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda request: (
                complaints.append(f"asked for {request.url}")
                if not request.url.startswith(("file:", "data:", "blob:", "http://127.0.0.1:"))
                else None
            ),
        )
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [said for said in complaints if not any(each in said for each in allowed)] == []


@pytest.fixture(scope="session")
def npm_package():
    """A function that gives the folder of a package of npm at a version; it is fetched once, into .cache/."""
    if shutil.which("npm") is None:
        pytest.skip("npm is missing, which fetches what checks the pages: apt-get install nodejs npm")

    def fetched(name, version):
        folder = ROOT / ".cache" / "npm" / f"{name}-{version}"
        if not (folder / "node_modules" / name / "package.json").is_file():
            command = ["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", f"{name}@{version}"]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
            if done.returncode:
                pytest.skip(f"{name} {version} cannot be fetched from npm: {done.stderr.strip()[-200:]}")
        return folder / "node_modules" / name

    return fetched


@pytest.fixture(scope="session")
def axe(npm_package):
    """A function that gives the serious faults that axe-core finds in a page: rule and element."""
    script = (npm_package("axe-core", "4.14.1") / "axe.min.js").read_text(encoding="utf-8")

    def faults(page):
        page.evaluate(script)  # not a script element, which the page's policy would refuse
        # The later rows of a long table are like its first ones.
        found = page.evaluate("axe.run({exclude: ['tbody tr:nth-child(n+4)']}, {resultTypes: ['violations']})")
        return [
            (each["id"], node["html"][:120], node["any"][0]["message"] if node["any"] else "")
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
            for node in each["nodes"]
        ]

    return faults


def packed(tensor):
    """A tensor as the engine takes it: float32 in base64."""
    return b64encode(np.asarray(tensor.detach(), "<f4").tobytes()).decode()


def unpacked(text, shape):
    """What the engine gives, as an array of this shape."""
    return np.frombuffer(b64decode(text), "<f4").reshape(shape)
