"""`tersenet compare`: the tables at eighty columns, the one JSON document, the page, the mistakes."""

import json

import numpy as np
import pytest
import torch
from rich.console import Console

from made_runs import made_record
from tersenet.analysis.comparison import Comparison
from tersenet.analysis.contender import Contender
from tersenet.analysis.pairwise import compare_two
from tersenet.cli.main import main
from tersenet.cli.output import Output
from tersenet.data import Dataset, Split
from tersenet.evaluation import RESOLUTION
from tersenet.pages import comparison_in_short, to_terminal
from tersenet.runs import Experiment

SPLIT = Split(images=torch.zeros(2, 1, 28, 28, dtype=torch.uint8), labels=torch.tensor([0, 1]))
NET = "4C5s3 BN R GAP 2Nb"


class Named:
    """A group that needs no folder."""

    def __init__(self, name):
        self.name, self.experiment = name, Experiment(network="8C3 GAP 10N", data="mnist")


def side(name, wrong, start=0, parameters=17_150):
    """A side on 10,000 pictures; a seed reads `wrong` of them wrongly, from picture `start` on."""
    place = np.arange(10_000)
    right = np.stack([(place < start) | (place >= start + count) for count in wrong])
    accuracies = [100 - count / 100 for count in wrong]
    return Contender(
        source=Named(name),
        runs=[None] * len(wrong),
        results=[made_record(each, parameters=parameters, best=each + 0.03) for each in accuracies],
        guess=np.where(right, 0, 1),
        labels=np.zeros(10_000, dtype=np.int64),
        missing=0,
    )


def printed(*sides):
    """What is printed of a comparison, eighty columns wide."""
    output = Output(json=False)
    output.console = Console(width=80, force_terminal=False, highlight=False, record=True)
    pairs = [compare_two(sides[0], other, best=False, resolution=RESOLUTION) for other in sides[1:]]
    warnings = ["Choosing the better one by this comparison is a choice on the test set."]
    digits = Dataset(name="mnist", train=SPLIT, test=SPLIT, classes=("0", "1"), source="a test")
    found = Comparison(dataset=digits, sides=list(sides), pairs=pairs, best=False, warnings=warnings)
    for part in to_terminal(comparison_in_short(found)):
        output.say(part)
    return "\n".join(line.rstrip() for line in output.console.export_text().splitlines()) + "\n"


BASE = side("base-1", (60, 58, 56, 62, 59), start=500)
WIDE = side("wide-1", (52, 50, 51, 54, 49), parameters=19_972)
ALONE = side("alone-1", (57,), start=300, parameters=7_402)

# Differences, intervals and p-values are those of scipy for these counts (ttest_ind, binomtest, permutation_test).
TWO = """\
Choosing the better one by this comparison is a choice on the test set.

on mnist  parameters  epochs  seeds  test %  deviation   95 % interval  best %
base-1        17,150       3      5   99.41      0.022  99.38 to 99.44   99.44
wide-1        19,972       3      5   99.49      0.019  99.46 to 99.51   99.52
best %: the mean of the best epochs, picked on the images measured.
Not shown at width 80: lowest, highest, seconds. A wider terminal or --json has
them.

Verdict

wide-1 is better than base-1 by 0.08 points; 95 % interval 0.05 to 0.11.

- With other seeds, on these images: Welch's test of 5 against 5 seeds, t =
  5.91, 7.8 degrees of freedom, p < 0.001.
- With other images, for these networks: paired permutation over 10,000 images,
  116 of them classified correctly by a different share of seeds, p = 0.47 (all
  sign patterns).
- So the recipes differ on these test images; on other images of the same kind
  they may not, since few images make the difference.
"""
SINGLE = """\
Choosing the better one by this comparison is a choice on the test set.

on mnist  parameters  epochs  seeds  test %  deviation  95 % interval  best %
alone-1        7,402       3      1   99.43          –              –   99.46
other-1       17,150       3      1   99.41          –              –   99.44
best %: the mean of the best epochs, picked on the images measured.
Not shown at width 80: lowest, highest, seconds. A wider terminal or --json has
them.

Verdict

No significant difference: other-1 − alone-1 = −0.02 points, 95 % interval −0.23
to 0.19.

- With other images, for these two networks: McNemar's test, 57 images repaired
  and 59 broken by other-1 of 10,000, p = 0.93 (exact binomial).
- This compares two trained networks, not two recipes: another seed moves each
  by about 0.05 points near 99.5 %.
- To resolve 0.05 points, 17 seeds per side are needed (80 % power, 5 % level,
  deviation 0.050, the usual one near 99.5 %).
"""
MANY = """\
Choosing the better one by this comparison is a choice on the test set.

on mnist  parameters  epochs  seeds  test %  deviation   95 % interval  best %
base-1        17,150       3      5   99.41      0.022  99.38 to 99.44   99.44
wide-1        19,972       3      5   99.49      0.019  99.46 to 99.51   99.52
alone-1        7,402       3      1   99.43          –               –   99.46
best %: the mean of the best epochs, picked on the images measured.
Not shown at width 80: lowest, highest, seconds. A wider terminal or --json has
them.

Verdict

wide-1 is better than base-1 by 0.08 points; 95 % interval 0.05 to 0.11.

No significant difference: alone-1 − base-1 = +0.02 points, 95 % interval −0.05
to 0.09.

against base-1  difference   95 % interval  p (Holm)  p over images
wide-1               +0.08  +0.05 to +0.11   < 0.001           0.47
alone-1              +0.02  −0.05 to +0.09      0.46           0.87

Each is compared with base-1. The p-values are adjusted for 2 comparisons
(Holm); a difference is significant below 0.05.
"""


@pytest.mark.parametrize(
    ("sides", "expected"),
    [
        ((BASE, WIDE), TWO),
        ((ALONE, side("other-1", (59,), start=700)), SINGLE),
        ((BASE, WIDE, ALONE), MANY),
    ],
    ids=["two", "single", "many"],
)
def test_what_is_printed_fits_eighty_columns(sides, expected):
    assert printed(*sides) == expected
    assert max(map(len, expected.splitlines())) <= 80


@pytest.fixture(scope="module")
def runs(picture_folder, tmp_path_factory):
    """A folder with two runs."""
    folder = tmp_path_factory.mktemp("runs")
    words = [NET, "--data", f"folder:{picture_folder}", "--epochs", "1", "--no-report", "--runs-dir", str(folder)]
    assert main(["train", *words, "--name", "a"]) == 0
    assert main(["train", *words, "--name", "b", "--seed", "1"]) == 0
    return folder


def test_json_is_one_document_that_holds_the_tests(runs, capsys):
    assert main(["compare", "a", "b", "--runs-dir", str(runs), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (found,) = document["comparisons"]
    a, b = (each["mean"] for each in document["sides"])
    assert found["difference"] == pytest.approx(b - a)
    counts = found["mcnemar"]["repaired"], found["mcnemar"]["broken"]
    assert counts == (len(found["repaired"]), len(found["broken"]))
    assert found["difference"] == pytest.approx(100 * (counts[0] - counts[1]) / document["images"])
    assert {"a", "b", "interval", "p", "told", "verdict", "seeds_needed", "welch", "permutation"} <= set(found)
    assert document["warnings"]


def test_the_page_is_written_where_it_is_asked_for(runs, tmp_path, capsys):
    assert main(["compare", "a-1", "b-1", "--runs-dir", str(runs), "--out", str(tmp_path / "page")]) == 0
    assert {path.name for path in (tmp_path / "page").iterdir()} == {
        *(f"comparison.{kind}" for kind in ("html", "md", "json")),
        "figures",
    }
    assert str(tmp_path / "page" / "comparison.html") in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a"], "two different runs"),
        (["a", "a-1"], "two different runs"),
        (["a", "c"], "There is no such run"),
        (["a", "b", "--resolve", "0"], "above 0"),
    ],
)
def test_a_mistake_is_one_clear_error(runs, capsys, words, said):
    assert main(["compare", *words, "--runs-dir", str(runs), "--json"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
