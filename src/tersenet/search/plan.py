"""What a search is to do: its space, its ranges of the recipe, its limits and its budget."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import msgspec

from tersenet._errors import TersenetError, check_setting, did_you_mean
from tersenet.runs import Experiment, Record, experiment_from, setting_called, to_tables, with_settings
from tersenet.search.space.costs import CostLimits
from tersenet.search.space.space import Space
from tersenet.search.space.space_notation import is_space, parse_space

MOST_MINUTES = 60 * 24 * 365
MOST_TRIALS = 100_000
KEEP_ONE_IN = 3  # of a rung; the usual factor of successive halving
FOLDS = 6  # parts of the training images that take turns to be held out
Front = Literal["parameters", "macs", "bytes"]


@dataclass(frozen=True, kw_only=True)
class SettingRange:
    """A field of the recipe that the search chooses: a range of numbers, or a list of values.

    >>> SettingRange.read("training.learning_rate", {"from": 0.05, "to": 0.5, "scale": "log"}).scale
    'log'
    """

    key: str
    low: float | None = None
    high: float | None = None
    scale: Literal["linear", "log"] = "linear"
    whole: bool = False
    values: tuple[float | int | str | bool, ...] = ()

    @staticmethod
    def read(key: str, given: Any) -> SettingRange:
        """What a TOML file says of a field; raises TersenetError where it is neither a range nor a list."""
        where = f"search.{key}"
        if isinstance(given, list):
            check_setting(
                len(given) > 1 and len(set(given)) == len(given), where, given, "two or more different values"
            )
            return SettingRange(key=key, values=tuple(given))
        known = {"from", "to", "scale"}
        table: dict[str, Any] = given if isinstance(given, dict) else {}
        low, high = table.get("from", ""), table.get("to", "")
        fits = set(table) <= known and _is_number(low) and _is_number(high)
        check_setting(fits, where, given, '{ from = 0.05, to = 0.5, scale = "log" }, or a list of values')
        scale = table.get("scale", "linear")
        check_setting(scale in ("linear", "log"), f"{where}.scale", scale, "linear or log", names=("linear", "log"))
        check_setting(low < high, where, f"{low:g} to {high:g}", "a range from a lower number to a higher one")
        check_setting(scale == "linear" or low > 0, where, f"from {low:g}", "above 0 on a logarithmic scale")
        whole = isinstance(low, int) and isinstance(high, int)
        return SettingRange(key=key, low=float(low), high=float(high), scale=scale, whole=whole)

    @property
    def ends(self) -> tuple[Any, ...]:
        """The values that must be possible for all to be."""
        if self.values:
            return self.values
        assert self.low is not None
        assert self.high is not None
        return (int(self.low), int(self.high)) if self.whole else (self.low, self.high)

    def own(self, experiment: Experiment) -> Any:
        """The experiment's own value, where the range holds it; None elsewhere."""
        value: Any = to_tables(experiment)
        for part in self.key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if self.values:
            return value if value in self.values else None
        low, high = self.ends
        return value if _is_number(value) and low <= value <= high else None

    def in_words(self) -> str:
        """In a phrase.

        >>> SettingRange.read("training.epochs", {"from": 5, "to": 20}).in_words()
        '5 to 20'
        """
        if self.values:
            return ", ".join(map(str, self.values))
        return f"{self.low:g} to {self.high:g}" + (" (logarithmic)" if self.scale == "log" else "")


@dataclass(frozen=True, kw_only=True)
class SearchPlan(Record):
    """Everything that a search needs; `search.json` of its folder.

    `experiment` is the one that each trial trains, its network replaced and the fields of `settings` changed. Budgets
    are those of the whole search, however often it is resumed: `minutes` of training time on the clock, `trials`
    proposals. `rungs` are the epochs of the short trainings before the full one. `front`, where it is set, asks for
    the best networks of every size in that cost instead of the best one.
    """

    experiment: Experiment
    settings: tuple[SettingRange, ...] = ()
    limits: CostLimits = field(default_factory=CostLimits)
    minutes: float | None = None
    trials: int | None = None
    seeds: int = 5
    front: Front | None = None
    held_out: int = 0  # a sixth of the training images
    rungs: tuple[int, ...] = ()
    start: tuple[str, ...] = ()
    processes: int = 0  # one per core

    def __post_init__(self) -> None:
        super().__post_init__()
        minutes, trials = self.minutes, self.trials
        fits = minutes is None or (math.isfinite(minutes) and 0 < minutes <= MOST_MINUTES)
        check_setting(fits, "search.minutes", minutes, f"above 0, up to {MOST_MINUTES:,}")
        check_setting(trials is None or 1 <= trials <= MOST_TRIALS, "search.trials", trials, f"1 to {MOST_TRIALS:,}")
        check_setting(1 <= self.seeds <= 100, "search.seeds", self.seeds, "1 to 100")
        check_setting(self.held_out >= 0, "search.held_out", self.held_out, "0 (a sixth of the images) or more")
        check_setting(0 <= self.processes <= 1024, "search.processes", self.processes, "0 (one per core) to 1024")
        if minutes is None and trials is None:
            raise TersenetError("A search needs a budget.", expected="--minutes, --trials or both")
        full = self.experiment.training.epochs
        rising = all(low < high for low, high in pairwise((*self.rungs, full)))
        if self.rungs and not (rising and self.rungs[0] >= 1):
            expected = f"rising numbers of epochs below {full}, those of a full training"
            raise TersenetError(
                "The rungs do not rise.", got=list(self.rungs), expected=expected, where="search.rungs"
            )
        names = ("parameters", "macs", "bytes")
        check_setting(self.front in (None, *names), "search.front", self.front, ", ".join(names), names=names)

    @property
    def space(self) -> Space:
        """The space of networks."""
        return parse_space(self.experiment.network)

    @property
    def epochs(self) -> tuple[int, ...]:
        """The epochs of each rung, the full training last.

        >>> from tersenet.training import Recipe
        >>> SearchPlan(experiment=Experiment(network="{4..8}C3 GAP 10N", training=Recipe(epochs=18)), trials=5).epochs
        (2, 6, 18)
        """
        full = self.experiment.training.epochs
        usual = (max(1, round(full / KEEP_ONE_IN**2)), round(full / KEEP_ONE_IN))
        return (*(self.rungs or tuple(sorted({each for each in usual if 1 <= each < full}))), full)

    def trial(self, network: str, chosen: Mapping[str, Any], **changes: Any) -> Experiment:
        """The experiment of one trial: its network, and the values of the fields that the search chooses."""
        changed = with_settings(self.experiment.changed(network=network), values=dict(chosen))
        return changed.changed(**changes)

    def with_budget(self, *, minutes: float | None, trials: int | None) -> SearchPlan:
        """The plan of a search that goes on: what is given is added to its budget."""
        if minutes is None and trials is None:
            return self
        return replace(
            self,
            minutes=None if minutes is None else (self.minutes or 0) + minutes,
            trials=None if trials is None else (self.trials or 0) + trials,
        )


def read_search(path: Path) -> dict[str, Any]:
    """The fields of a SearchPlan that an experiment's TOML file gives: the experiment, and its table `[search]`.

    Raises TersenetError where the file is not TOML, or a field does not fit.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        got = getattr(error, "strerror", None) or str(error)
        raise TersenetError("This experiment cannot be read.", got=got, where=path) from error
    search = content.pop("search", {})
    if not isinstance(search, dict):
        raise TersenetError(
            "The search of an experiment is a table.", got=repr(search), expected="[search]", where=path
        )
    found: dict[str, Any] = {"experiment": experiment_from(content, where=str(path))}
    known = ("minutes", "trials", "seeds", "front", "held_out", "rungs", "start", "processes", "limits", "training")
    for key, value in search.items():
        _require_known(f"search.{key}", known, path)
        if key == "training":
            found["settings"] = tuple(_ranges(value, "training"))
            continue
        for name in value if key == "limits" and isinstance(value, dict) else ():
            _require_known(f"search.limits.{name}", tuple(CostLimits.__dataclass_fields__), path)
        found[key] = value
    return found


def made_plan(**fields: Any) -> SearchPlan:
    """A plan out of fields as a TOML file or `search.json` has them; raises TersenetError where one does not fit."""
    try:
        plain = {key: value for key, value in fields.items() if key != "experiment"}
        plan = msgspec.convert(plain | {"experiment": to_tables(fields["experiment"])}, SearchPlan)
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, TersenetError):
            raise error.__cause__ from None
        what, _, place = str(error).partition(" - at ")
        where = f"search.{place.strip('`').removeprefix('$').removeprefix('.')}"
        raise TersenetError("The search has an invalid value.", got=what, where=where) from error
    if not is_space(plan.experiment.network):
        raise TersenetError(
            "The network of a search is a space: a line of notation with braces.",
            got=plan.experiment.network,
            expected="for example {4..12}C3 BN R MP2 {8..24/4}C3 BN R GAP 10Nb",
            hint="tersenet summary shows what a space holds",
        )
    for item in plan.settings:
        setting_called(item.key)
        for end in item.ends:
            plan.trial(plan.experiment.network, {item.key: end})
    return plan


def _require_known(key: str, known: tuple[str, ...], path: Path) -> None:
    last = key.rpartition(".")[2]
    if last not in known:
        expected, hint = ", ".join(known), did_you_mean(last, known)
        raise TersenetError("There is no such setting.", got=key, expected=expected, where=path, hint=hint)


def _ranges(table: Any, prefix: str) -> Iterator[SettingRange]:
    if not isinstance(table, dict):
        raise TersenetError("The ranges of a search are a table.", got=repr(table), where=f"search.{prefix}")
    for key, value in table.items():
        inner = isinstance(value, dict) and not {"from", "to"} & set(value)
        if inner:
            yield from _ranges(value, f"{prefix}.{key}")
        else:
            yield SettingRange.read(f"{prefix}.{key}", value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
