"""The README keeps its promises of form; `tests/docs/` runs what it shows."""

import re
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
SNIPPETS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_the_ten_lines_are_ten():
    lines = [line for line in SNIPPETS[0].splitlines() if line.strip()]
    assert len(lines) == 10


def test_every_page_that_the_readme_names_is_there():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README.read_text(encoding="utf-8")):
        assert (README.parent / target).exists(), target
