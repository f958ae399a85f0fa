"""Put a result into one file that anyone can verify: how it was trained, what it reached, the hash of the weights.

RUN is a run or a group of seeds: its folder, its name, or an experiment's name (its latest).

examples:
  tersenet claim sprint-3
  tersenet claim gap-14320-2 --out claims/gap.toml
  tersenet claim sprint-3 --chosen-on "held-out images, seeds 0 to 2"
  tersenet verify claim-gap-14320-2.toml
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from tersenet.cli.arguments import RUNS_DIR, DataDir, RunsDir
from tersenet.cli.output import CommonArguments, Output, option


@dataclass(frozen=True, kw_only=True)
class Arguments(CommonArguments):
    """What `tersenet claim` takes."""

    run: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="RUN", help_behavior_hint="")]]
    """A run or a group: its folder, its name, or an experiment's name (its latest)."""
    out: Annotated[Path | None, option("FILE")] = None
    """The file to write (default: claim-RUN.toml). An existing file is never overwritten."""
    chosen_on: Annotated[str | None, option("TEXT")] = None
    """Which images and seeds the recipe was chosen on (default: what the experiment says)."""
    data_dir: DataDir = None
    runs_dir: RunsDir = RUNS_DIR


def run(arguments: Arguments, output: Output) -> int:
    """Write the claim and print what it claims."""
    from rich.text import Text

    from tersenet.runs import find_run_or_group, make_claim, write_claim

    source = find_run_or_group(arguments.run, arguments.runs_dir)
    claim = make_claim(source, data_dir=arguments.data_dir, chosen_on=arguments.chosen_on)
    path = write_claim(claim, arguments.out or Path(f"claim-{source.name.replace('/', '-')}.toml"))
    spread = f" ± {claim.deviation:.2f}" if claim.deviation is not None else ""
    said = (
        f"{claim.accuracy:.2f} %{spread} on the test set of {claim.data} after {claim.epochs} "
        f"epoch{'s' * (claim.epochs != 1)}, {claim.parameters:,} parameters, "
        f"seed{'s' * (len(claim.seeds) > 1)} {', '.join(str(each.seed) for each in claim.seeds)}"
    )
    output.say(Text(said), style="bold")
    if claim.is_indication:
        output.say("An indication only: a claim needs five seeds or more.")
    if claim.experiment.validation:
        output.say(f"{claim.experiment.validation:,} training images were held out; the test set was read once.")
    if claim.chosen_on:
        output.say(f"The recipe was chosen on: {claim.chosen_on}")
    output.say(f"claim: {path}")
    output.say(f"check: tersenet verify {shlex.quote(str(path))}")
    output.document(
        {
            "claim": str(path),
            "run": source.name,
            "data": claim.data,
            "accuracy": claim.accuracy,
            "deviation": claim.deviation,
            "parameters": claim.parameters,
            "epochs": claim.epochs,
            "chosen_on": claim.chosen_on,
            "seeds": [each.seed for each in claim.seeds],
            "weights_sha256": [each.weights_sha256 for each in claim.seeds],
            "indication": claim.is_indication,
        }
    )
    return 0
