"""Evaluate a claim again, or train it again, and say whether it holds.

The weights are found by their hash: among the runs, or as *.safetensors files beside the claim.

examples:
  tersenet verify claim-sprint-3.toml
  tersenet verify claim-sprint-3.toml --tolerance 1     evaluated on another processor
  tersenet verify claim-sprint-3.toml --train           trained again, every seed

The exit status is 0 where the claim holds, else 1.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import tyro

from tersenet._errors import TersenetError
from tersenet.cli.output import CommonArguments, Output, option


@dataclass(frozen=True, kw_only=True)
class Arguments(CommonArguments):
    """What `tersenet verify` takes."""

    claim: tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="CLAIM")]]
    """The file that `tersenet claim` wrote."""
    train: bool = False
    """Train every seed again, instead of evaluating the weights."""
    tolerance: int = 0
    """Pictures by which a seed's count may differ when it is evaluated: another processor rounds otherwise."""
    data_dir: Annotated[Path | None, option("FOLDER")] = None
    """Where data sets lie; else $TERSENET_DATA, else your cache folder."""
    runs_dir: Path = Path("runs")
    """Where the weights are looked for, and where runs trained again are put."""


def run(arguments: Arguments, output: Output) -> int:
    """Check the claim; one that does not hold is an error."""
    from tersenet._errors import check_setting
    from tersenet.cli.progress import Progress
    from tersenet.runs.claim import read_claim
    from tersenet.runs.verify import evaluate_claim, train_claim

    check_setting(arguments.tolerance >= 0, "tolerance", arguments.tolerance, "0 or more pictures")
    claim = read_claim(arguments.claim)
    if arguments.train:
        with Progress(output) as progress:
            verdict = train_claim(
                claim,
                runs_dir=arguments.runs_dir,
                data_dir=arguments.data_dir,
                listeners=progress.listeners,
            )
    else:
        places = (arguments.runs_dir, arguments.claim.parent)
        verdict = evaluate_claim(claim, places=places, tolerance=arguments.tolerance, data_dir=arguments.data_dir)
    done = "trained again" if verdict.trained else "evaluated again"
    if not verdict.holds:
        raise TersenetError(
            "The claim does not hold.",
            got="\n".join((f"{verdict.accuracy:.4f} % on the test set of {claim.data}, {done}", *verdict.reasons)),
            expected=f"{claim.accuracy:.4f} %",
            where=arguments.claim,
        )
    output.say(
        f"The claim holds: {claim.accuracy:.2f} % claimed, {verdict.accuracy:.2f} % {done}, on the test set of "
        f"{claim.data} with {claim.parameters:,} parameters.",
        style="bold",
    )
    for reason in verdict.reasons:
        output.say(f"- {reason}")
    output.document({"claim": str(arguments.claim), "data": claim.data, "claimed": claim.accuracy} | asdict(verdict))
    return 0
