"""The Python files that a run of `file.py:Name` needs: kept in its folder, and run from there.

`source/` holds each file that ran, that one of them imports from beside it, or that they read while the network was
made. `environment.json` says under `source` which of them is run, what is called in it, the SHA-256 of each, and
where they were.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from tersenet._errors import TersenetError
from tersenet._files import write_whole
from tersenet._notes import note
from tersenet.networks import ModuleLayout, ResolvedNetwork, UserCode, find_layout, in_file, run_code
from tersenet.runs.experiment import Experiment
from tersenet.runs.provenance.trust import check_trust, fingerprint, remember
from tersenet.runs.record import SourceFacts

SOURCE = "source"  # the folder in a run's folder
MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Source:
    """The files of a run, by their paths, and what is said of them."""

    facts: SourceFacts
    files: Mapping[str, bytes]


def source_of(design: ResolvedNetwork) -> Source | None:
    """What a network from a file needs; None for one in notation. The user had it run, so that it is trusted here."""
    code = design.code
    if code is None:
        return None
    files, layout = code.needed_files(), code.layout
    if sum(map(len, files.values())) > MOST_BYTES:
        raise TersenetError(
            "The files that the network imports from beside it are too large to be kept with the run.",
            got=f"{len(files)} files, {sum(map(len, files.values())):,} bytes",
            expected=f"at most {MOST_BYTES:,} bytes",
            where=layout.root,
        )
    remember(fingerprint(layout, design.call, files))
    facts = SourceFacts(
        name=design.call,
        entry=layout.entry,
        module=layout.module,
        search=layout.search,
        packages=dict(layout.packages),
        root=str(layout.root),
        files={file: hashlib.sha256(content).hexdigest() for file, content in sorted(files.items())},
    )
    return Source(facts=facts, files=files)


def keep_source(run_folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files of a run into its folder."""
    for file, content in files.items():
        write_whole(run_folder / SOURCE / file, content)


def kept_files(run_folder: Path) -> dict[str, bytes]:
    """All that is in the `source/` of a run, by path; none where it has none.

    Nothing in it is ever read from `__pycache__`, so that what is there does not count. Raises TersenetError where
    something is not a plain file, or all is too large.
    """
    files: dict[str, bytes] = {}
    size = 0
    for folder, names, found in os.walk(run_folder / SOURCE):
        names[:] = [name for name in names if name != "__pycache__"]
        for path in (Path(folder, name) for name in [*found, *names]):
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise TersenetError("The source of a run holds plain files only.", got=path)
            if path.is_file():
                size += path.stat().st_size
                if size > MOST_BYTES:
                    raise TersenetError(
                        "The source of this run is too large.", expected=f"at most {MOST_BYTES:,} bytes", where=path
                    )
                files[path.relative_to(run_folder / SOURCE).as_posix()] = path.read_bytes()
    return files


def network_of(run_folder: Path, spec: str, kept: SourceFacts | None, *, trust: bool = False) -> nn.Module:
    """The network of a run that was trained from a file, `spec`, made by running the copy in the run's folder.

    Raises TersenetError where the copy is not the one that was trained, or is not trusted on this machine. A run of
    an older Tersenet has no copy: then the file itself is run, as it is now.
    """
    layout, name = _trusted(run_folder, spec, kept, trust=trust)
    return run_code(layout, name)[0]


def check_source(run_folder: Path, experiment: Experiment, kept: SourceFacts | None) -> None:
    """Raise where a run's network is from a file that may not run here; nothing is run.

    What its user says about this run now (`--trust`) holds afterwards, in processes that are started too.
    """
    if experiment.notation is None and in_file(experiment.network):
        _trusted(run_folder, experiment.network, kept, trust=False)


def spec_of(run_folder: Path, spec: str, kept: SourceFacts | None) -> str:
    """The word to train the network of such a run anew: the copy in its folder. Raises as `network_of`."""
    layout, name = _trusted(run_folder, spec, kept, trust=False)
    return f"{layout.root / layout.entry}:{name}"


def _trusted(run_folder: Path, spec: str, kept: SourceFacts | None, *, trust: bool) -> tuple[ModuleLayout, str]:
    """What may be run of a run's code, and the name to call in it."""
    if kept is None:
        return _without_copy(run_folder, spec, trust=trust)
    files = kept_files(run_folder)
    now = {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}
    other = sorted(file for file in {*now, *kept.files} if now.get(file) != kept.files.get(file))
    if other:
        raise TersenetError(
            "The source kept in this run has changed since the training.",
            got=f"{', '.join(other[:5])} changed, missing or added",
            where=run_folder / SOURCE,
            hint="restore the folder, or train again",
        )
    layout = kept.layout(run_folder.resolve() / SOURCE)
    check_trust(
        fingerprint(layout, kept.name, files), file=run_folder / SOURCE / kept.entry, where=run_folder, trust=trust
    )
    _say_what_changed(kept, run_folder)
    return layout, kept.name


def _without_copy(run_folder: Path, spec: str, *, trust: bool) -> tuple[ModuleLayout, str]:
    """The same of a run of an older Tersenet, which kept no copy of the file."""
    named = in_file(spec)
    assert named is not None
    path, name = named
    if not path.is_file():
        raise TersenetError(
            "The file of this run's network is missing.", got=path, expected="the file that it was trained with"
        )
    layout = find_layout(path)
    code = UserCode(layout)
    code.files[layout.entry] = path.read_bytes()
    found = fingerprint(replace(layout, module=f"{path}:{layout.module}"), name, code.needed_files())
    check_trust(found, file=path, where=run_folder, trust=trust)
    note(f"{run_folder.name} was trained by a Tersenet that kept no copy of {path.name}: it is used as it is now.")
    return layout, name


def _say_what_changed(kept: SourceFacts, run_folder: Path) -> None:
    """Say in one line where an original is another now than the copy; one that is gone is not missed."""
    changed = []
    for file, known in kept.files.items():
        path = Path(kept.root) / file
        if path.is_file() and path.stat().st_size <= MOST_BYTES:
            with path.open("rb") as original:
                if hashlib.file_digest(original, "sha256").hexdigest() != known:
                    changed.append(file)
    if changed:
        have = "has" if len(changed) == 1 else "have"
        note(
            f"{', '.join(changed)} {have} changed since {run_folder.name} was trained; the copy in "
            f"{run_folder / SOURCE} is used."
        )
