"""Check claims: evaluate their weights again, or train them again, and say whether each holds.

The weights are found by their hash: among the runs, beside the claim, in the folder weights beside it, or in the
package. What cannot be checked is listed.

examples:
  tersenet verify claim-sprint-3.toml
  tersenet verify claims/*.toml                         several, one row each
  tersenet verify claim-sprint-3.toml --tolerance 1     evaluated on another processor
  tersenet verify claim-sprint-3.toml --train           every seed trained again

Exit status: 0 if every claim holds, else 1.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from tersenet._errors import TersenetError, check_setting
from tersenet._table import Column, Table
from tersenet.cli.arguments import RUNS_DIR, DataDir, Flag, RunsDir
from tersenet.cli.main import DONE, ERROR
from tersenet.cli.output import CommonArguments, Output

if TYPE_CHECKING:
    from rich.text import Text

    from tersenet.runs import Claim, Verdict

COLUMNS = (
    Column(title="claim", right=False, least=12),
    Column(title="claimed %", leaves=1),
    Column(title="measured %"),
    Column(title="seeds", leaves=2),
    Column(title="result", right=False),
)


@dataclass(frozen=True, kw_only=True)
class Arguments(CommonArguments):
    """What `tersenet verify` takes."""

    claims: tyro.conf.Positional[Annotated[tuple[Path, ...], tyro.conf.arg(metavar="CLAIM …", help_behavior_hint="")]]
    """Claim files, written by `tersenet claim`."""
    train: Flag = False
    """Train every seed again instead of evaluating the weights."""
    tolerance: Annotated[int, tyro.conf.arg(metavar="N")] = 0
    """Allowed difference in images, per seed, when evaluating: another processor rounds differently."""
    data_dir: DataDir = None
    runs_dir: RunsDir = RUNS_DIR


def run(arguments: Arguments, output: Output) -> int:
    """Check the claims; a single one that does not hold is an error, of several each has its row."""
    check_setting(arguments.tolerance >= 0, "tolerance", arguments.tolerance, "0 or more images")
    if not arguments.claims:
        raise TersenetError("No claim was given.", expected="a file that `tersenet claim` wrote")
    if len(arguments.claims) == 1:
        return _one(arguments.claims[0], arguments, output)
    return _several(arguments, output)


def _one(path: Path, arguments: Arguments, output: Output) -> int:
    from rich.text import Text

    claim, verdict = _verdict(path, arguments, output)
    done = "trained again" if verdict.trained else "evaluated again"
    unchecked = [f"not checked: {line}" for line in verdict.not_checked]
    if not verdict.holds:
        measured = f"{verdict.accuracy:.4f} % on the test set of {claim.data}, {done}"
        raise TersenetError(
            "The claim does not hold.",
            got="\n".join((measured, *verdict.reasons, *unchecked)),
            expected=f"{claim.accuracy:.4f} %, and every field as claimed",
            where=path,
        )
    said = (
        f"The claim holds: {_figure(claim)} claimed, {verdict.accuracy:.2f} % {done}, on the test set of "
        f"{claim.data} with {claim.parameters:,} parameters."
    )
    output.say(Text(said), style="bold")
    for line in (*verdict.reasons, *(f"checked: {line}" for line in verdict.checked), *unchecked):
        output.say(Text(f"- {line}"))
    output.document(_document(path, claim, verdict))
    return DONE


def _several(arguments: Arguments, output: Output) -> int:
    from rich.text import Text

    rows: list[tuple[str | Text, ...]] = []
    documents: list[dict[str, Any]] = []
    failures, unchecked = [], False
    for path in arguments.claims:
        try:
            claim, verdict = _verdict(path, arguments, output)
        except TersenetError as error:
            rows.append((str(path), "–", "–", "–", Text("not verified", style="bold red")))
            failures.append(f"{path}: {error}")
            documents.append({"claim": str(path), "holds": False, "error": str(error)})
            continue
        result = Text("holds") if verdict.holds else Text("does not hold", style="bold red")
        figures = (_figure(claim).removesuffix(" %"), f"{verdict.accuracy:.2f}", str(len(claim.seeds)))
        rows.append((str(path), *figures, result))
        if not verdict.holds:
            failures.append("\n  ".join((f"{path}: The claim does not hold.", *verdict.reasons)))
        unchecked = unchecked or bool(verdict.not_checked)
        documents.append(_document(path, claim, verdict))
    output.say(Table(columns=COLUMNS, rows=rows))
    for failure in failures:
        output.say(f"\n{failure}")
    if unchecked:
        output.say("\nSome fields were not checked: verify one claim by itself, or use --json, to see which.")
    output.document({"holds": not failures, "claims": documents})
    return ERROR if failures else DONE


def _verdict(path: Path, arguments: Arguments, output: Output) -> tuple[Claim, Verdict]:
    from tersenet.cli.progress import TrainingProgress
    from tersenet.runs import evaluate_claim, places_of, read_claim, train_claim

    claim = read_claim(path)
    if arguments.train:
        with TrainingProgress(output) as progress:
            return claim, train_claim(
                claim,
                runs_dir=arguments.runs_dir,
                data_dir=arguments.data_dir,
                listeners=progress.listeners,
            )
    return claim, evaluate_claim(
        claim,
        places=places_of(path, arguments.runs_dir),
        tolerance=arguments.tolerance,
        data_dir=arguments.data_dir,
    )


def _figure(claim: Claim) -> str:
    spread = "" if claim.deviation is None else f" ± {claim.deviation:.2f}"
    return f"{claim.accuracy:.2f}{spread} %"


def _document(path: Path, claim: Claim, verdict: Verdict) -> dict[str, Any]:
    facts = {"claim": str(path), "data": claim.data, "claimed": claim.accuracy, "chosen_on": claim.chosen_on}
    return facts | asdict(verdict)
