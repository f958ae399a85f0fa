"""Which of the known data sets are on this machine, where, and whether they are complete."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tersenet.data.local_copies import UNCHECKED, CopyPlace, LocalCopy, check_holding, find_holding
from tersenet.data.named_sets import NAMED_SETS, SYNTHETIC, DrawnSet, NamedSet

State = Literal["absent", "corrupt", "incomplete", "unchecked", "verified", "drawn"]


@dataclass(frozen=True, kw_only=True)
class ListedSet:
    """A known data set: its state here in one word, what is wrong with its files, and the folder they are in."""

    known: NamedSet | DrawnSet
    state: State
    problem: str = ""
    folder: Path | None = None


def list_sets(places: tuple[CopyPlace, ...]) -> list[ListedSet]:
    """Every known set as it is in the first of `places` that has it; the files that are there are read and checked.

    >>> [(listed.known.name, listed.state) for listed in list_sets(())][-2:]
    [('qmnist', 'absent'), ('synthetic', 'drawn')]
    """
    listed = []
    known_sets: tuple[NamedSet | DrawnSet, ...] = (*NAMED_SETS.values(), SYNTHETIC)
    for known in known_sets:
        copy = find_holding(known, places) if isinstance(known, NamedSet) else None
        if copy is None:
            listed.append(ListedSet(known=known, state="absent" if isinstance(known, NamedSet) else "drawn"))
        else:
            state, problem = _state(copy)
            listed.append(ListedSet(known=known, state=state, problem=problem, folder=copy.folder))
    return listed


def _state(copy: LocalCopy) -> tuple[State, str]:
    checks = check_holding(copy)
    broken = [check.path.name for check in checks if check.problem and check.archive in copy.paths]
    if broken:
        return "corrupt", ", ".join(broken)
    if copy.missing:
        return "incomplete", "missing: " + ", ".join(archive.name for archive in copy.missing)
    return ("unchecked", "") if UNCHECKED in {check.check for check in checks} else ("verified", "")
