"""The ladder: experiments that each change one thing, as the runs of a folder tell them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path
from statistics import fmean
from typing import Any

from tersenet._errors import TersenetError
from tersenet.evaluation import PERCENT, POINTS, Spread, WelchTest, holm, spread, welch_test
from tersenet.networks import NETWORKS
from tersenet.runs import (
    Experiment,
    FrontEntry,
    Run,
    changed_fields,
    entries,
    experiment_names,
    load_experiment,
    results_of,
    to_tables,
)

LADDER = "ladder-"  # what the names of its experiments begin with
SEEDS = 3  # of each step: an indication of the direction, in a few minutes a step
LAST = 3  # epochs over which an accuracy has to hold
MANY = 5  # kinds of layers in and out, above which the line itself is shorter to read
HELD_WITHIN = 0.1  # points that it may lie under the target there: what one epoch differs from the next


@dataclass(frozen=True, kw_only=True, eq=False)
class LadderStep:
    """One trained step: its finished runs differ in nothing but the seed. Accuracies are in percent, on test images.

    `change` says what was changed since the step before; `difference` compares the two over their seeds, and
    `adjusted_p` is its p adjusted for all steps together (Holm); both None for the first, or where seeds are too few.
    """

    experiment: Experiment
    change: str
    runs: tuple[Run, ...]
    difference: WelchTest | None = None
    adjusted_p: float | None = None

    @property
    def name(self) -> str:
        """The experiment's name."""
        return str(self.experiment.name)

    @property
    def label(self) -> str:
        """Number and word: `04 gap`."""
        return self.name.removeprefix(LADDER).replace("-", " ", 1)

    @property
    def accuracies(self) -> list[float]:
        """The accuracy after the last epoch, one per seed."""
        return [result.test_accuracy for result in results_of(self.runs)]

    @property
    def spread(self) -> Spread:
        """Mean, deviation and interval over the seeds."""
        return spread(self.accuracies, bounds=PERCENT)

    @property
    def parameters(self) -> int:
        """The network's parameters."""
        return results_of(self.runs)[0].parameters

    @property
    def epochs(self) -> int:
        """The most epochs that a run took."""
        return max(result.epochs for result in results_of(self.runs))

    @property
    def train_accuracy(self) -> float:
        """The mean training accuracy of the last epoch, measured during it."""
        return fmean(run.metrics[-1].train_accuracy for run in self.runs)

    @property
    def curves(self) -> list[list[float]]:
        """Each seed's accuracy by epoch."""
        return [[row.held_out_accuracy for row in run.metrics] for run in self.runs]

    @property
    def means(self) -> list[float]:
        """The mean accuracy by epoch, over the seeds that came so far."""
        curves = self.curves
        return [
            fmean(curve[epoch] for curve in curves if len(curve) > epoch) for epoch in range(max(map(len, curves)))
        ]

    @property
    def last_epochs(self) -> list[float]:
        """The accuracies of the last three epochs of all seeds."""
        return [accuracy for curve in self.curves for accuracy in curve[-LAST:]]

    @property
    def target(self) -> float | None:
        """The accuracy that the budget asks for."""
        return self.experiment.budget.accuracy if self.experiment.budget else None

    @property
    def misses(self) -> list[str]:
        """What the budget asks for and was not reached, a few words each; empty where all was, or nothing is asked.

        The mean decides, and the last three epochs of every seed have to stay within 0.1 points under the target.
        """
        budget = self.experiment.budget
        if budget is None:
            return []
        said = []
        if budget.accuracy is not None:
            short = budget.accuracy - self.spread.mean
            if round(short, 6) > 0:
                said.append(f"{short:.{2 if short >= 0.005 else 3}f} short")
            elif min(self.last_epochs) <= budget.accuracy - HELD_WITHIN:
                said.append("not held")
        if budget.parameters is not None and self.parameters >= budget.parameters:
            said.append("too many parameters")
        if budget.epochs is not None and self.epochs >= budget.epochs:
            said.append("too many epochs")
        return said


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Seeds of a step that are not trained, and the commands that train them."""

    name: str
    seeds: tuple[int, ...]
    commands: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Ladder:
    """The trained steps in order, what is missing, and which runs have a step's name but other settings."""

    data: str
    steps: list[LadderStep]
    missing: list[Missing]
    otherwise: list[str]


def read_ladder(runs_dir: Path = Path("runs"), experiments: Sequence[Experiment] | None = None) -> Ladder:
    """What the finished runs under a folder say of the ladder, or of other experiments that follow one another.

    A run belongs to a step that trains the same network in the same way on the same data, in a group or alone.
    Raises TersenetError where no step is trained, or the steps are not on one data set.
    """
    if experiments is None:
        experiments = [load_experiment(name) for name in experiment_names() if name.startswith(LADDER)]
    if len({experiment.data for experiment in experiments}) != 1:
        raise TersenetError(
            "The steps of a ladder are measured on one data set.",
            got=", ".join(f"{experiment.name}: {experiment.data}" for experiment in experiments) or "no experiment",
        )
    data = experiments[0].data
    found = entries(runs_dir, data)
    steps: list[LadderStep] = []
    missing, otherwise = [], []
    before: Experiment | None = None
    for experiment in experiments:
        runs = _runs_of(experiment, found)
        lacking = tuple(seed for seed in range(SEEDS) if seed not in {run.experiment.seed for run in runs})
        if len(runs) < SEEDS:
            missing.append(_missing(experiment, lacking[: SEEDS - len(runs)], runs_dir))
        if runs:
            difference = _difference(steps[-1], runs) if steps and steps[-1].experiment is before else None
            change = what_changed(before, experiment)
            steps.append(LadderStep(experiment=experiment, change=change, runs=runs, difference=difference))
        otherwise += _changed_runs(experiment, found)
        before = experiment
    if not steps:
        raise TersenetError(
            "No step of the ladder is trained.",
            where=runs_dir,
            hint="\n".join([*missing[0].commands, *otherwise]),
        )
    return Ladder(data=data, steps=_adjusted(steps), missing=missing, otherwise=otherwise)


def what_changed(before: Experiment | None, after: Experiment) -> str:
    """What differs between two experiments, in a few words: layers in and out, and settings of the recipe.

    >>> plain = Experiment(network="8C3 R GAP 10N")
    >>> what_changed(plain, plain.changed(network="8C3 BN R GAP 10N"))
    '+BN'
    >>> what_changed(None, plain)
    'the baseline'
    """
    if before is None:
        return "the baseline"
    fields = changed_fields(before, after)
    said = [_layers_changed(_line(before), _line(after))] if "network" in fields else []
    tables = [to_tables(each) for each in (before, after)]
    if any(field.startswith("training.augmentation.") for field in fields):
        knobs = [field for field in fields if field.startswith("training.augmentation.")]
        values = [f"{field.rpartition('.')[2]} {_value(tables[1], field)}" for field in knobs]
        said.append("augmentation: " + ", ".join(values))
    for field in fields:
        if field != "network" and not field.startswith("training.augmentation."):
            word = field.removeprefix("training.").removesuffix(".kind").replace("_", " ").replace(".", " ")
            said.append(f"{word} {_value(tables[0], field)} → {_value(tables[1], field)}")
    return "; ".join(said) or "nothing"


def _layers_changed(before: str, after: str) -> str:
    """Layers put in, taken out, moved; the new line itself where these are many.

    >>> _layers_changed("8C3 R D.1 10N", "8C3 BN R GAP 10Nb")
    '−D.1 −10N +BN +GAP +10Nb'
    >>> _layers_changed("8C3 MP2 R BN 10N", "8C3 R BN MP2 10N")
    'MP2 moved'
    """
    old, new = before.split(), after.split()
    gone, come = Counter(old) - Counter(new), Counter(new) - Counter(old)
    if len(gone) + len(come) > MANY:
        return f"now {after}"
    if gone or come:
        signed = [("−", gone), ("+", come)]
        return " ".join(
            f"{sign}{f'{count} ' if count > 1 else ''}{layer}"
            for sign, some in signed
            for layer, count in some.items()
        )
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return " ".join(layer for kind, a, b, _, _ in steps if kind != "equal" for layer in old[a:b]) + " moved"


def _line(experiment: Experiment) -> str:
    known = NETWORKS.get(experiment.network)
    return experiment.notation or (known.notation if known else experiment.network)


def _value(tables: Mapping[str, Any], field: str) -> str:
    value: Any = tables
    for key in field.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    if value is None or isinstance(value, bool):
        return {None: "none", True: "on", False: "off"}[value]
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def _runs_of(experiment: Experiment, found: Sequence[FrontEntry]) -> tuple[Run, ...]:
    """The runs that train just this; of one seed trained twice the later counts."""
    by_seed = {
        run.experiment.seed: run
        for entry in found
        if not changed_fields(experiment, entry.runs[0].experiment)
        for run in entry.runs
    }
    return tuple(by_seed[seed] for seed in sorted(by_seed))


def _changed_runs(experiment: Experiment, found: Sequence[FrontEntry]) -> list[str]:
    said = []
    for entry in found:
        name = str(entry.runs[-1].experiment.name)
        changed = changed_fields(experiment, entry.runs[-1].experiment)
        if changed and (name == experiment.name or name.startswith(f"{experiment.name}-seed")):
            said.append(f"{entry.name} is left out because these settings differ: {', '.join(changed)}.")
    return said


def _missing(experiment: Experiment, seeds: tuple[int, ...], runs_dir: Path) -> Missing:
    words = [f"--seeds {SEEDS}"] if len(seeds) == SEEDS else [f"--seed {seed}" for seed in seeds]
    place = "" if runs_dir == Path("runs") else f" --runs-dir {runs_dir}"
    commands = tuple(f"tersenet train {experiment.name} {word}{place}" for word in words)
    return Missing(name=str(experiment.name), seeds=seeds, commands=commands)


def _difference(before: LadderStep, runs: Sequence[Run]) -> WelchTest | None:
    accuracies = [result.test_accuracy for result in results_of(runs)]
    enough = len(before.accuracies) + len(accuracies) >= 3
    return welch_test(before.accuracies, accuracies, bounds=POINTS) if enough else None


def _adjusted(steps: list[LadderStep]) -> list[LadderStep]:
    adjusted = iter(holm([step.difference.p for step in steps if step.difference]))
    return [replace(step, adjusted_p=next(adjusted)) if step.difference else step for step in steps]
