"""Load every data set by its name: from this machine, else fetched, else (for `auto`) drawn."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path, PurePath

from tersenet._errors import TersenetError, did_you_mean
from tersenet.data.cache import expand_home, find_cache_dir
from tersenet.data.dataset import Dataset
from tersenet.data.download import CONNECT_SECONDS, Progress, UnreachableError, fetch_set
from tersenet.data.files.registry import FILE_KINDS, file_kind, read_file_set
from tersenet.data.form import Form
from tersenet.data.formats.folder_name import FOLDER, parse_folder_name
from tersenet.data.local_copies import CopyPlace, LocalCopy, check_holding, find_holding, list_places, load_holding
from tersenet.data.named_sets import AUTO, NAMED_SETS, NAMES, SYNTHETIC, Archive, NamedSet

PATHS = {f"{FOLDER}PATH": "your pictures: one sub-folder per class"} | {k.form: k.about for k in FILE_KINDS.values()}
"""How pictures in files are named, and what they are."""


def load_data(
    name: str = "auto",
    *,
    data_dir: str | Path | None = None,
    download: bool = True,
    progress: Progress | None = None,
    cache_dir: Path | None = None,
    connect_seconds: float = CONNECT_SECONDS,
    form: Form | None = None,
) -> Dataset:
    """A data set by its name, checked and in memory.

    `name` is a known set's (`named_sets.py`), `folder:PATH`, or files of a kind (`files/registry.py`) as
    `npz:FILE.npz`. Of a bare path the kind is found out; the named sets come first, so `./mnist` is a folder and
    `mnist` is not.
    `folder:PATH?skip-bad` leaves out pictures that cannot be read; `?form=mnist` or `?form=3x32x32` says how they are
    read (`auto` where it is left out, see `chosen_form`). With `form`, pictures are read in that one: a run's.

    A named set is looked for in `data_dir`, then $TERSENET_DATA, then the cache (`cache_dir`, default the user's),
    each as `<name>/FILES` or in torchvision's layout, compressed or not; then, with `download`, it is fetched into
    the cache. `progress` is called with the file's name, the bytes received and the bytes in all.

    `auto` is `mnist`. Where MNIST is not on this machine and cannot be fetched (no server answers within
    `connect_seconds` in all, or none can send the files) it is `synthetic`, with a `notice` that must be shown.

    Raises TersenetError: an unknown name, a corrupt or incomplete local set (also for `auto`: nothing else is used in
    its place), no connection, other bytes than the published ones, a cache that cannot be written.

    >>> load_data("fashon-mnist")
    Traceback (most recent call last):
    ...
    tersenet._errors.TersenetError: There is no such data set.
      got:      fashon-mnist
      expected: mnist, fashion-mnist, kmnist, qmnist, synthetic, auto,
                folder:PATH, npz:FILE.npz, csv:FILE.csv, idx:FOLDER or cifar:FOLDER
      hint:     did you mean fashion-mnist, mnist or qmnist?
    """
    cache = cache_dir or find_cache_dir()
    if name not in NAMES and (files := file_kind(name)) is not None:
        return read_file_set(*files)
    if name.startswith(FOLDER) or _is_path(name):
        from tersenet.data.formats.picture_folder import read_folder

        return read_folder(parse_folder_name(name), form=form)
    if name == SYNTHETIC.name:
        return _load_synthetic(cache)
    if name == AUTO.name:
        return _load_auto(data_dir, cache, download=download, progress=progress, connect_seconds=connect_seconds)
    named = find_named(name)
    holding = find_holding(named, list_places(data_dir, cache))
    if holding is None or (holding.missing and holding.place.root == cache):
        if not download:
            return load_holding(find_here(name, data_dir=data_dir, cache_dir=cache))
        try:
            holding = _fetch(named, cache, holding, progress, connect_seconds)
        except OSError as error:
            raise _cannot_write("The cache folder cannot be written.", error, cache, name) from None
    return load_holding(holding)


def absolute_name(name: str) -> str:
    """A data set's name; files and folders by their whole path, so that the name is true from any folder.

    >>> absolute_name("mnist"), absolute_name("npz:/data/../signs.npz")
    ('mnist', 'npz:/signs.npz')
    """
    word, colon, path = name.partition(":")
    if not colon or word not in (FOLDER.rstrip(":"), *FILE_KINDS):
        return name
    return f"{word}:{Path(path).expanduser().resolve()}"


def is_named(name: str) -> bool:
    """Whether a data set has a name of its own, and so is the same everywhere.

    >>> is_named("mnist"), is_named("folder:signs")
    (True, False)
    """
    return name in NAMES


def _is_path(name: str) -> bool:
    """Whether a name that is not a named set's is the path of a folder, or is written like a path."""
    if name in (*NAMES, ""):
        return False
    if name.startswith(("~", "./", "../", "/")) or PurePath(name).is_absolute():
        return True
    path = name.rpartition("?")[0]
    return "\0" not in name and (Path(name).is_dir() or (path != "" and Path(path).is_dir()))


def find_named(name: str) -> NamedSet:
    """The named set called `name`; raises TersenetError with the nearest names where there is none."""
    if name not in NAMED_SETS:
        raise TersenetError(
            "There is no such data set.",
            got=name,
            expected=f"{', '.join(NAMES)},\n{' or '.join(', '.join(PATHS).rsplit(', ', 1))}",
            hint=did_you_mean(name, NAMES)
            or "tersenet data list shows the named sets; a folder of pictures is given by its path, ./signs",
        )
    return NAMED_SETS[name]


def find_here(name: str, *, data_dir: str | Path | None = None, cache_dir: Path | None = None) -> LocalCopy:
    """Where a named set is on this machine, whole or not; raises TersenetError where it is not here."""
    named = find_named(name)
    places = list_places(data_dir, cache_dir or find_cache_dir())
    holding = find_holding(named, places)
    if holding is None:
        raise TersenetError(
            f"The data set {name} is not on this machine.",
            got="\n".join(f"nothing in {place}" for place in places),
            expected=f"{name}/ or {named.torchvision}/raw/ with its four files",
            hint=f"tersenet data fetch {name}",
        )
    return holding


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fetched:
    """Where a set is now, whole and checked; the files that were fetched, and the server they came from."""

    folder: Path
    files: tuple[str, ...]
    home: str | None


def _cannot_write(problem: str, error: OSError, folder: Path, name: str) -> TersenetError:
    return TersenetError(
        problem,
        got=error.strerror or error,
        where=folder,
        hint="free some space, or fetch into another folder and name it:\n"
        f"tersenet data fetch {name} --into FOLDER, then --data-dir FOLDER",
    )


def fetch_data(
    name: str,
    *,
    data_dir: str | Path | None = None,
    into: str | Path | None = None,
    progress: Progress | None = None,
    cache_dir: Path | None = None,
    connect_seconds: float = CONNECT_SECONDS,
) -> Fetched:
    """Make sure that a whole copy of a named set is on this machine; fetch the files that are missing or damaged.

    Any copy in the folders where sets are looked for is enough; with `into` the copy is under that folder, as
    `<name>/FILES`. Damaged files are replaced in `into` and in the cache only, and only by whole ones.

    Raises TersenetError: an unknown name, a damaged copy elsewhere, no connection, other bytes than the published
    ones, a folder that cannot be written.
    """
    named = find_named(name)
    cache = cache_dir or find_cache_dir()
    root = cache if into is None else expand_home(into, "--into")
    places = list_places(data_dir, cache) if into is None else (CopyPlace(label="--into", root=root),)
    holding = find_holding(named, places)
    folder = root / name if holding is None else holding.folder
    wanted: tuple[Archive, ...] = named.archives
    if holding is not None:
        wanted = tuple(check.archive for check in check_holding(holding) if check.problem)
        if wanted and holding.place.root != root:
            load_holding(holding)  # says what is wrong: other people's folders are not changed unasked
    if not wanted:
        return Fetched(folder=folder, files=(), home=None)
    try:
        home = fetch_set(named, folder, archives=wanted, progress=progress, connect_seconds=connect_seconds)
        for archive in wanted:
            old = None if holding is None else holding.paths.get(archive)
            if old is not None and old.name != archive.name:
                old.unlink()  # the damaged file was a decompressed one: the archive takes its place
    except OSError as error:
        raise _cannot_write("The folder cannot be written.", error, folder, name) from None
    return Fetched(folder=folder, files=tuple(archive.name for archive in wanted), home=home)


def _fetch(
    named: NamedSet, root: Path, holding: LocalCopy | None, progress: Progress | None, connect_seconds: float
) -> LocalCopy:
    """Fetch what is missing of a set into `root`, and find it there."""
    folder, wanted = (root / named.name, None) if holding is None else (holding.folder, holding.missing)
    fetch_set(named, folder, archives=wanted, progress=progress, connect_seconds=connect_seconds)
    found = find_holding(named, (CopyPlace(label="the cache", root=root),))
    assert found is not None
    return found


def _load_auto(
    data_dir: str | Path | None,
    cache: Path,
    *,
    download: bool,
    progress: Progress | None,
    connect_seconds: float,
) -> Dataset:
    """MNIST where it is here or can be fetched, kept or not; else the synthetic digits, with a notice."""
    mnist = NAMED_SETS["mnist"]
    holding = find_holding(mnist, list_places(data_dir, cache))
    if holding is not None and not (holding.missing and holding.place.root == cache):
        return load_holding(holding)
    if not download:
        return _in_place_of_mnist("downloads are switched off", cache)
    try:
        try:
            return load_holding(_fetch(mnist, cache, holding, progress, connect_seconds))
        except OSError as error:
            with tempfile.TemporaryDirectory() as folder:
                fetched = _fetch(mnist, Path(folder), None, progress, connect_seconds)
                why = error.strerror or error
                return load_holding(fetched, source=f"downloaded but not kept (the cache cannot be written): {why}")
    except UnreachableError as error:
        return _in_place_of_mnist(error.reason, cache)


def _in_place_of_mnist(why: str, cache: Path) -> Dataset:
    notice = (
        f"These are NOT the MNIST digits but drawn ones (synthetic): MNIST is not on this machine, and {why}.\n"
        "For MNIST, run `tersenet data fetch mnist`, or set TERSENET_DATA to a folder that holds mnist/."
    )
    return dataclasses.replace(_load_synthetic(cache), notice=notice)


def _load_synthetic(cache: Path) -> Dataset:
    from tersenet.data.drawn.synthetic import load_synthetic

    train, test = load_synthetic(cache)
    return Dataset(
        name=SYNTHETIC.name,
        train=train,
        test=test,
        classes=SYNTHETIC.classes,
        source="drawn by Tersenet (docs/synthetic.md)",
    )
