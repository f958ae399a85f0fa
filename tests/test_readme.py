"""The README's Python runs as it stands, on few pictures."""

import re
from pathlib import Path

import pytest
from PIL import Image

README = Path(__file__).parent.parent / "README.md"
SNIPPETS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.fixture
def few_digits(monkeypatch):
    """Drawn digits, few of them, wherever the snippets ask for MNIST."""
    from tersenet.data import Dataset
    from tersenet.data.synthetic import draw_synthetic

    train, test = draw_synthetic(seed=0, train=256, test=64)
    digits = tuple("0123456789")
    dataset = Dataset(name="mnist", train=train, test=test, classes=digits, source="drawn for a test")
    for home in ("data", "runs.start", "runs.folder"):
        monkeypatch.setattr(f"tersenet.{home}.load_data", lambda name, **_: dataset)
    return dataset


@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_a_snippet_runs(snippet, few_digits, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(few_digits.test.images[0].numpy()).save("digit.png")
    exec(compile(snippet, "README.md", "exec"), {})
    assert capsys.readouterr().out


def test_the_ten_lines_are_ten():
    lines = [line for line in SNIPPETS[0].splitlines() if line.strip()]
    assert len(lines) == 10


def test_every_page_that_the_readme_names_is_there():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README.read_text(encoding="utf-8")):
        assert (README.parent / target).exists(), target
