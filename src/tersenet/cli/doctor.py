"""Look for what goes wrong in a run or a network: dead units, learning rate, logits, receptive field and more.

RUN is a run's folder, its name, or an experiment's name (its latest run). Where there is none of that name, the
word is taken for a network: a known name, an experiment's, file.py:Name, or one line of notation. A network gets
fresh weights, and the recipe of its experiment or Tersenet's own. Everything is tried on copies and on a sample of
pictures; it takes seconds. docs/doctor.md states each rule with its bound. In a training loop of your own,
`tersenet.diagnose` looks for more.

examples:
  tersenet doctor sprint
  tersenet doctor model1-4312 --network
  tersenet doctor "8C3 R 8C3 R GAP 10Nb" --data synthetic
  tersenet doctor gap-14320 --network --learning-rate 5
  tersenet doctor model.py:Net --json
"""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from tersenet._errors import TersenetError
from tersenet.cli.output import CommonArguments, Output, option

if TYPE_CHECKING:
    from tersenet.inspection import Diagnosis
    from tersenet.runs import Run
    from tersenet.training import Recipe


@dataclass(frozen=True, kw_only=True)
class Arguments(CommonArguments):
    """What `tersenet doctor` takes."""

    patient: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="RUN|NET")]]
    """A run, or a network."""
    network: bool = False
    """Take the word for a network, even where a run has that name."""
    learning_rate: Annotated[float | None, option("RATE")] = None
    """Look at a network as if it were trained at this rate."""
    data: Annotated[str | None, option("NAME")] = None
    """Look at a network on this data: mnist, synthetic, folder:PATH or auto. A run has its own."""
    data_dir: Annotated[Path | None, option("FOLDER")] = None
    """Where data sets lie; else $TERSENET_DATA, else your cache folder."""
    runs_dir: Annotated[Path, tyro.conf.arg(metavar="FOLDER")] = Path("runs")
    """The folder that holds the runs."""
    layers: bool = False
    """Show what was measured of each layer as well."""


def run(arguments: Arguments, output: Output) -> int:
    """Print the findings and what each rule read."""
    from tersenet.inspection.doctor_text import diagnosis_parts, reading_table

    with redirect_stdout(sys.stderr):  # whatever a user's file prints
        diagnosis, kind, notice = _examine(arguments)
    if notice:
        output.say(notice, style="bold yellow")
    for part in diagnosis_parts(diagnosis):
        output.say(part)
    if arguments.layers:
        output.say()
        output.say(reading_table(diagnosis))
    output.document(document(diagnosis, kind, notice))
    return 0


def _examine(arguments: Arguments) -> tuple[Diagnosis, str, str | None]:
    """The diagnosis, whether it is that of a run or of a network, and what must be said of its data."""
    from tersenet.data import load_data
    from tersenet.inspection import diagnose_network, diagnose_run

    run = None if arguments.network else _run(arguments.patient, arguments.runs_dir)
    if run is not None:
        given = {"--data": arguments.data, "--learning-rate": arguments.learning_rate}
        refused = [flag for flag, value in given.items() if value is not None]
        if refused:
            raise TersenetError(
                "A run has its own data and learning rate.",
                got=f"{', '.join(refused)} beside the run {run.name}",
                hint=f"tersenet doctor {arguments.patient} --network looks at the network instead",
            )
        return diagnose_run(run, data_dir=arguments.data_dir), "run", run.environment.get("data_notice")
    dataset = load_data(arguments.data or "auto", data_dir=arguments.data_dir)
    diagnosis = diagnose_network(arguments.patient, data=dataset, recipe=_recipe(arguments))
    return diagnosis, "network", dataset.notice


def _run(word: str, runs_dir: Path) -> Run | None:
    """The run that is meant, or None where there is none of that name and no folder either."""
    from tersenet.runs import find_run

    try:
        return find_run(word, runs_dir)
    except OSError:  # a notation can be longer than any file name
        return None
    except TersenetError:
        if Path(word).is_dir() or (runs_dir / word).is_dir():
            raise
        return None


def _recipe(arguments: Arguments) -> Recipe | None:
    """The network's recipe with the rate that was asked for; None where it is to be looked at as it is."""
    if arguments.learning_rate is None:
        return None
    from tersenet.runs import experiment_names, load_experiment
    from tersenet.training import Recipe

    own = arguments.patient in experiment_names()
    recipe = load_experiment(arguments.patient).training if own else Recipe()
    return replace(recipe, learning_rate=arguments.learning_rate)


def document(diagnosis: Diagnosis, kind: str, notice: str | None) -> dict[str, Any]:
    """The JSON document of a diagnosis."""
    return {
        "patient": diagnosis.of,
        "kind": kind,
        "data": diagnosis.data,
        "notice": notice,
        "pictures": diagnosis.pictures,
        "healthy": diagnosis.healthy,
        "findings": [asdict(finding) for finding in diagnosis.findings],
        "rules": [
            {"rule": check.rule, "status": check.status, "reading": check.reading} for check in diagnosis.checks
        ],
        "layers": [asdict(layer) for layer in diagnosis.layers],
    }
