"""The pictures of the layers are those that the committed script draws, and each of them is shown on a page."""

import importlib.util
import re
from pathlib import Path

DOCS = Path(__file__).parent.parent.parent / "docs"
spec = importlib.util.spec_from_file_location("layers", DOCS / "figures" / "layers.py")
layers = importlib.util.module_from_spec(spec)
spec.loader.exec_module(layers)


def test_the_script_draws_the_pictures_that_the_pages_show(tmp_path):
    layers.main(tmp_path)
    drawn = {path.name for path in tmp_path.iterdir()}
    kept = {path.name for path in (DOCS / "figures" / "layers").iterdir()}
    shown = set(re.findall(r"figures/layers/([\w-]+\.svg)", (DOCS / "layers.md").read_text(encoding="utf-8")))
    assert drawn == kept == shown


def test_the_receptive_field_in_the_picture_is_that_of_the_summary():
    """The picture says 1, 3, 5, 6 and 10 pixels; so does the network's own summary."""
    from tersenet import build, summarize

    rows = summarize(build("8C3 8C3 MP2 16C3 GAP 10Nb")).layers
    assert [row.receptive_field for row in rows[:4]] == [3, 5, 6, 10]
    words = [text.get_text() for text in layers.receptive_field().axes[0].texts]
    assert [word for word in words if word.startswith("sees")] == [
        "sees 1 pixel",
        "sees 3 pixels",
        "sees 5 pixels",
        "sees 6 pixels",
        "sees 10 pixels",
    ]
