"""The site is built without a warning, leads to every page, and asks for nothing from elsewhere."""

import importlib
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr  # not --quiet: it would drop the warnings before they are counted
    return folder


def pages_of(nav):
    """The files that a navigation names, in order."""
    for entry in nav:
        for target in entry.values():
            if isinstance(target, list):
                yield from pages_of(target)
            else:
                yield target


def test_the_navigation_has_every_page_once_and_no_other():
    named = list(pages_of(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]))
    assert sorted(named) == sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md"))


class Loaded(HTMLParser):
    """Collects what a browser fetches by itself when it opens a page: not links that a reader follows."""

    def __init__(self):
        super().__init__()
        self.addresses = []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.addresses += [given[name] for name in ("src", "srcset") if name in given]
        if tag == "link" and given.get("rel") != "canonical":
            self.addresses.append(given["href"])


def test_nothing_is_fetched_from_elsewhere(site):
    for page in site.rglob("*.html"):
        loaded = Loaded()
        loaded.feed(page.read_text(encoding="utf-8"))
        assert not [address for address in loaded.addresses if re.match(r"(https?:)?//", address)], page
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*[\"']?(https?:)?//", sheet.read_text(encoding="utf-8")), sheet


@pytest.mark.parametrize("page", sorted((DOCS / "api").glob("*.md")), ids=lambda page: page.stem)
def test_the_api_shows_every_public_name_that_says_what_it_is(page, site):
    if page.stem == "index":
        return
    room = importlib.import_module(f"tersenet.{page.stem}")
    shown = (site / "api" / f"{page.stem}.html").read_text(encoding="utf-8")
    callables = [name for name in room.__all__ if callable(getattr(room, name))]
    assert callables
    assert not [name for name in callables if f".{name}" not in re.findall(r'id="[\w.]+(\.\w+)"', shown)]


def test_docstring_examples_stand_in_blocks(site):
    text = (site / "api" / "networks.html").read_text(encoding="utf-8")
    assert 'class="gp"' in text  # the prompt of an example, as the highlighter marks it
    assert "<blockquote>" not in text


def test_the_notebooks_go_along(site):
    assert {path.name for path in (site / "notebooks").glob("*.ipynb")} == {
        path.name for path in (ROOT / "notebooks").glob("*.ipynb")
    }
    page = (DOCS / "notebooks.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\(\.\./notebooks/(\S+\.ipynb)\)", page)) == {
        path.name for path in (ROOT / "notebooks").glob("*.ipynb")
    }


def test_the_readme_leads_to_the_pages():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"\(docs/([\w/-]+\.md)\)", readme))
    assert {str(page.relative_to(DOCS)) for page in DOCS.glob("*.md")} - {"index.md"} == listed
