"""The tables that the code knows stand in the pages as the committed command writes them."""

import importlib.util
import re
from pathlib import Path

import pytest

from tersenet.networks import LAYER_KINDS

DOCS = Path(__file__).parent.parent.parent / "docs"
spec = importlib.util.spec_from_file_location("tables", DOCS / "tables.py")
tables = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tables)
PAGES = [path for path in DOCS.glob("*.md") if tables.MARKED.search(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_tables_of_a_page_are_up_to_date(path):
    page = path.read_text(encoding="utf-8")
    assert tables.with_tables(page) == page, "run python docs/tables.py"


def test_every_kind_of_layer_has_a_row_with_its_form_and_options():
    page = (DOCS / "notation.md").read_text(encoding="utf-8")
    for kind in LAYER_KINDS.values():
        row = re.search(rf"^\| `{re.escape(kind.example)}` \|.*$", page, re.MULTILINE)[0]
        assert all(f"`{how.letter}{how.shown}`" in row for how in kind.at("option").values())


@pytest.mark.parametrize("letters", LAYER_KINDS)
def test_every_kind_of_layer_is_explained_on_the_page_of_layers(letters):
    page = (DOCS / "layers.md").read_text(encoding="utf-8").upper()
    assert re.search(rf"`[0-9]*{letters}[0-9.]*B?`", page)
