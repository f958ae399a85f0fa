"""What a step of the ladder shows, in sentences made from its figures."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from tersenet._table import Column, Table
from tersenet.analysis.ladder import HELD_WITHIN, LAST, SEEDS, Ladder, LadderStep
from tersenet.analysis.noise import signed_points
from tersenet.analysis.pairwise import p_in_words
from tersenet.evaluation import resolved_difference

SURE = 0.05


def ladder_table(ladder: Ladder) -> Table:
    """One row per step: accuracies in percent, mean ± deviation over the seeds."""
    columns = (
        Column(title=f"on {ladder.data}", right=False),
        Column(title="change", right=False, wraps=12, leaves=2),
        Column(title="parameters", leaves=3),
        Column(title="last\nepoch %"),
        Column(title=f"least of\nlast {LAST}", leaves=4),
        Column(title="target\n%", leaves=1),
        Column(title="verdict", right=False, wraps=10),
    )
    return Table(columns=columns, rows=[step_row(step) for step in ladder.steps])


def step_row(step: LadderStep) -> list[str]:
    """The cells of a step."""
    found = step.spread
    deviation = "" if found.deviation is None else f" ± {found.deviation:.2f}"
    return [
        step.label,
        step.change,
        f"{step.parameters:,}",
        f"{found.mean:.2f}{deviation}",
        f"{min(step.last_epochs):.2f}",
        "–" if step.target is None else f"{step.target:g}",
        verdict(step),
    ]


def verdict(step: LadderStep) -> str:
    """`met`, or what is missing: `0.42 short`."""
    if step.experiment.budget is None:
        return "–"
    return ", ".join(step.misses) or "met"


def result_of(step: LadderStep) -> str:
    """The figures of a step in one sentence."""
    found = step.spread
    seeds = "one seed" if found.count == 1 else f"{found.count} seeds"
    label = ", an indication" if found.is_indication else ""
    each = ", ".join(f"{accuracy:.2f}" for accuracy in step.accuracies)
    mean = f"{found.mean:.2f} %" if found.deviation is None else f"{found.mean:.2f} ± {found.deviation:.2f} %"
    return f"{mean} after epoch {step.epochs} ({seeds}{label}: {each}), with {step.parameters:,} parameters."


def analyse_step(step: LadderStep, before: LadderStep | None) -> list[str]:
    """What the figures of a step say: accuracy and size against the step before, overfitting, steadiness, target."""
    return [
        *difference_in_words(step, before),
        *_size(step, before),
        _overfitting(step, before),
        _steadiness(step),
        *_target(step),
    ]


def warnings_of(ladder: Ladder) -> list[str]:
    """What a reader must know first: missing steps with their commands, and runs that are left out."""
    missing = ladder.missing
    names = ", ".join(each.name for each in missing)
    commands = ", ".join(f"`{command}`" for each in missing for command in each.commands)
    return [f"Not yet trained with {SEEDS} seeds: {names}. Train them: {commands}."] * bool(
        missing
    ) + ladder.otherwise


def caution(ladder: Ladder) -> str:
    """How far the figures can be trusted."""
    most = max(len(step.runs) for step in ladder.steps)
    return (
        f"{'One seed' if most == 1 else f'Up to {most} seeds'} per step: an indication, not a claim. Each interval "
        "is for one comparison; adjusted for all of them (Holm), p is larger. All accuracies are on the test set "
        "after the last epoch; no epoch is picked."
    )


def difference_in_words(step: LadderStep, before: LadderStep | None) -> list[str]:
    """Whether accuracy rose or fell against the step before, by how much; nothing for the first step."""
    found = step.difference
    if before is None or found is None:
        return [] if before is None else ["Too few seeds to compare it with the step before."]
    low, high = found.interval
    against = f"{signed_points(found.difference)} points against step {before.label.split()[0]}"
    interval = f"95 % interval {signed_points(low)} to {signed_points(high)}, {p_in_words(found.p)} by Welch's test"
    if found.p < SURE:
        said = f"Accuracy {'rises' if found.difference > 0 else 'falls'}: {against} ({interval})."
        if step.adjusted_p is not None and step.adjusted_p >= SURE:
            said += f" Adjusted for all steps (Holm) it is not significant ({p_in_words(step.adjusted_p)})."
        return [said]
    deviations = [each.spread.deviation for each in (step, before) if each.spread.deviation is not None]
    pooled = fmean(deviation**2 for deviation in deviations) ** 0.5
    said = f"No significant difference: {against} ({interval})."
    if pooled > 0:
        seeds = min(len(step.runs), len(before.runs))
        if seeds > 1:
            said += f" At this spread, {seeds} seeds per side detect {resolved_difference(seeds, pooled):.2f} points."
    return [said]


def _size(step: LadderStep, before: LadderStep | None) -> list[str]:
    if before is None:
        return []
    more = step.parameters - before.parameters
    if more == 0:
        return ["It has as many parameters as the step before."]
    return [
        f"It has {abs(more):,} parameters {'more' if more > 0 else 'fewer'} than the step before "
        f"({step.parameters:,} against {before.parameters:,})."
    ]


def _overfitting(step: LadderStep, before: LadderStep | None) -> str:
    """The training accuracy beside the test accuracy, and how the gap moved."""
    gap = step.train_accuracy - step.spread.mean
    said = (
        f"The training accuracy during the last epoch is {step.train_accuracy:.2f} %, "
        f"{abs(gap):.2f} points {'above' if gap >= 0 else 'below'} the test accuracy"
    )
    if before is None:
        return said + "."
    old = before.train_accuracy - before.spread.mean
    return said + f" (the step before: {abs(old):.2f} {'above' if old >= 0 else 'below'})."


def _steadiness(step: LadderStep) -> str:
    """How much the last epochs of a seed vary: the more they do, the more the last one is luck."""
    spans = [max(curve[-LAST:]) - min(curve[-LAST:]) for curve in step.curves]
    return (
        f"Over the last {LAST} epochs a seed's accuracy varies by {fmean(spans):.2f} points on average; the lowest "
        f"is {min(step.last_epochs):.2f} %."
    )


def _target(step: LadderStep) -> list[str]:
    if step.target is None:
        return []
    bar = step.target - HELD_WITHIN
    since = _above_since(step.curves, bar)
    held = (
        f"Every seed stays above {bar:g} % from epoch {since} on."
        if since is not None
        else f"It does not stay above {bar:g} % in every seed."
    )
    if step.misses:
        return [f"The target of {step.target:g} % is missed: {', '.join(step.misses)}. {held}"]
    return [f"The target of {step.target:g} % is met. {held}"]


def _above_since(curves: Sequence[Sequence[float]], bar: float) -> int | None:
    """The first epoch from which on all curves lie above the bar; None where the last does not.

    >>> _above_since([[99.3, 99.5, 99.6], [99.5, 99.3, 99.5]], 99.4)
    3
    """
    first = 1
    for curve in curves:
        below = [epoch for epoch, accuracy in enumerate(curve, start=1) if accuracy <= bar]
        if below and below[-1] == len(curve):
            return None
        first = max(first, below[-1] + 1 if below else 1)
    return first
