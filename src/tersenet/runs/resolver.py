"""What a word means where a command asks for a network, an experiment or a run. One rule serves every command.

A word is tried in this order, and the first meaning that fits is taken. Commands that need weights or figures
(`evaluate`, `predict`, `explain`, `report`, `compare`, `claim`, `doctor`, `train --init`, `train --resume`) ask for a
run first; those that need an architecture or a recipe (`train`, `summary`, `new --from`) ask for a network first.

    =====  ======================================  =====================================
    order  a run is asked for                      a network is asked for
    =====  ======================================  =====================================
    1      a run or group by its folder's name     an experiment shipped with Tersenet
    2      the latest run or group of that name    an experiment file: NAME.toml
    3      an experiment shipped with Tersenet     a named network
    4      an experiment file: NAME.toml           a module in a file: model.py:Net
    5      a named network                         a run or group by its folder's name
    6      a module in a file: model.py:Net        a line of notation
    7      a line of notation                      the latest run or group of that name
    =====  ======================================  =====================================

Where only a run will do, meanings 3 to 7 stand for the latest run of that experiment or network. Before them, where
a run is asked for, comes the name of a trained network in the package, such as stem-17150. A folder's name is looked
for in the runs folder, then as a path; a word with a slash is a path first. Only folders that hold a run count:
another folder of the same name hides nothing. One seed of a group is `sprint-3/seed-0`.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal, NoReturn

from tersenet._errors import TersenetError, did_you_mean, did_you_mean_file
from tersenet._notes import note
from tersenet.networks import AUTO, NETWORKS, in_file, parse
from tersenet.runs.experiment import Experiment, experiment_names, load_experiment
from tersenet.runs.family.group import Group, is_group
from tersenet.runs.folder import EXPERIMENT, Run
from tersenet.runs.listings.find_runs import Unreadable, list_all, list_groups, list_runs, name_and_number
from tersenet.runs.packaged import packaged_names, packaged_run
from tersenet.runs.provenance.source import spec_of
from tersenet.training import FITTED

Kind = Literal["run", "group", "experiment", "file", "network", "module", "notation"]


@dataclass(frozen=True)
class Resolved:
    """What a word means: its kind, and the run, group or experiment that it names.

    A network, by name, in a file or in notation, is an experiment with Tersenet's own recipe.
    """

    word: str
    kind: Kind
    found: Run | Group | Experiment

    @property
    def run(self) -> Run | Group | None:
        """The run or group; None where the word names something that need not have been trained."""
        return None if isinstance(self.found, Experiment) else self.found

    @property
    def experiment(self) -> Experiment:
        """The experiment that is named, or that the run was trained by."""
        return self.found if isinstance(self.found, Experiment) else self.found.experiment

    def note_code(self) -> None:
        """Say which Python file runs, where the word is an experiment file that names one."""
        named = in_file(self.experiment.network)
        if self.kind == "file" and named is not None:
            note(f"{self.word} has its network in a Python file, which is run: {named[0]}")

    @property
    def network(self) -> str:
        """The word to build the network by: its notation where it has one, else its name, or the file it is in.

        The file of a run is the copy in its folder. Raises TersenetError where it may not run here.
        """
        experiment = self.experiment
        if self.run is not None and in_file(experiment.network):
            if experiment.notation is not None:
                return str(parse(experiment.notation))
            return spec_of(self.run.path, experiment.network, self.run.environment.source)
        return experiment.notation or experiment.network


def resolve(word: str | Path, runs_dir: Path = Path("runs"), *, runs_first: bool = False) -> Resolved:
    """What `word` means, in the order of the table above.

    Raises TersenetError where it means nothing: about files for a word that looks like a file, about runs for one
    that looks like a run, else with a caret at the place where the notation cannot be read.

    >>> resolve("gap-14320", Path("no/such/folder")).kind
    'experiment'
    >>> resolve("8C3 BN R GAP 10Nb", Path("no/such/folder")).experiment.network
    '8C3 BN R GAP 10Nb'
    """
    text = _required(word)
    by_name, latest = _by_name(word, runs_dir), _latest(text, runs_dir)
    designs, notation = _designs(text), _notation(text)
    ours = (Resolved(text, "run", run) for run in [packaged_run(text)] if run)
    order: tuple[Iterator[Resolved], ...]
    order = (by_name, latest, ours, designs, notation) if runs_first else (designs, by_name, notation, latest)
    return next(chain.from_iterable(order), None) or _nothing(text, runs_dir)


def find_experiment(word: str, runs_dir: Path = Path("runs")) -> Experiment:
    """The experiment that is meant: shipped, in a file, that of a run, or a network with Tersenet's own recipe.

    That of a run can be changed and trained again: its network is the one it names.

    >>> find_experiment("gap-14320").training.epochs
    19
    """
    return resolve(word, runs_dir).experiment.changed(notation=None)


def experiment_to_train(word: str, runs_dir: Path = Path("runs")) -> Experiment:
    """The same, ready to be trained: a run's network from a file is the copy in its folder, which must be trusted.

    >>> experiment_to_train("gap-14320").network
    'gap-14320'
    """
    resolved = resolve(word, runs_dir)
    experiment = resolved.experiment
    named = in_file(experiment.network)
    is_code = resolved.run is not None and named is not None
    resolved.note_code()
    return experiment.changed(network=resolved.network if is_code else experiment.network, notation=None)


def find_run(word: str | Path, runs_dir: Path = Path("runs")) -> Run:
    """The run that is meant: a folder, its name under `runs_dir`, or an experiment or network (its latest run).

    One seed of a group is named `sprint-3/seed-0`. Raises TersenetError where there is none, or a group is named.
    """
    found = _find(word, runs_dir, groups=False)
    if isinstance(found, Group):
        first = found.seeds[0] if found.seeds else 0
        raise TersenetError(
            "This is a group of seeds; a single run is needed.",
            got=found.path,
            expected="the run of one seed",
            hint=f"name it: {found.name}/seed-{first}",
        )
    return found


def find_run_or_group(word: str | Path, runs_dir: Path = Path("runs")) -> Run | Group:
    """The run or group that is meant, as `find_run` finds it; the latest of a name may be either."""
    return _find(word, runs_dir, groups=True)


def _find(word: str | Path, runs_dir: Path, *, groups: bool) -> Run | Group:
    """A run or group; without `groups`, a group only where there is no run of that name."""
    text = _required(word)
    kinds: list[Sequence[Run | Group]] = [_both(runs_dir)] if groups else [list_runs(runs_dir), list_groups(runs_dir)]
    for resolved in chain(_by_name(word, runs_dir), *(_latest(text, kind) for kind in kinds)):
        if resolved.run is not None:
            return resolved.run
    if packaged := packaged_run(text):
        return packaged
    design = next(chain(_designs(text), _notation(text)), None) or _nothing(text, runs_dir, only_runs=True)
    for kind in kinds:
        trained = [each for each in kind if _is_of(each, design.experiment)]
        if trained:  # of several names, by the time when they began
            return trained[-1] if design.experiment.name else max(trained, key=_begun)
    raise TersenetError(
        f"There is no run of this {'experiment' if design.kind in ('experiment', 'file') else 'network'} yet.",
        got=text,
        expected=f"a run folder, its name under {runs_dir}, or an experiment that has been trained",
        hint=f"tersenet train {shlex.quote(text)}",
    )


def _required(word: str | Path) -> str:
    text = str(word)
    if not text.strip():
        raise TersenetError(
            "The name is empty.", expected="a run, an experiment, a network's name, file.py:Name or notation"
        )
    return text


def _designs(word: str) -> Iterator[Resolved]:
    """Experiments and networks that have a name or a file."""
    if word in experiment_names():
        yield Resolved(word, "experiment", load_experiment(word))
    elif word.endswith(".toml"):
        yield Resolved(word, "file", load_experiment(word))
    elif word.strip().lower() in (AUTO, *NETWORKS):
        yield Resolved(word, "network", Experiment(network=word, fit=FITTED))
    elif word.strip().endswith(".py") or ((named := in_file(word)) and _is_file(named[0])):
        yield Resolved(word, "module", Experiment(network=word, fit=FITTED))


def _notation(word: str) -> Iterator[Resolved]:
    with suppress(TersenetError):
        parse(word)
        yield Resolved(word, "notation", Experiment(network=word, fit=FITTED))


def _by_name(word: str | Path, runs_dir: Path) -> Iterator[Resolved]:
    """A run or group whose folder has this name under `runs_dir`, or is this path."""
    path = Path(word)
    is_path = isinstance(word, Path) or any(slash in word for slash in (os.sep, os.altsep) if slash)
    for folder in (path, runs_dir / path) if is_path else (runs_dir / path, path):
        if _is_file(folder / EXPERIMENT):
            yield _resolved_run(str(word), Group(folder) if is_group(folder) else Run(folder))


def _latest(word: str, known: Path | Iterable[Run | Group]) -> Iterator[Resolved]:
    """The latest run or group that was trained under this name, of those in a folder or of those given."""
    both = _both(known) if isinstance(known, Path) else known
    named = [each for each in both if name_and_number(each.name)[0] == word]
    if named:
        yield _resolved_run(word, named[-1])


def _resolved_run(word: str, found: Run | Group) -> Resolved:
    return Resolved(word, "group" if isinstance(found, Group) else "run", found)


def _both(runs_dir: Path) -> list[Run | Group]:
    both: list[Run | Group] = [*list_runs(runs_dir), *list_groups(runs_dir)]
    return sorted(both, key=lambda found: name_and_number(found.name))


def _is_of(run: Run | Group, experiment: Experiment) -> bool:
    """Whether a run was trained for an experiment: it has its name, or where that has none, its network."""
    try:
        trained = run.experiment
    except TersenetError:
        return False
    if experiment.name is not None:
        return trained.name == experiment.name
    if (named := in_file(experiment.network)) is not None:
        return trained.network == f"{named[0].resolve()}:{named[1]}"
    return trained.notation is not None and trained.notation == _line(experiment.notation or experiment.network)


def _begun(run: Run | Group) -> float:
    return (run.path / EXPERIMENT).stat().st_mtime


def _line(network: str) -> str:
    """A network's notation as the runs hold it."""
    known = NETWORKS.get(network.strip().lower())
    if network.strip().lower() == AUTO:  # another line for each data set
        return AUTO
    return known.notation if known else str(parse(network))


def _is_file(path: str | Path) -> bool:
    """Whether there is such a file; a notation can be longer than any file name."""
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False


def _nothing(word: str, runs_dir: Path, *, only_runs: bool = False) -> NoReturn:
    """Raise the error that helps: about files, about runs, or about notation."""
    runs: set[str] = set()
    with suppress(OSError):
        for each in list_all(runs_dir):
            if isinstance(each, Unreadable) and each.name == word:
                raise TersenetError("This run cannot be read.", got=each.problem, where=each.path)
        runs = {name for each in _both(runs_dir) for name in (each.name, name_and_number(each.name)[0])}
    near = did_you_mean(word, sorted({*runs, *experiment_names(), *(packaged_names() if only_runs else NETWORKS)}))
    if not only_runs:
        near = _file_that_is_near(word) or near
    run_expected = f"a run folder, its name under {runs_dir}, or an experiment that has been trained"
    all_expected = "an experiment, NAME.toml, a network's name, file.py:Name, a run, or notation"
    expected = run_expected if only_runs else all_expected
    if _is_directory(word):
        raise TersenetError(
            "This is not a run folder.",
            got=word,
            expected=f"a folder that holds {EXPERIMENT}" if only_runs else all_expected,
            hint="tersenet runs lists the runs that are here",
        )
    if _is_file(word):
        raise TersenetError("This file is neither an experiment nor a network.", got=word, expected=expected)
    if not only_runs and _looks_like_a_file(word):
        raise TersenetError("There is no such file or folder.", got=word, expected=expected, hint=near)
    if only_runs or _looks_like_a_run(word, runs):
        raise TersenetError(
            "There is no such run.",
            got=word,
            expected=run_expected,
            hint=near or "tersenet runs lists the runs that are here",
        )
    if re.fullmatch(r"[A-Za-z_]{3,}", word):
        raise TersenetError(
            "There is no experiment, network or run of this name.",
            got=word,
            expected=all_expected,
            hint=near or "`tersenet networks`, `tersenet experiments` and `tersenet runs` list the names",
        )
    try:
        parse(word)
    except TersenetError as error:
        one_word = "`tersenet networks` and `tersenet experiments` list the names" if len(word.split()) == 1 else None
        error.hint = near or error.hint or one_word
        raise
    raise AssertionError(word)  # what can be parsed has a meaning


def _file_that_is_near(word: str) -> str | None:
    """The files that a word may have meant: an experiment's without its ending, or a misspelt one with a module."""
    if _is_file(f"{word}.toml"):
        return f"did you mean {shlex.quote(f'{word}.toml')}?"
    named = in_file(word)
    if named is None or named[0].suffix != ".py":
        return None
    return did_you_mean_file(named[0], name=named[1])


def _is_directory(word: str) -> bool:
    try:
        return Path(word).is_dir()
    except (OSError, ValueError):
        return False


def _looks_like_a_file(word: str) -> bool:
    """Slashes, colons and endings like .json are in no notation.

    >>> [_looks_like_a_file(word) for word in ("nets/mine", "model.yaml", "a.py:Net", "8C3 D.05 10N", "3C3-LR.1")]
    [True, True, True, False, False]
    """
    return bool(re.search(r"[/\\:]|\.[A-Za-z_]\w*$", word))


def _looks_like_a_run(word: str, runs: set[str]) -> bool:
    """A known name with a number behind it."""
    name, number = name_and_number(word)
    return number > 0 and (
        name in {*runs, *NETWORKS, *experiment_names()} or re.fullmatch(r"net-\d+", name) is not None
    )
