"""Look for problems in a run or a network: dead units, learning rate, logits, receptive field and more.

The argument is taken as a run first (folder, name, or latest run of an experiment), then as a network: an
experiment, a .toml file, a network's name, file.py:Name, or a line of notation. stem-17150, model2-7524 and
model1-4312 count as runs, since their trained weights come with the package; with --network, --data or
--learning-rate they are networks. A network gets fresh weights and the recipe of its experiment, or Tersenet's own;
the first line then says untrained. All tests use copies and a sample of the pictures; they take seconds.
docs/doctor.md gives each rule with its bound. In your own training loop, `tersenet.diagnose` does the same.

examples:
  tersenet doctor sprint
  tersenet doctor model1-4312 --network
  tersenet doctor mine.toml
  tersenet doctor "8C3 R 8C3 R GAP 10Nb" --data synthetic
  tersenet doctor gap-14320 --network --learning-rate 5
  tersenet doctor model.py:Net --json
"""

from __future__ import annotations

import shlex
import sys
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from tersenet._errors import TersenetError
from tersenet.cli.arguments import RUNS_DIR, DataDir, Flag, RunsDir, given
from tersenet.cli.output import Output, TrustArguments, option

if TYPE_CHECKING:
    from tersenet.inspection import Diagnosis
    from tersenet.runs import Run


@dataclass(frozen=True, kw_only=True)
class Arguments(TrustArguments):
    """What `tersenet doctor` takes."""

    patient: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="RUN|NET")]]
    """A run, an experiment or a network."""
    network: Flag = False
    """Check the network with fresh weights, even if a run has that name."""
    learning_rate: Annotated[float | None, option("RATE")] = None
    """Check a network as if it were trained at this rate."""
    data: Annotated[str | None, option("NAME")] = None
    """Data to check a network on: mnist, synthetic, a folder of pictures, or auto. A run has its own."""
    skip_bad: Flag = False
    """Leave out the pictures of the --data folder that cannot be read."""
    data_dir: DataDir = None
    runs_dir: RunsDir = RUNS_DIR
    layers: Flag = False
    """Also show the measurements of each layer."""


def run(arguments: Arguments, output: Output) -> int:
    """Print the findings and what each rule read."""
    from tersenet.inspection import diagnosis_parts, reading_table

    with redirect_stdout(sys.stderr):  # whatever a user's file prints
        diagnosis, kind = _examine(arguments)
    for part in diagnosis_parts(diagnosis):
        output.say(part)
    if arguments.layers:
        output.say()
        output.say(reading_table(diagnosis))
    output.document(document(diagnosis, kind))
    return 0


def _examine(arguments: Arguments) -> tuple[Diagnosis, str]:
    """The diagnosis, and whether it is that of a run or of a network."""
    from tersenet.data import load_data
    from tersenet.inspection import diagnose_network, diagnose_run
    from tersenet.networks import check_network
    from tersenet.runs import Run, find_run, is_packaged, resolve

    resolved = resolve(arguments.patient, arguments.runs_dir, runs_first=not arguments.network)
    ours = isinstance(resolved.run, Run) and is_packaged(resolved.run)
    if ours and _for_a_network(arguments):
        resolved = resolve(arguments.patient, arguments.runs_dir)
    elif ours:
        assert isinstance(resolved.run, Run)
        diagnosis = diagnose_run(resolved.run, data_dir=arguments.data_dir)
        return replace(diagnosis, of=f"{diagnosis.of}, trained, from the package"), "run"
    elif resolved.run is not None and not arguments.network:
        run = resolved.run if isinstance(resolved.run, Run) else find_run(arguments.patient, arguments.runs_dir)
        _refuse_beside_a_run(arguments, run)
        return diagnose_run(run, data_dir=arguments.data_dir), "run"
    resolved.note_code()
    experiment = resolved.experiment
    recipe = experiment.training
    if arguments.learning_rate is not None:
        recipe = replace(recipe, learning_rate=arguments.learning_rate)
    check_network(resolved.network)
    own_data = experiment.data if resolved.kind in ("run", "group", "experiment", "file") else "auto"
    dataset = load_data(_data(arguments) or own_data, data_dir=arguments.data_dir)
    try:
        diagnosis = diagnose_network(resolved.network, data=dataset, recipe=recipe)
    except TersenetError as error:
        if arguments.data is None and own_data == "auto" and error.problem.startswith("The labels do not fit"):
            command = shlex.join(("tersenet", "doctor", arguments.patient))
            error.hint = f"name the data that the network is for: {command} --data FOLDER"
        raise
    if resolved.kind in ("experiment", "file", "run", "group"):
        diagnosis = replace(diagnosis, of=f"{resolved.word}, untrained")
    return diagnosis, "network"


def _data(arguments: Arguments) -> str | None:
    """The data that was named, with what is to be left out of it."""
    from tersenet.data import with_skip_bad

    if not arguments.skip_bad:
        return arguments.data
    if arguments.data is None:
        raise TersenetError("Only damaged pictures of a folder can be left out.", hint="--data FOLDER --skip-bad")
    return with_skip_bad(arguments.data)


def _for_a_network(arguments: Arguments) -> list[str]:
    """The options that were given and that only a network takes."""
    return [spelled for name, spelled in given(arguments).items() if name in ("data", "skip_bad", "learning_rate")]


def _refuse_beside_a_run(arguments: Arguments, run: Run) -> None:
    refused = _for_a_network(arguments)
    if refused:
        raise TersenetError(
            "A run has its own data and learning rate.",
            got=f"{', '.join(refused)} beside the run {run.name}",
            hint=f"{shlex.join(('tersenet', 'doctor', arguments.patient))} --network looks at the network instead",
        )


def document(diagnosis: Diagnosis, kind: str) -> dict[str, Any]:
    """The JSON document of a diagnosis."""
    return {
        "patient": diagnosis.of,
        "kind": kind,
        "data": diagnosis.data,
        "notice": diagnosis.notice,
        "pictures": diagnosis.pictures,
        "healthy": diagnosis.healthy,
        "findings": [asdict(finding) for finding in diagnosis.findings],
        "rules": [
            {"rule": check.rule, "status": check.status, "reading": check.reading} for check in diagnosis.checks
        ],
        "layers": [asdict(layer) for layer in diagnosis.layers],
    }
