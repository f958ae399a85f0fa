"""An experiment: network + data + recipe + budget + a stated target, in one TOML file."""

from __future__ import annotations

import dataclasses
import shlex
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import tomli_w

from tersenet._errors import TersenetError, check_setting, did_you_mean, did_you_mean_file
from tersenet.data import with_form
from tersenet.engine import MOST_WORKERS
from tersenet.networks import Budget
from tersenet.training import FITTED, OPTIMIZERS, Recipe

Precision = Literal["auto", "float32", "bfloat16"]
Engine = Literal["auto", "compiled", "layers"]
MOST_THREADS = 1024


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where and how the arithmetic runs; settled once, when a run starts."""

    device: str = "auto"  # cuda, else mps, else cpu
    """auto, cpu, cuda or mps."""
    engine: Engine = "auto"  # compiled, where there is a compiler and it knows all layers; else torch, layer by layer
    """auto, compiled (for the processor) or layers (torch, layer by layer)."""
    precision: Precision = "auto"  # bfloat16, where a short measurement finds it clearly faster; else float32
    """auto, float32 or bfloat16."""
    threads: int = 0
    """Threads for torch's arithmetic; 0: all cores."""
    workers: int = 0
    """Threads of the compiled engine, which share a batch; 0: all cores."""

    def __post_init__(self) -> None:
        for name, kinds in (("engine", get_args(Engine)), ("precision", get_args(Precision))):
            value = getattr(self, name)
            check_setting(value in kinds, f"settings.{name}", value, ", ".join(kinds), names=kinds)
        for name, most in (("threads", MOST_THREADS), ("workers", MOST_WORKERS)):
            value = getattr(self, name)
            check_setting(0 <= value <= most, f"settings.{name}", value, f"0 (all cores) to {most}")

    @property
    def description(self) -> str:
        """In words, once settled: `bfloat16, compiled engine with 2 workers`."""
        if self.engine == "compiled":
            return f"{self.precision}, compiled engine with {self.workers} worker{'s' * (self.workers != 1)}"
        return f"{self.precision}, layer by layer with {self.threads} thread{'s' * (self.threads != 1)}"


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """What is to be tried, and what it should reach.

    `network` is a known name, `file.py:Name` or notation; `notation` is filled in when a run starts, so that the
    run folder is complete in itself.

    >>> Experiment(network="8C3 BN R GAP 10N").data
    'auto'
    """

    network: str
    """The network: a line of notation, a name (`tersenet networks`), or file.py:Name."""
    name: str | None = None  # the network's own, `net-<parameters>` for one typed on the spot
    """Name of its runs: runs/NAME-1, runs/NAME-2, …"""
    notation: str | None = None
    target: str = ""
    """What you want to reach. Write it down before you train; the report shows it first."""
    source: str = ""
    """Where the experiment comes from."""
    choices: tuple[str, ...] = ()
    """What the source leaves open, and what you chose."""
    chosen_on: str = ""
    """What the recipe was chosen on, as in: held-out images, seeds 0 to 2. A claim repeats it."""
    data: str = "auto"
    """Data set: a name, or the path of pictures (a folder, .npz, .csv, IDX or CIFAR files)."""
    seed: int = 0
    """Seed for initial weights, data order, augmentation and dropout. One seed is an indication; a claim needs five
    (--seeds 5)."""
    init: str | None = None  # fresh ones, by seed
    """Run whose trained weights are the starting point."""
    validation: int = 0
    """Number of training images held out. Epochs are then measured on them, and the test set is read once, at the
    end: choose between recipes this way. With 0 every epoch is measured on the test set."""
    budget: Budget | None = None
    training: Recipe = field(default_factory=Recipe)
    fit: tuple[str, ...] = ()
    """Fields of the recipe that are chosen when a run starts, by the number of pictures and what they show: epochs,
    batch_size, learning_rate, augmentation."""
    settings: Settings = field(default_factory=Settings)

    def __post_init__(self) -> None:
        if self.name is not None:
            nameable = bool(self.name) and not set(self.name) & set("/\\\0") and not self.name.startswith(".")
            check_setting(nameable, "name", self.name, "a word that can name a folder")
        check_setting(0 <= self.seed < 2**63, "seed", self.seed, "a whole number from 0 to 9223372036854775807")
        check_setting(self.validation >= 0, "validation", self.validation, "0 or more images")
        for name in self.fit:
            check_setting(name in FITTED, "fit", name, ", ".join(FITTED), names=FITTED)
        for name in ("network", "data", "init"):
            value = getattr(self, name)
            check_setting(value is None or "\0" not in value, name, value, "text without a NUL character")

    @property
    def arithmetic(self) -> str:
        """Where and how it is computed, once settled, and what the compiled engine leaves to torch.

        >>> settings = Settings(engine="compiled", precision="float32", workers=2)
        >>> Experiment(network="8C3 GAP", training=Recipe(optimizer="adam"), settings=settings).arithmetic
        'float32, compiled engine with 2 workers'
        """
        kind = OPTIMIZERS[self.training.optimizer]
        in_torch = self.settings.engine == "compiled" and not kind.is_fused
        return self.settings.description + (f", {kind.title}'s step in torch" if in_torch else "")

    def changed(self, **changes: Any) -> Experiment:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)


def experiment_names() -> tuple[str, ...]:
    """The names of the experiments shipped with Tersenet."""
    folder = resources.files("tersenet.experiments")
    return tuple(sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml")))


def load_experiment(name_or_path: str | Path) -> Experiment:
    """A shipped experiment by name, or a custom one from a TOML file.

    Raises TersenetError where there is none, it is not TOML, or a field does not fit (with its dotted name).

    >>> load_experiment("gap-14320").training.epochs
    19
    """
    path = Path(name_or_path)
    if path.suffix == ".toml":
        text = _read_text(path)
    elif str(name_or_path) in experiment_names():
        text = (resources.files("tersenet.experiments") / f"{name_or_path}.toml").read_text(encoding="utf-8")
    else:
        raise TersenetError(
            "There is no such experiment.",
            got=name_or_path,
            expected="the name of a shipped experiment, or a .toml file",
            hint=did_you_mean(str(name_or_path), experiment_names()) or "tersenet experiments lists those shipped",
        )
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is a plain ValueError
        got = "nesting that is too deep" if isinstance(error, RecursionError) else str(error)
        raise TersenetError("This is not a TOML file.", got=got, where=name_or_path) from error
    if not {"training", "fit"} & set(content):  # no recipe is given
        content["fit"] = FITTED
    return experiment_from(content, where=str(name_or_path))


def experiment_from(content: Mapping[str, Any], *, where: str) -> Experiment:
    """An experiment out of the tables of a TOML file, every field checked.

    Data may be a table of a name and a form in place of their name together.

    >>> data = {"name": "folder:signs", "form": "3x32x32"}
    >>> experiment_from({"network": "8C3 GAP 3N", "data": data}, where="signs.toml").data
    'folder:signs?form=3x32x32'
    """
    if isinstance(content.get("data"), dict):
        content = {**content, "data": _data_name(content["data"], where)}
    _refuse_unknown(content, Experiment, where)
    try:
        return msgspec.convert(content, Experiment)
    except msgspec.ValidationError as error:
        cause = error.__cause__
        if isinstance(cause, TersenetError):
            raise TersenetError(
                cause.problem,
                got=cause.got,
                expected=cause.expected,
                where=f"{where}: {cause.where}",
                hint=cause.hint,
            ) from error
        what, _, place = str(error).partition(" - at ")
        dotted = place.strip("`").removeprefix("$").removeprefix(".") or "the top level"
        expected = _expected(Experiment, dotted.split("."))
        raise TersenetError(
            "The experiment has an invalid value.", got=what, expected=expected, where=f"{where}: {dotted}"
        ) from error


def to_tables(experiment: Experiment) -> dict[str, Any]:
    """The tables of a TOML file that holds all of an experiment."""
    tables: dict[str, Any] = _without_none(dataclasses.asdict(experiment))
    return tables


def _data_name(data: Mapping[str, Any], where: str) -> str:
    name, form = data.get("name"), data.get("form", "auto")
    if set(data) - {"name", "form"} or not isinstance(name, str) or not isinstance(form, str):
        raise TersenetError(
            "The data of an experiment are a name, or a table of a name and a form.",
            got=", ".join(f"{key} = {value!r}" for key, value in data.items()) or "an empty table",
            expected='data = "folder:signs?form=3x32x32", or name = "folder:signs" and form = "3x32x32" under [data]',
            where=f"{where}: data",
        )
    return name if form == "auto" else with_form(name, form)


def to_toml(experiment: Experiment) -> str:
    """The text of a TOML file that holds all of an experiment.

    Raises TersenetError where a field holds bytes that are not text, such as a path in another encoding than UTF-8.

    >>> "batch_size = 128" in to_toml(Experiment(name="mine", network="8C3 GAP 10N"))
    True
    """
    text = tomli_w.dumps(to_tables(experiment))
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise TersenetError(
            "The name of a file or folder is not UTF-8, and an experiment cannot hold it.",
            got=repr(text.splitlines()[text.count("\n", 0, error.start)]),
            hint="rename it, or make a link with another name",
        ) from error
    return text


def with_settings(
    experiment: Experiment, assignments: Iterable[str] = (), values: Mapping[str, Any] | None = None
) -> Experiment:
    """An experiment changed by `KEY=VALUE` words and by ready values, keys dotted as in the TOML file.

    A key may be shortened to its end where only one field ends so. Raises TersenetError where several do, and where a
    field is given twice.

    >>> mine = Experiment(name="mine", network="8C3 GAP 10N")
    >>> with_settings(mine, ["batch_size=256", "training.schedule.kind=linear"]).training.batch_size
    256
    """
    tables, given = to_tables(experiment), set(values or ())
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals or not key.strip():
            raise TersenetError(
                "A setting has the form KEY=VALUE.", got=assignment, hint="for example --set training.batch_size=256"
            )
        dotted = setting_called(key.strip())
        if dotted in given:
            raise TersenetError("This setting is given twice.", got=dotted, hint="omit one of them")
        given.add(dotted)
        _put(tables, dotted, _value(value.strip()))
    for key, ready in (values or {}).items():
        _put(tables, key, ready)
    if "fit" not in given:
        tables["fit"] = _still_open(experiment.fit, given)
    return experiment_from(tables, where="a setting")


def _still_open(fit: tuple[str, ...], given: set[str]) -> tuple[str, ...]:
    """The fields that the data may choose: none that is given, and no rate for an optimiser that is."""
    taken = {key.removeprefix("training.").partition(".")[0] for key in given if key.startswith("training.")}
    if "optimizer" in taken:
        taken.add("learning_rate")
    return tuple(name for name in fit if name not in taken)


def setting_called(key: str) -> str:
    """The dotted name of the one field that ends in `key`; a full name is itself.

    Raises TersenetError where there is no such field, or several.

    >>> setting_called("learning_rate"), setting_called("schedule.kind"), setting_called("data")
    ('training.learning_rate', 'training.schedule.kind', 'data')
    """
    every = tuple(_dotted_names(Experiment))
    if key in every:
        return key
    ending = [name for name in every if name.endswith(f".{key}")]
    if len(ending) > 1:
        raise TersenetError("More than one setting has this name.", got=key, expected=" or ".join(ending))
    if not ending and "." not in key:
        lasts = {name.rpartition(".")[2]: name for name in reversed(every)}
        near = did_you_mean(key, lasts)
        raise TersenetError(
            "There is no such setting.",
            got=key,
            hint=near or "`tersenet new NAME` writes a file that lists them all",
        )
    return ending[0] if ending else key


def _dotted_names(shape: type, prefix: str = "") -> Iterator[str]:
    """Every plain field of a dataclass and of those inside it."""
    types = get_type_hints(shape)
    for item in dataclasses.fields(shape):
        kinds = (types[item.name], *get_args(types[item.name]))
        inner = next((kind for kind in kinds if isinstance(kind, type) and dataclasses.is_dataclass(kind)), None)
        if inner is None:
            yield prefix + item.name
        else:
            yield from _dotted_names(inner, f"{prefix}{item.name}.")


def _read_text(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise TersenetError("This is not a file.", got="a folder, a device or a pipe", where=path)
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        hint = did_you_mean_file(path) or f"tersenet new {shlex.quote(path.stem)} writes one"
        raise TersenetError("There is no such experiment file.", where=path, hint=hint) from error
    except UnicodeDecodeError as error:
        raise TersenetError("This file is not text in UTF-8.", got=str(error), where=path) from error
    except OSError as error:
        raise TersenetError("This file cannot be read.", got=error.strerror or error, where=path) from error


def _put(tables: dict[str, Any], key: str, value: Any) -> None:
    """Set a dotted key."""
    *path, last = key.split(".")
    for part in path:
        tables = tables.setdefault(part, {})
        if not isinstance(tables, dict):
            raise TersenetError("There is no such setting.", got=key, hint=f"{part} has no settings inside it")
    tables[last] = value


def _expected(shape: Any, path: list[str]) -> str | None:
    """What would fit at a dotted place, in words; None where the place is not a plain field."""
    for part in path:
        hint = get_type_hints(shape).get(part) if dataclasses.is_dataclass(shape) else None
        if get_origin(hint) is Literal:
            return ", ".join(get_args(hint))
        kinds = [kind for kind in (get_args(hint) or (hint,)) if kind is not type(None)]
        shape = kinds[0]
    plain = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
    return plain.get(shape)


def _value(text: str) -> Any:
    """A TOML value; a bare word is a string."""
    try:
        tables = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    except (ValueError, RecursionError) as error:
        raise TersenetError(
            "A setting's value is too large.",
            got=f"{text[:20]}… ({len(text):,} characters)",
            expected="a number, a word or a short list",
        ) from error
    return tables["value"] if len(tables) == 1 else text  # a line's end would begin another setting


def _without_none(value: Any) -> Any:
    """TOML has no null: a field that is None is left out."""
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return value


@cache
def _types_of(shape: type) -> dict[str, Any]:
    """The fields of a dataclass and their types; a folder of a thousand runs asks a thousand times."""
    types = get_type_hints(shape)
    return {item.name: types[item.name] for item in dataclasses.fields(shape)}


def _refuse_unknown(content: Mapping[str, Any], shape: type, where: str, prefix: str = "") -> None:
    """Raise at the first key that `shape`, a dataclass, does not have."""
    types = _types_of(shape)
    known = set(types)
    for key, value in content.items():
        if key not in known:
            raise TersenetError(
                "There is no such setting.",
                got=prefix + key,
                expected=", ".join(sorted(prefix + name for name in known)),
                where=where,
                hint=did_you_mean(key, known),
            )
        inner = [kind for kind in (types[key], *get_args(types[key])) if dataclasses.is_dataclass(kind)]
        if isinstance(value, Mapping) and inner and isinstance(inner[0], type):
            _refuse_unknown(value, inner[0], where, f"{prefix}{key}.")
