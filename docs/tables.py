"""Write the tables of the documentation that the code itself knows, between their marks in the pages.

    python docs/tables.py            # writes them
    python docs/tables.py --check    # says which are out of date, with status 1

A table stands between `<!-- table: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from tersenet._meaning import entries, meanings
from tersenet.data import KNOWN_SETS, PATHS
from tersenet.networks import LAYER_KINDS
from tersenet.training import OPTIMIZERS, SCHEDULES

DOCS = Path(__file__).resolve().parent
MARKED = re.compile(r"(<!-- table: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def layers() -> str:
    """Every kind of layer: its form, its options, and the torch layer that it is."""
    rows = []
    for kind in LAYER_KINDS.values():
        options = " ".join(f"`{how.letter}{how.shown}` {how.what}," for how in kind.at("option").values())
        in_torch = f"`nn.{kind.alike[kind.example]}`"
        rows.append((f"`{kind.example}`", kind.words, options.rstrip(","), in_torch))
    return table(("form", "layer", "options", "in PyTorch, given 8 maps of 12×12"), rows)


def optimisers() -> str:
    """Every optimiser that a recipe can name."""
    rows = (
        (
            f"`{name}`",
            kind.about,
            kind.source,
            "yes" if kind.uses_nesterov else "no",
            "yes" if kind.is_fused else "no",
        )
        for name, kind in OPTIMIZERS.items()
    )
    return table(("name", "what it is", "source", "`nesterov`", "in the compiled engine"), rows)


def schedules() -> str:
    """Every kind of schedule, and the fields that it uses."""
    rows = ((f"`{n}`", kind.about, ", ".join(f"`{use}`" for use in kind.uses)) for n, kind in SCHEDULES.items())
    return table(("schedule", "what the learning rate does", "fields"), rows)


def data_sets() -> str:
    """Every data set with a name, and how pictures in files are named."""
    rows = [(f"`{name}`", s.about, f"{s.train:,} + {s.test:,}", s.licence) for name, s in KNOWN_SETS.items()]
    rows += [(f"`{form}`", about, "yours", "yours") for form, about in PATHS.items()]
    rows += [("`auto`", entries("data.named_sets")["auto"], "", "")]
    return table(("name", "what", "training + test", "licence"), rows)


def fields(module: str, owner: str) -> str:
    """The fields of a dataclass: default, meaning, and the reason for the default."""
    in_toml = {"None": "none", "()": "`[]`", "True": "`true`", "False": "`false`"}
    rows = (
        (f"`{name}`", in_toml.get(found.default, f"`{found.default}`".replace("'", '"')), found.text, found.why)
        for name, found in meanings(module, owner).items()
    )
    return table(("field", "default", "what it is", "why this default"), rows)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    columns = list(head)
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(cells)} |\n".replace("|  |", "| |") for cells in lines)


TABLES: dict[str, Callable[[], str]] = {
    "layers": layers,
    "optimisers": optimisers,
    "schedules": schedules,
    "data-sets": data_sets,
    "recipe": functools.partial(fields, "training.recipe", "Recipe"),
    "schedule": functools.partial(fields, "training.schedules", "Schedule"),
    "augmentation": functools.partial(fields, "data.augment", "Augmentation"),
    "settings": functools.partial(fields, "runs.experiment", "Settings"),
}


def with_tables(page: str) -> str:
    """A page with its tables as they are now."""
    return MARKED.sub(lambda mark: f"{mark[1]}\n{TABLES[mark[2]]()}\n{mark[3]}", page)


def main(*, check: bool) -> int:
    """Write the tables of all pages, or name the pages whose tables are out of date."""
    stale = []
    for path in sorted(DOCS.glob("*.md")):
        page = path.read_text(encoding="utf-8")
        if (now := with_tables(page)) != page:
            stale.append(path.name)
            if not check:
                path.write_text(now, encoding="utf-8")
    print(("out of date: " if check else "written: ") + (", ".join(stale) or "none"))
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
