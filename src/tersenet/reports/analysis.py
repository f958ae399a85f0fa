"""What the figures say, by stated rules: each finding names its rule's numbers and the figure it rests on.

A difference counts as one where it is larger than the noise. Two sources of noise are known: the sampling error of an
accuracy measured on N pictures, √(p·(1 − p)/N) (0.07 points for 99.5 % of 10,000), and the spread between seeds,
about 0.05 points at 99.5 %. The larger of the two is the measure here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from tersenet.evaluation import Measures, Mistake, known_wrong_label, sampling_error
from tersenet.evaluation.statistics import wilson_interval
from tersenet.reports.history import History

SEED_NOISE = 0.05  # points between seeds at 99.5 %
CURVES, LEARNING_RATE, CONFUSION, CALIBRATION, MISTAKES = (
    "curves",
    "learning-rate",
    "confusion",
    "calibration",
    "mistakes",
)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One sentence or two, the name of the rule, and the figure that shows it (None where it concerns them all)."""

    rule: str
    text: str
    figure: str | None


def analyse(
    history: History,
    *,
    images: int,
    target: float | None = None,
    measures: Measures | None = None,
    mistakes: Sequence[Mistake] = (),
    data: str = "",
) -> list[Finding]:
    """All findings on one training, in the order in which a reader would ask.

    `images` is the number of pictures behind each held-out accuracy, `target` an accuracy in percent to be reached,
    `measures` and `mistakes` those of the test set, `data` its name (for what is known of its labels).

    >>> from tersenet.reports.history import history_of
    >>> history = history_of({"train_accuracy": [90.0, 99.9], "test_accuracy": [95.0, 97.0]})
    >>> [finding.rule for finding in analyse(history, images=10_000)]
    ['gap', 'trend', 'certainty']
    """
    found = [
        gap(history, images),
        trend(history, images),
        held(history, target) if target is not None else None,
        *schedule(history, images),
        overfitting(history),
    ]
    if measures is not None:
        found += [confidence(measures), weakest_class(measures), confusions(measures), sure_mistakes(mistakes, data)]
    found.append(certainty(history, images))
    return [finding for finding in found if finding is not None]


def noise(accuracy: float, images: int) -> float:
    """How much two accuracies must differ, in points, before the difference is called one.

    >>> round(noise(99.5, 10_000), 2), round(noise(90, 1_000), 2)
    (0.07, 0.95)
    """
    return max(SEED_NOISE, sampling_error(min(max(accuracy, 0.0), 100.0), images))


def gap(history: History, images: int) -> Finding | None:
    """Training against held-out accuracy after the last epoch; a gap counts beyond twice the noise."""
    if history.train_accuracy is None or history.held_out_accuracy is None:
        return None
    training, measured = history.train_accuracy[-1], history.held_out_accuracy[-1]
    points = training - measured
    limit = 2 * noise(measured, images)
    facts = (
        f"After the last epoch the training accuracy is {training:.2f} %, the {history.held_out} accuracy "
        f"{measured:.2f} %"
    )
    if points > limit:
        said = (
            f"{facts}: a gap of {points:.2f} points. The network knows its training images better than others; more "
            "augmentation, dropout or weight decay, or fewer parameters, would be the things to try."
        )
    elif points < -limit:
        said = (
            f"{facts}: training is {-points:.2f} points below. It is measured while the weights change, with "
            "augmentation and dropout at work, so the network is held back more than it overfits; weaker "
            "augmentation or dropout, or more epochs, would be the things to try."
        )
    else:
        said = f"{facts}: no gap beyond {limit:.2f} points, which is twice the noise."
    return Finding(rule="gap", text=said, figure=CURVES)


def trend(history: History, images: int) -> Finding | None:
    """Still rising, flat or falling: the mean of the last epochs (three at most) against that of as many before."""
    accuracies = history.held_out_accuracy
    if accuracies is None or len(accuracies) < 2:
        return None
    window = min(3, len(accuracies) // 2)
    late, early = fmean(accuracies[-window:]), fmean(accuracies[-2 * window : -window])
    change, limit = late - early, noise(late, images)
    compared = "the last epoch" if window == 1 else f"the mean of the last {window} epochs"
    before = "the one before" if window == 1 else f"that of the {window} before"
    facts = f"{compared} ({late:.2f} %) against {before} ({early:.2f} %)"
    if change > limit:
        said = f"The {history.held_out} accuracy was still rising at the end: {facts}. More epochs may bring more."
    elif change < -limit:
        said = (
            f"The {history.held_out} accuracy was falling at the end: {facts}. Fewer epochs or a lower rate may help."
        )
    else:
        said = (
            f"The {history.held_out} accuracy was flat at the end: {facts}, within the noise of {limit:.2f} points. "
            "More epochs of the same kind are not likely to help."
        )
    return Finding(rule="trend", text=said, figure=CURVES)


def held(history: History, target: float) -> Finding | None:
    """Whether the target was reached, when first, and whether every later epoch held it."""
    accuracies = history.held_out_accuracy
    if accuracies is None:
        return None
    above = [place for place, accuracy in enumerate(accuracies) if accuracy >= target]
    if not above:
        best = history.best
        assert best is not None
        short = target - accuracies[best]
        said = (
            f"The target of {target:g} % was not reached by the {history.held_out} accuracy of any epoch; the "
            "nearest "
            f"was epoch {history.epochs[best]} with {accuracies[best]:.2f} %, {short:.2f} points short."
        )
        return Finding(rule="held", text=said, figure=CURVES)
    first = above[0]
    reached = (
        f"The target of {target:g} % was first reached by the {history.held_out} accuracy in epoch "
        f"{history.epochs[first]}"
    )
    lost = [place for place in range(first, len(accuracies)) if accuracies[place] < target]
    if first == len(accuracies) - 1:
        said = f"{reached}, the last one: whether it would hold is not known."
    elif not lost:
        said = f"{reached} and held in every epoch to the end."
    else:
        ended = "ended above it" if accuracies[-1] >= target else "ended below it"
        said = (
            f"{reached}, but not held: {len(lost)} of the {len(accuracies) - first - 1} later epochs fell below it "
            f"(the last of them epoch {history.epochs[lost[-1]]}), and the run {ended}."
        )
    return Finding(rule="held", text=said, figure=CURVES)


def schedule(history: History, images: int) -> list[Finding]:
    """What each step of the learning rate did: the means of up to three epochs on either side, no other step between.

    Where the rate sloped or stayed, one finding says so.
    """
    rates, accuracies, losses = history.learning_rate, history.held_out_accuracy, history.held_out_loss
    if rates is None or accuracies is None or losses is None or len(rates) < 2:
        return []
    if not history.drops:
        return [_slope(history, rates, accuracies)]
    found = []
    borders = [0, *history.drops, len(rates)]
    for start, drop, end in zip(borders, borders[1:], borders[2:], strict=False):
        before, after = slice(max(start, drop - 3), drop), slice(drop, min(end, drop + 3))
        accuracy = fmean(accuracies[before]), fmean(accuracies[after])
        loss = fmean(losses[before]), fmean(losses[after])
        change, limit = accuracy[1] - accuracy[0], noise(accuracy[1], images)
        verdict = (
            "It helped" if change > limit else "It hurt" if change < -limit else "It changed nothing beyond the noise"
        )
        said = (
            f"The learning rate fell from {rates[drop - 1]:.3g} to {rates[drop]:.3g} before epoch "
            f"{history.epochs[drop]}. {verdict}: {history.held_out} loss {loss[0]:.4f} before and "
            f"{loss[1]:.4f} after, accuracy {accuracy[0]:.2f} % and {accuracy[1]:.2f} % "
            f"(means of up to three epochs; noise {limit:.2f} points)."
        )
        found.append(Finding(rule="schedule", text=said, figure=LEARNING_RATE))
    return found


def _slope(history: History, rates: list[float], accuracies: list[float]) -> Finding:
    highest = max(rates)
    if min(rates) == highest:
        said = f"The learning rate stayed at {highest:.3g} to the end: no schedule acted on this training."
        return Finding(rule="schedule", text=said, figure=LEARNING_RATE)
    top = len(rates) - 1 - rates[::-1].index(highest)
    half = next((place for place in range(top, len(rates)) if rates[place] <= highest / 2), None)
    if half is None:
        said = (
            f"The learning rate moved without falling to half of its highest, {highest:.3g} (epoch "
            f"{history.epochs[top]}); it started its last epoch at {rates[-1]:.3g}."
        )
    else:
        said = (
            f"The learning rate fell gradually from {highest:.3g} (epoch {history.epochs[top]}) to {rates[-1]:.3g} "
            f"at the start of the last epoch. While it was at half of its highest or below, from epoch "
            f"{history.epochs[half]} on, the {history.held_out} accuracy went from {accuracies[half - 1]:.2f} % to "
            f"{accuracies[-1]:.2f} %."
        )
    return Finding(rule="schedule", text=said, figure=LEARNING_RATE)


def overfitting(history: History) -> Finding | None:
    """Held-out loss more than a tenth above its lowest while the training loss went on falling since then."""
    losses, training = history.held_out_loss, history.train_loss
    if losses is None or training is None or len(losses) < 3:
        return None
    lowest = min(range(len(losses)), key=losses.__getitem__)
    rise = losses[-1] / losses[lowest] - 1 if losses[lowest] > 0 else 0.0
    facts = (
        f"the {history.held_out} loss was lowest in epoch {history.epochs[lowest]} ({losses[lowest]:.4f}) and ended "
        f"at {losses[-1]:.4f}"
    )
    fell = training[-1] < training[lowest]
    if rise > 0.1 and fell:
        said = (
            f"Overfitting: {facts}, {100 * rise:.0f} % higher, while the training loss fell from "
            f"{training[lowest]:.4f} to {training[-1]:.4f}."
        )
    else:
        said = (
            f"No sign of overfitting in the loss: {facts}. (The rule: more than 10 % above the lowest while the "
            "training loss falls.)"
        )
    return Finding(rule="overfitting", text=said, figure=CURVES)


def confidence(measures: Measures) -> Finding | None:
    """Too sure, not sure enough, or as sure as right: mean confidence against accuracy, beyond twice the noise."""
    bins = [found for found in measures.calibration.bins if found.count]
    counted = sum(found.count for found in bins)
    if not counted:
        return None
    sure = 100 * sum(found.count * found.confidence for found in bins) / counted
    right = 100 * sum(found.count * found.accuracy for found in bins) / counted
    error = 100 * measures.calibration.expected_calibration_error
    limit = 2 * noise(right, counted)
    facts = (
        f"on average it gives its guess {sure:.2f} %, and {right:.2f} % are right; the expected calibration error is "
        f"{error:.2f} points"
    )
    if sure - right > limit:
        verdict = "The network is too sure of itself"
    elif right - sure > limit:
        verdict = "The network is less sure than it could be"
    else:
        verdict = "On the whole the network is as sure as it is right"
    return Finding(rule="confidence", text=f"{verdict}: {facts}.", figure=CALIBRATION)


def weakest_class(measures: Measures) -> Finding | None:
    """The class with the lowest recall, and whether its interval (Wilson) lies below the accuracy of all.

    The lowest of K classes is looked at, so the interval is that of 1 − 0.05/K: one set of classes that are all alike
    is found wanting once in twenty times.
    """
    there = [(row.recall, place) for place, row in enumerate(measures.per_class) if row.support]
    if len(there) < 2:
        return None
    recall, place = min(there)
    row = measures.per_class[place]
    sure = 1 - 0.05 / len(there)
    upper = wilson_interval(round(recall * row.support), row.support, confidence=sure)[1]
    facts = f"class {row.name} has the lowest recall, {100 * recall:.2f} % of {row.support} pictures"
    if 100 * upper < measures.accuracy:
        said = (
            f"One class stands out: {facts}, and its {100 * sure:.3g} % interval ends at {100 * upper:.2f} %, below "
            f"the accuracy of all, {measures.accuracy:.2f} %."
        )
    else:
        said = (
            f"No class stands out: {facts}, and its {100 * sure:.3g} % interval reaches up to {100 * upper:.2f} %, "
            f"past the accuracy of all, {measures.accuracy:.2f} %."
        )
    return Finding(rule="weakest class", text=said, figure=CONFUSION)


def confusions(measures: Measures) -> Finding | None:
    """The most frequent confusion, where it makes up three mistakes or more."""
    wrong = measures.images - measures.correct
    if not measures.confused_pairs:
        return None
    pair = measures.confused_pairs[0]
    label, guess = measures.classes[pair.label], measures.classes[pair.guess]
    if pair.count < 3:
        said = f"No confusion is frequent: of {wrong} mistakes no two classes account for more than {pair.count}."
    else:
        back = int(measures.confusion[pair.guess, pair.label])
        said = (
            f"The most frequent confusion is {label} read as {guess}: {pair.count} of {wrong} mistakes; the other "
            f"way round it is {back}."
        )
    return Finding(rule="confusions", text=said, figure=CONFUSION)


def sure_mistakes(mistakes: Sequence[Mistake], data: str) -> Finding | None:
    """How many mistakes were made with 90 % or more, and how many have a label known to be wrong."""
    if not mistakes:
        return None
    sure = sum(mistake.probability >= 0.9 for mistake in mistakes)
    said = f"{sure} of {len(mistakes)} mistakes were made with a probability of 90 % or more."
    known = [(mistake, known_wrong_label(data, mistake.index, mistake.label)) for mistake in mistakes]
    blamed = [(mistake, wrong) for mistake, wrong in known if wrong is not None]
    if blamed:
        agreeing = sum(mistake.guess == wrong.read for mistake, wrong in blamed)
        said += (
            f" {len(blamed)} of all are pictures whose label is known to be wrong; in {agreeing} of these the guess "
            "is what people read. They count as mistakes all the same."
        )
    return Finding(rule="sure mistakes", text=said, figure=MISTAKES)


def certainty(history: History, images: int) -> Finding | None:
    """What one seed is worth."""
    accuracies = history.held_out_accuracy
    if accuracies is None:
        return None
    error = sampling_error(min(max(accuracies[-1], 0.0), 100.0), images)
    said = (
        "This is one training with one seed: an indication, not a claim, which takes five seeds or more. At 99.5 % "
        f"the noise between seeds is about {SEED_NOISE} points; the sampling error of {accuracies[-1]:.2f} % on "
        f"{images:,} pictures is {error:.2f} points; picking the best epoch adds 0.02 to 0.04."
    )
    return Finding(rule="certainty", text=said, figure=None)
