"""The best accuracy for the fewest parameters, as `tersenet runs best` prints it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tersenet._table import Column, Table
from tersenet.cli.output import Output

if TYPE_CHECKING:
    from tersenet.runs import FrontEntry, Size


def best(runs_dir: Path, under: int | None, data: str, output: Output) -> int:
    """Print one row for each entry of the front, and what the columns mean."""
    from rich.text import Text

    from tersenet._errors import check_setting
    from tersenet.runs import damaged_names, entries, readable_front

    check_setting(under is None or under > 0, "--under", under, "1 parameter or more")
    all_of_them = entries(runs_dir, data)
    found, unreadable = readable_front(all_of_them, under=under)
    damaged = sorted({*damaged_names(runs_dir), *(entry.name for entry in unreadable)})
    output.document(
        {
            "data": data,
            "under": under,
            "of": len(all_of_them),
            "front": [_document(*row) for row in found],
            "damaged": damaged,
        }
    )
    for name in damaged:
        output.say(f"{name} cannot be read; `tersenet runs` says why.", style="yellow")
    bound = f" with fewer than {under:,} parameters" if under is not None else ""
    if not found:
        output.say(f"There is no finished run on {data}{bound} in {runs_dir}.")
        return 0
    output.say(f"{data}: the best accuracy for the fewest parameters{bound}", style="bold")
    output.say(Table(columns=COLUMNS, rows=[_cells(*row) for row in found]))
    notes = [
        f"Out of {len(all_of_them)} experiment{'s' * (len(all_of_them) != 1)} trained on {data}, each row has the "
        "best accuracy for its number of parameters or fewer. "
        "Rows are picked on the test set, so luck favours them."
    ]
    if any(entry.is_indication for entry, _ in found):
        notes.append("†: fewer than five seeds, an indication.")
    if any(entry.validation for entry, _ in found):
        notes.append("‡: trained without the held-out images; the test set was read once.")
    for note in notes:
        output.say(Text(note))
    return 0


COLUMNS = (
    Column(title="run", right=False, least=24),
    Column(title="parameters"),
    Column(title="nonzero", leaves=3),
    Column(title="bytes", leaves=4, means="bytes: the weights alone, in float32."),
    Column(title="file", leaves=5, means="file: bytes with running statistics and names."),
    Column(title="epochs", leaves=2),
    Column(title="seeds", leaves=1),
    Column(title="test %", right=False, means="test %: after the last epoch, the mean over seeds."),
)


def _cells(entry: FrontEntry, size: Size) -> list[str]:
    marks = "†" * (entry.is_indication) + "‡" * bool(entry.validation)
    spread = f" ± {entry.deviation:.2f}" if entry.deviation is not None else ""
    return [
        entry.name,
        f"{size.parameters:,}",
        f"{size.nonzero:,}",
        f"{size.weight_bytes:,}",
        f"{size.file_bytes:,}",
        str(entry.epochs),
        str(entry.seeds),
        f"{entry.accuracy:.2f}{spread}{marks}",
    ]


def _document(entry: FrontEntry, size: Size) -> dict[str, Any]:
    return {
        "run": entry.name,
        "runs": [run.name for run in entry.runs],
        "network": entry.network,
        "notation": entry.runs[0].notation,
        "data": entry.data,
        "epochs": entry.epochs,
        "seeds": entry.seeds,
        "indication": entry.is_indication,
        "validation": entry.validation,
        "test_accuracy": entry.accuracy,
        "deviation": entry.deviation,
        **asdict(size),
    }
