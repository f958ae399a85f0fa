"""Claim: the accuracies of Tersenet's networks hold on seeds that played no part in any choice.

    python benchmarks/fresh_seeds.py                 # trains what is not yet trained (hours), then the table
    python benchmarks/fresh_seeds.py --table-only    # claims of the runs that are there, and the table of all claims
    python benchmarks/fresh_seeds.py --only sprint   # some of them

Networks and recipes were chosen on held-out training images, and some had been looked at on the test set with seeds
0 to 2. Seeds 10 to 14 were trained afterwards, once, with nothing changed after looking: last epoch, mean and
deviation.
Each result becomes a file in `claims/` with its weights beside it; `tersenet verify` checks them. Writes its part of
`docs/results.md`. An interrupted call continues where it stopped.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from course_networks import RESULTS, write_part
from tersenet import TersenetError
from tersenet.evaluation import spread
from tersenet.runs import MODEL, Claim, Group, find_run_or_group, load_experiment, make_claim, read_claim, write_claim

FIRST_SEED, SEEDS = 10, 5
CLAIMS = Path(__file__).parent.parent / "claims"

# The figures published before, and the seeds that they come from.
BEFORE = {
    "sprint": "99.453 ± 0.021, seeds 0 to 9",
    "model1-4312-improved": "99.45 ± 0.02, seeds 0 to 2",
    "ladder-10-averaged": "99.53 ± 0.06, seeds 0 to 2",
    "model2-7524-improved": "99.55 ± 0.04, seeds 0 to 2",
    "gap-14320-improved": "99.57 ± 0.04, seeds 0 to 2",
    "optimized-18594-improved": "99.59 ± 0.01, seeds 0 to 2",
    "funnel-18937-improved": "99.60 ± 0.07, seeds 0 to 2",
    "network-19972-improved": "99.56 ± 0.03, seeds 0 to 2",
    "summit": "99.70 ± 0.05, seeds 0 to 4",
}


def main() -> None:
    """Train, claim, tabulate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs-dir", type=Path, default=Path("runs/fresh-seeds"))
    parser.add_argument("--only", nargs="+", choices=tuple(BEFORE), default=tuple(BEFORE))
    parser.add_argument("--table-only", action="store_true")
    arguments = parser.parse_args()
    if not arguments.table_only:
        for name in arguments.only:
            train(name, arguments.runs_dir)
    for name in BEFORE:
        if group := finished(name, arguments.runs_dir):
            keep_claim(name, group)
    claims = {name: read_claim(path) for name in BEFORE if (path := CLAIMS / f"{name}.toml").exists()}
    if not claims:
        sys.exit(f"No group is finished in {arguments.runs_dir}, and {CLAIMS} has no claim.")
    part, misses = table(claims)
    write_part(RESULTS, "fresh seeds", part)
    print(part)
    if misses:
        sys.exit("missed: " + "; ".join(misses))


def train(name: str, runs_dir: Path) -> None:
    """Train the five seeds of an experiment where that was not done; its log is beside the runs."""
    if finished(name, runs_dir):
        return
    try:
        words = ["--resume", find_run_or_group(name, runs_dir).name]
    except TersenetError:
        words = [
            name,
            "--name",
            name,
            "--seeds",
            str(SEEDS),
            "--seed",
            str(FIRST_SEED),
            "--set",
            "settings.workers=1",
        ]
    command = [sys.executable, "-m", "tersenet", "train", *words, "--runs-dir", str(runs_dir), "--no-report"]
    runs_dir.mkdir(parents=True, exist_ok=True)
    with (runs_dir / f"{name}.log").open("a") as log:
        status = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False).returncode
    if status not in (0, 3):
        sys.exit(f"{name} ended with status {status}; see {runs_dir / name}.log")


def finished(name: str, runs_dir: Path) -> Group | None:
    """The finished group of that name, if there is one."""
    try:
        group = find_run_or_group(name, runs_dir)
    except TersenetError:
        return None
    return group if isinstance(group, Group) and group.result else None


def keep_claim(name: str, group: Group) -> None:
    """The claim as `claims/NAME.toml`, once, and the weights of each seed beside it."""
    path = CLAIMS / f"{name}.toml"
    if path.exists():
        return
    write_claim(make_claim(group), path)
    weights = CLAIMS / "weights"
    weights.mkdir(exist_ok=True)
    for run in group.runs:
        shutil.copyfile(run.path / MODEL, weights / f"{name}-seed-{run.experiment.seed}.safetensors")


def table(claims: dict[str, Claim]) -> tuple[str, list[str]]:
    """The table, and what was missed."""
    rows, misses = [], []
    for name, claim in claims.items():
        found = spread([seed.accuracy for seed in claim.seeds])
        budget = load_experiment(name).budget
        wanted = budget.accuracy if budget else None
        missed = wanted is not None and round(found.mean, 4) < wanted
        if missed:
            misses.append(f"{name}: {found.mean:.3f} % is below {wanted} %")
        verdict = "–" if wanted is None else f"{wanted:.2f}: {'**missed**' if missed else 'met'}"
        assert found.deviation is not None
        rows.append(
            f"| `{name}` | {claim.parameters:,} | {claim.epochs} | {BEFORE[name]} "
            f"| **{found.mean:.2f} ± {found.deviation:.2f}** | {found.minimum:.2f} to {found.maximum:.2f} "
            f"| {verdict} | [claim](../claims/{name}.toml) |"
        )
    machines = sorted(
        {f"{c.machine}, torch {c.versions['torch']}, {c.experiment.settings.description}" for c in claims.values()}
    )
    lines = [
        "## Fresh seeds",
        "",
        f"Written by `python benchmarks/fresh_seeds.py`. Seeds {FIRST_SEED} to {FIRST_SEED + SEEDS - 1} were trained "
        "once, after every choice had been made, and nothing was changed afterwards. Test accuracy after the last "
        "epoch, mean ± deviation of five seeds. The figures published before are for comparison: their seeds had "
        "been seen while networks and recipes were chosen.",
        "",
        "| experiment | parameters | epochs | published before | fresh seeds | range | wanted | |",
        "|---|--:|--:|--:|--:|--:|---|---|",
        *rows,
        "",
        f"Trained on {'; '.join(machines)}; two seeds at a time.",
    ]
    return "\n".join(lines), misses


if __name__ == "__main__":
    main()
