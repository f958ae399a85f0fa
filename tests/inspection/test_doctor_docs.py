"""The page of the doctor: its snippet runs, its bounds are those of the code, its rules are all there."""

import re
from pathlib import Path

from tersenet.inspection.doctor.checks import (
    labels,
    learning_rate,
    pictures,
    receptive_field as field,
    signals as layers,
)
from tersenet.inspection.doctor.diagnose import RULES

PAGE = Path(__file__).parents[2] / "docs" / "doctor.md"


def rows():
    """What the table of rules says, by rule."""
    table = PAGE.read_text(encoding="utf-8").split("## The rules")[1].split("## What it says")[0]
    found = dict(re.findall(r"^\| (\w[\w ]*?) \| (.*) \|$", table, re.MULTILINE))
    del found["rule"]
    return found


def power_of_ten(value):
    """3e-4 as the page writes it: 3·10⁻⁴."""
    digits, exponent = f"{value:.0e}".split("e")
    return f"{digits}·10{str(int(exponent)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


def test_every_rule_has_its_row():
    assert len(rows()) == len(RULES) + 1  # the learning curve is a run's alone
    spelled = {name.replace(" ", "_") for name in rows()}
    assert spelled == {rule.__name__ for rule in RULES} | {"learning_curve"}


def test_the_bounds_are_those_of_the_code():
    said = rows()
    assert f"more than {100 * layers.DEAD:.0f} %" in said["dead units"]
    assert f"from {100 * layers.MOSTLY_DEAD:.0f} % a fault" in said["dead units"]
    assert f"below {layers.FAINT} or above {layers.LOUD:,.0f}" in said["signal"]
    assert f"below 1/{1 / layers.WEAK:.0f} of" in said["gradients"]
    assert f"Above {layers.VIOLENT:.0f}:" in said["gradients"]
    assert f"{learning_rate.STEPS} steps of at most {learning_rate.BATCH}" in said["learning rate"]
    assert f"shorter than {power_of_ten(learning_rate.TINY)} of the kernel" in said["learning rate"]
    assert f"steps of {power_of_ten(learning_rate.FITTING)} lower the loss" in said["learning rate"]
    times = {4.0: "four"}[learning_rate.TIMES_BETTER]
    assert said["learning rate"].count(f"{times} times as much") == 2
    assert f"rises by more than {learning_rate.RUINED}" in said["learning rate"]
    part = {0.1: "a tenth"}[learning_rate.MARGIN]
    assert f"counts from {part} of the loss, and {learning_rate.MARGIN_LEAST}." in said["learning rate"]
    assert f"above {learning_rate.NOTHING_LEARNED}·ln K" in said["learning curve"]
    assert f"below {learning_rate.BETTER_THAN_CHANCE} times chance" in said["learning curve"]
    assert f"{100 * field.INK:.0f} % of the ink" in said["receptive field"]
    assert f"chance + {labels.DEVIATIONS:.0f} standard" in said["labels"]
    assert f"{labels.FEWEST} pictures" in said["labels"]
    assert f"{100 * pictures.EXTREMES} % of the range" in said["normalisation"]
    part = {0.25: "a quarter"}[pictures.MEANS]
    assert f"mean by {part} of the deviation, or the deviation by {part}" in said["normalisation"]
    assert pictures.DEVIATIONS == 1 + pictures.MEANS
    assert f"{pictures.COMPARED} pictures" in said["augmentation"]
    assert f"above {learning_rate.NOTHING_LEARNED}·ln K" in said["learning curve"]
    assert f"more than {learning_rate.JUMP} times" in said["learning curve"]


def test_the_size_of_mnists_digits_is_measured(mnist):
    assert field.ink_window(mnist.train.images[:2000] / 255) == 15


def test_the_snippet_runs(capsys):
    snippet = PAGE.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    exec(compile(snippet, str(PAGE), "exec"), {})
    assert "softmax, layer 5, LogSoftmax (4)" in capsys.readouterr().out
