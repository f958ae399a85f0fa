"""`tersenet compare ladder`: the table at eighty columns, the one JSON document, what an empty folder says."""

import json

import pytest
from rich.console import Console

from made_runs import MadeRun
from tersenet.analysis import ladder as ladder_module
from tersenet.analysis.ladder import Ladder, LadderStep, Missing
from tersenet.cli.main import main
from tersenet.cli.output import Output
from tersenet.evaluation import holm, welch_test
from tersenet.networks import Budget
from tersenet.pages import ladder_in_short, to_terminal
from tersenet.runs import Experiment, start_run
from tersenet.training import Recipe


def rising(accuracy, parameters):
    """A run of three epochs whose accuracy rises to the one given."""
    return MadeRun((accuracy - 0.04, accuracy - 0.02, accuracy), parameters)


def step(name, change, parameters, accuracies, **more):
    budget = Budget(accuracy=99.5, parameters=8_000, epochs=16)
    experiment = Experiment(name=name, network="8C3 GAP 10N", data="mnist", budget=budget)
    runs = tuple(rising(accuracy, parameters) for accuracy in accuracies)
    return LadderStep(experiment=experiment, change=change, runs=runs, **more)


PLAIN, NORMED, AVERAGED = (98.5, 98.52, 98.42), (98.96, 99.01, 98.9), (99.51, 99.53, 99.55)
TESTS = [welch_test(PLAIN, NORMED), welch_test(NORMED, AVERAGED)]
ADJUSTED = holm([test.p for test in TESTS])
SMALL = Ladder(
    data="mnist",
    steps=[
        step("ladder-01-plain", "the baseline", 5_352, PLAIN),
        step("ladder-02-normalised", "+2 BN", 5_400, NORMED, difference=TESTS[0], adjusted_p=ADJUSTED[0]),
        step(
            "ladder-03-averaged",
            "learning rate 0.05 → 0.2; schedule constant → linear",
            7_594,
            AVERAGED,
            difference=TESTS[1],
            adjusted_p=ADJUSTED[1],
        ),
    ],
    missing=[Missing(name="ladder-04-gap", seeds=(0, 1, 2), commands=("tersenet train ladder-04-gap --seeds 3",))],
    otherwise=["ladder-04-gap-1 is left out because these settings differ: training.epochs."],
)

# Differences, intervals and p-values are those of scipy's ttest_ind for these accuracies.
PRINTED = """\
                                                        last  target
on mnist       change               parameters       epoch %       %  verdict
01 plain       the baseline              5,352  98.48 ± 0.05    99.5  1.02 short
02 normalised  +2 BN                     5,400  98.96 ± 0.06    99.5  0.54 short
03 averaged    learning rate 0.05        7,594  99.53 ± 0.02    99.5  met
               → 0.2; schedule
               constant → linear
Not shown at width 80: least of last 3. A wider terminal or --json has it.

- 02 normalised: Accuracy rises: +0.48 points against step 01 (95 % interval
  +0.35 to +0.60, p < 0.001 by Welch's test).
- 03 averaged: Accuracy rises: +0.57 points against step 02 (95 % interval +0.45
  to +0.69, p = 0.0012 by Welch's test).

Up to 3 seeds per step: an indication, not a claim. Each interval is for one
comparison; adjusted for all of them (Holm), p is larger. All accuracies are on
the test set after the last epoch; no epoch is picked.

Not yet trained with 3 seeds. What is missing:

  tersenet train ladder-04-gap --seeds 3

ladder-04-gap-1 is left out because these settings differ: training.epochs.
"""


def test_what_is_printed_fits_eighty_columns():
    output = Output(json=False)
    output.console = Console(width=80, force_terminal=False, highlight=False, record=True)
    for part in to_terminal(ladder_in_short(SMALL)):
        output.say(part)
    said = "\n".join(line.rstrip() for line in output.console.export_text().splitlines()) + "\n"
    assert said == PRINTED
    assert max(map(len, said.splitlines())) <= 80


@pytest.fixture
def tiny(picture_folder, tmp_path, monkeypatch):
    """A folder with the first of two steps, which are the ladder here."""
    steps = [
        Experiment(name=name, network=network, data=f"folder:{picture_folder}", training=Recipe(epochs=1))
        for name, network in (("ladder-01-plain", "2C5s3 R GAP 2Nb"), ("ladder-02-normed", "2C5s3 BN R GAP 2Nb"))
    ]
    monkeypatch.setattr(ladder_module, "experiment_names", lambda: [step.name for step in steps])
    monkeypatch.setattr(ladder_module, "load_experiment", {step.name: step for step in steps}.__getitem__)
    start_run(steps[0], runs_dir=tmp_path / "runs")
    return tmp_path


def test_json_is_one_document_and_the_page_lies_where_it_is_asked_for(tiny, capsys):
    words = ["--runs-dir", str(tiny / "runs"), "--out", str(tiny / "page"), "--json"]
    assert main(["compare", "ladder", *words]) == 0
    document = json.loads(capsys.readouterr().out)
    (found,) = document["steps"]
    assert found["step"] == "ladder-01-plain"
    assert found["parameters"] == 50 + 6
    assert found["mean"] == found["accuracies"][0] == found["means"][-1]
    assert found["indication"]
    assert found["met"] is None
    assert [each["name"] for each in document["missing"]] == ["ladder-01-plain", "ladder-02-normed"]
    assert document["missing"][1]["commands"] == [
        f"tersenet train ladder-02-normed --seeds 3 --runs-dir {tiny / 'runs'}"
    ]
    assert document["page"] == str(tiny / "page" / "ladder.html")
    assert (tiny / "page" / "figures" / "ladder-front.png").read_bytes()[:4] == b"\x89PNG"


def test_an_empty_folder_is_one_clear_error(tmp_path, capsys):
    assert main(["compare", "ladder", "--runs-dir", str(tmp_path), "--json"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "tersenet train ladder-01-plain --seeds 3" in captured.err


def test_options_that_the_ladder_does_not_take_are_refused(tmp_path, capsys):
    words = ["--best", "--resolve", "0.1", "--data-dir", str(tmp_path)]
    assert main(["compare", "ladder", "--runs-dir", str(tmp_path), *words]) == 1
    assert "--resolve, --best, --data-dir" in capsys.readouterr().err
