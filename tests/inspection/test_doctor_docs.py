"""The page of the doctor: its snippet runs, its bounds are those of the code, its rules are all there."""

import re
from pathlib import Path

from tersenet.inspection.checks import field, labels, layers, learning_rate, pictures
from tersenet.inspection.doctor import RULES

PAGE = Path(__file__).parents[2] / "docs" / "doctor.md"


def rows():
    """What the table of rules says, by rule."""
    table = PAGE.read_text(encoding="utf-8").split("## The rules")[1].split("## What it says")[0]
    found = dict(re.findall(r"^\| (\w[\w ]*?) \| (.*) \|$", table, re.MULTILINE))
    del found["rule"]
    return found


def test_every_rule_has_its_row():
    assert len(rows()) == len(RULES) + 1  # the learning curve is a run's alone
    spelled = {name.replace(" ", "_") for name in rows()}
    assert spelled == {rule.__name__ for rule in RULES} | {"learning_curve"}


def test_the_bounds_are_those_of_the_code():
    said = rows()
    assert f"more than {100 * layers.DEAD:.0f} %" in said["dead units"]
    assert f"from {100 * layers.MOSTLY_DEAD:.0f} % a fault" in said["dead units"]
    assert (layers.FAINT, layers.LOUD) == (0.001, 1000)
    assert f"below 1/{1 / layers.WEAK:.0f} of" in said["gradients"]
    assert f"Above {layers.VIOLENT:.0f}:" in said["gradients"]
    assert f"{learning_rate.STEPS} steps of at most {learning_rate.BATCH}" in said["learning rate"]
    assert (learning_rate.TINY, learning_rate.FITTING, learning_rate.TIMES_BETTER) == (3e-4, 3e-2, 4)
    assert (learning_rate.RUINED, learning_rate.MARGIN, learning_rate.MARGIN_LEAST) == (0.5, 0.1, 0.05)
    assert f"{100 * field.INK:.0f} % of the ink" in said["receptive field"]
    assert f"chance + {labels.DEVIATIONS:.0f} standard" in said["labels"]
    assert f"{labels.FEWEST} pictures" in said["labels"]
    assert f"{100 * pictures.EXTREMES} % of the range" in said["normalisation"]
    assert (pictures.MEANS, pictures.DEVIATIONS) == (0.25, 1.25)
    assert f"{pictures.COMPARED} pictures" in said["augmentation"]
    assert f"above {learning_rate.NOTHING_LEARNED}·ln K" in said["learning curve"]
    assert f"more than {learning_rate.JUMP} times" in said["learning curve"]


def test_the_size_of_mnists_digits_is_measured(mnist):
    assert field.ink_window(mnist.train.images[:2000, None] / 255) == 15


def test_the_snippet_runs(capsys):
    snippet = PAGE.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    exec(compile(snippet, str(PAGE), "exec"), {})
    assert "softmax, layer 5, LogSoftmax (4)" in capsys.readouterr().out
