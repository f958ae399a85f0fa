"""List, fetch, verify and show data sets; preview augmentation; get sample digits.

examples:
  tersenet data list                                     which sets are here, where, and whether they are complete
  tersenet data fetch mnist                              download and check; kept in your cache folder
  tersenet data verify mnist                             compare each file with its published checksum
  tersenet data samples                                  write three pictures of digits into this folder
  tersenet data stats ./signs                            counts, means and a sheet of each class
  tersenet data show synthetic --out digits.png          a grid of samples with their labels
  tersenet data show ./signs                             the same for a folder of pictures
  tersenet data show mnist --augment gap-14320           what that experiment's network sees
  tersenet data show mnist --set rotation=15 shift=0.1   what these settings do
  tersenet data show ./signs --transform mine.py:blur    what your own transform does
"""

from __future__ import annotations

import re
import shlex
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from tersenet._errors import TersenetError
from tersenet._table import Column, Table
from tersenet.cli.arguments import Flag, data_name
from tersenet.cli.commands.images.data_stats import StatsArguments, show_stats
from tersenet.cli.output import CommonArguments, Output, option, say_notices
from tersenet.cli.progress import download_progress

if TYPE_CHECKING:
    from tersenet.data import ListedSet, Split


_ROWS, _COLUMNS = 8, 8  # of the grid
_MOST = 1000  # pictures in a grid; more are too small to see, and cost gigabytes


@dataclass(frozen=True, kw_only=True)
class DataArguments(CommonArguments):
    """What each action takes."""

    data_dir: Annotated[Path | None, option("FOLDER")] = None
    """Data folder (default: $TERSENET_DATA, then the user cache)."""


@dataclass(frozen=True, kw_only=True)
class ListArguments(DataArguments):
    """Show the named sets: which are here, where, and whether they are complete."""


@dataclass(frozen=True, kw_only=True)
class FetchArguments(DataArguments):
    """Download the missing or damaged files of a named set, and check them."""

    name: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="NAME")]]
    """A published set, by its name in `tersenet data list`."""
    into: Annotated[Path | None, option("FOLDER")] = None
    """Keep it in this folder, as NAME/FILES, instead of the cache."""


@dataclass(frozen=True, kw_only=True)
class VerifyArguments(DataArguments):
    """Compare each file of a set with its published checksum."""

    name: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="NAME")]]
    """A published set, by its name in `tersenet data list`, or synthetic."""


@dataclass(frozen=True, kw_only=True)
class SamplesArguments(DataArguments):
    """Write three pictures of digits, to try `tersenet predict` on."""

    folder: tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="[FOLDER]")]] = Path()
    """Where to write them (default: here)."""


@dataclass(frozen=True, kw_only=True)
class ShowArguments(DataArguments):
    """Write a grid of samples with their labels as a PNG file."""

    name: tyro.conf.Positional[Annotated[str, data_name]] = "auto"
    split: Literal["train", "test"] = "train"
    """Show training or test pictures."""
    skip_bad: Flag = False
    """Leave out the damaged pictures of a folder."""
    count: int = 40
    """Number of pictures, at most 1000; with an augmentation, number of rows (at most 8)."""
    seed: int = 0
    """Seed for the choice of pictures and for their augmentation."""
    augment: Annotated[str | None, option("NAME")] = None
    """Show them as a network sees them: "a" (policy A of the course), an experiment's name or a .toml file."""
    set: Annotated[tuple[str, ...], tyro.conf.arg(metavar="KEY=VALUE …")] = ()
    """Set fields of the augmentation: rotation=15 shift=0.1 (docs/augmentation.md)."""
    transform: Annotated[str | None, option("FILE.py:NAME")] = None
    """Show them as this function (or transform of torchvision or albumentations) changes whole batches; the file is
    run."""
    out: Annotated[Path | None, option("FILE")] = None
    """The file to write (default: samples-NAME.png here)."""


Arguments = (
    Annotated[ListArguments, tyro.conf.subcommand("list")]
    | Annotated[FetchArguments, tyro.conf.subcommand("fetch")]
    | Annotated[VerifyArguments, tyro.conf.subcommand("verify")]
    | Annotated[SamplesArguments, tyro.conf.subcommand("samples")]
    | Annotated[ShowArguments, tyro.conf.subcommand("show")]
    | Annotated[StatsArguments, tyro.conf.subcommand("stats")]
)


def run(arguments: DataArguments | StatsArguments, output: Output) -> int:
    """Do the one action asked for."""
    match arguments:
        case FetchArguments():
            _fetch(arguments, output)
        case VerifyArguments():
            _verify(arguments, output)
        case SamplesArguments():
            _samples(arguments, output)
        case ShowArguments():
            _show(arguments, output)
        case StatsArguments():
            show_stats(arguments, output, _file_name)
        case _:
            _list(arguments, output)
    return 0


def _list(arguments: DataArguments, output: Output) -> None:
    from tersenet.data import PATHS, find_cache_dir, list_places, list_sets

    places = list_places(arguments.data_dir, find_cache_dir())
    listed = list_sets(places)
    shown = [(s.known.name, s.known.about, f"{s.known.train:,} + {s.known.test:,}", _here(s)) for s in listed]
    shown.extend((form, about, "", "yours") for form, about in PATHS.items())
    output.say(Table(columns=SETS, rows=shown))
    output.say("\nLooked in, in this order:")
    files = [each for each in listed if each.state != "drawn"]
    for place in places:
        here = ", ".join(each.known.name for each in files if each.folder and each.folder.is_relative_to(place.root))
        output.say(f"  {place}{': ' + here if here else ''}")
    sets = [
        {
            **{name: getattr(each.known, name) for name in ("name", "about", "train", "test", "classes", "licence")},
            "state": each.state,
            "folder": None if each.folder is None else str(each.folder),
        }
        for each in files
    ]
    output.document({"sets": sets, "places": [{"name": place.label, "folder": str(place.root)} for place in places]})


def _here(listed: ListedSet) -> str:
    word = {"absent": "no", "drawn": "always", "verified": "yes, verified", "unchecked": "yes, unchecked"}
    between = ": " if listed.state == "corrupt" else ", "
    return word.get(listed.state) or f"{listed.state}{between}{listed.problem}"


SETS = (
    Column(title="set", right=False),
    Column(title="about", right=False, wraps=16, leaves=2),
    Column(title="training + test", right=False, leaves=1),
    Column(title="here", right=False, wraps=14),
)
FILES = (
    Column(title="file", right=False, least=16, keeps="start"),
    Column(title="checked by", right=False, wraps=12, leaves=1),
    Column(title="found", right=False, wraps=12),
)


def _fetch(arguments: FetchArguments, output: Output) -> None:
    from tersenet.data import fetch_data

    with download_progress(output) as progress:
        fetched = fetch_data(arguments.name, data_dir=arguments.data_dir, into=arguments.into, progress=progress)
    if fetched.files:
        output.say(f"Fetched and checked {len(fetched.files)} files from {fetched.home}")
        output.say(f"They are in {fetched.folder}")
    else:
        output.say(f"{arguments.name} is already here and complete: {fetched.folder}")
    output.document(
        {"data": arguments.name, "folder": str(fetched.folder), "fetched": fetched.files, "home": fetched.home}
    )


def _verify(arguments: VerifyArguments, output: Output) -> None:
    from tersenet.data import check_holding, find_here

    if arguments.name == "synthetic":
        _verify_synthetic(output)
        return

    checks = check_holding(find_here(arguments.name, data_dir=arguments.data_dir))
    output.say(f"{arguments.name} in {checks[0].path.parent}")
    rows = [(check.path.name, check.check, check.problem or "whole") for check in checks]
    output.say(Table(columns=FILES, rows=rows, styles=["red" if check.problem else "" for check in checks]))
    broken = [check for check in checks if check.problem]
    if broken:
        raise TersenetError(
            f"The data set {arguments.name} is damaged.",
            got="\n".join(f"{check.path.name}: {check.problem}" for check in broken),
            where=broken[0].path.parent,
            hint=f"tersenet data fetch {arguments.name} replaces damaged files in your cache folder;\n"
            "with --into FOLDER, those in another folder",
        )
    output.document(
        {
            "data": arguments.name,
            "folder": str(checks[0].path.parent),
            "files": [{"file": check.path.name, "check": check.check} for check in checks],
        }
    )


def _verify_synthetic(output: Output) -> None:
    from tersenet.data import SHA256, checksum, find_cache_dir, load_synthetic

    found = checksum(*load_synthetic(find_cache_dir()))
    if found != SHA256:
        raise TersenetError(
            "The synthetic digits differ from the reference.",
            got=found,
            expected=SHA256,
            hint="please report this with your machine and versions: every machine should draw identical digits",
        )
    output.say(f"The synthetic digits are the same as on every machine: SHA-256 {found}")
    output.document({"data": "synthetic", "folder": str(find_cache_dir()), "sha256": found})


def _samples(arguments: SamplesArguments, output: Output) -> None:
    from tersenet.data import write_samples

    written = [str(path) for path in write_samples(arguments.folder)]
    output.say("\n".join(written))
    output.say("\nTry: tersenet predict stem-17150 " + shlex.join(written))
    output.document({"pictures": written})


def _show(arguments: ShowArguments, output: Output) -> None:
    import torch

    from tersenet.data import load_data, with_skip_bad
    from tersenet.figures import plot_samples
    from tersenet.networks import load_transform
    from tersenet.runs import augmentation_of

    if not 1 <= arguments.count <= _MOST:
        problem = "There is nothing to show." if arguments.count < 1 else "That is too many pictures for one grid."
        raise TersenetError(problem, got=f"--count {arguments.count}", expected=f"1 to {_MOST}")
    asked = arguments.augment or arguments.set or arguments.transform
    policy = augmentation_of(arguments.augment, arguments.set) if asked else None
    transform = None if arguments.transform is None else load_transform(arguments.transform)
    with download_progress(output) as progress:
        name = with_skip_bad(arguments.name) if arguments.skip_bad else arguments.name
        dataset = load_data(name, data_dir=arguments.data_dir, progress=progress)
    say_notices(dataset, output)
    generator = torch.Generator().manual_seed(arguments.seed)
    split: Split = getattr(dataset, arguments.split)
    chosen = split.take(torch.randperm(len(split), generator=generator)[: arguments.count])
    half = "training" if arguments.split == "train" else "test"
    title = f"{dataset.name}: {len(chosen)} of {len(split):,} {half} pictures"
    if policy is None:
        images, labels = chosen.images, chosen.labels
    else:
        from tersenet.data import preview

        form = dataset.form
        images = preview(
            chosen.images[:_ROWS],
            policy,
            generator,
            variants=_COLUMNS - 1,
            beyond=form.beyond,
            fill=form.fill,
            transform=transform,
        ).flatten(0, 1)
        labels = chosen.labels[:_ROWS].repeat_interleave(_COLUMNS)
        title = f"{dataset.name}: each row shows the original, then what the network sees"
    figure = plot_samples(images, labels, dataset.classes, columns=_COLUMNS, limit=len(images), title=title)
    out = arguments.out or Path(f"samples-{_file_name(dataset.name)}.png")
    figure.save(out)
    output.say(f"data     {dataset.name}: {len(dataset.train):,} training and {len(dataset.test):,} test pictures")
    output.say(f"source   {dataset.source}")
    output.say(f"picture  {out}")
    output.document(
        {
            "data": dataset.name,
            "source": dataset.source,
            "notice": dataset.notice,
            "passed_over": dataset.passed_over,
            "train": len(dataset.train),
            "test": len(dataset.test),
            "classes": dataset.classes,
            "augmentation": None if policy is None else asdict(policy),
            "picture": str(out),
        }
    )


def _file_name(data: str) -> str:
    """A data set's name as a part of a file's name."""
    from tersenet.data import FILE_KINDS, parse_folder_name

    word, _, path = data.partition(":")
    if word == "folder":
        data = Path(parse_folder_name(data).path).resolve().name
    elif word in FILE_KINDS:
        data = Path(path).resolve().stem
    return re.sub(r"[^\w.]+", "-", data).strip("-.")[-80:] or "folder"
