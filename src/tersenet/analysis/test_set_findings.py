"""What a network's answers on the test set say: how sure it is, and where it is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from tersenet.analysis.figure_keys import CALIBRATION, CONFUSION, MISTAKES
from tersenet.analysis.noise import Finding, noise
from tersenet.evaluation import Measures, Mistake, known_wrong_label, wilson_interval


def confidence(measures: Measures) -> Finding | None:
    """Overconfident, underconfident or neither: mean confidence against accuracy, beyond twice the noise."""
    bins = [found for found in measures.calibration.bins if found.count]
    counted = sum(found.count for found in bins)
    if not counted:
        return None
    sure = 100 * sum(found.count * found.confidence for found in bins) / counted
    right = 100 * sum(found.count * found.accuracy for found in bins) / counted
    error = 100 * measures.calibration.expected_calibration_error
    limit = 2 * noise(right, counted)
    facts = (
        f"its mean confidence is {sure:.2f} %, its accuracy {right:.2f} %; the expected calibration error is "
        f"{error:.2f} points"
    )
    if sure - right > limit:
        verdict = "The network is overconfident"
    elif right - sure > limit:
        verdict = "The network is underconfident"
    else:
        verdict = "The network is well calibrated on average"
    return Finding(rule="confidence", text=f"{verdict}: {facts}.", figure=CALIBRATION)


def weakest_class(measures: Measures) -> Finding | None:
    """The class with the lowest recall, and whether its interval (Wilson) lies below the accuracy of all.

    The lowest of K classes is tested, so the interval is that of 1 − 0.05/K: one set of classes that are all alike
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
            f"One class is significantly worse: {facts}, and its {100 * sure:.3g} % interval ends at "
            f"{100 * upper:.2f} %, below the overall accuracy, {measures.accuracy:.2f} %."
        )
    else:
        said = (
            f"No class is significantly worse: {facts}, and its {100 * sure:.3g} % interval reaches up to "
            f"{100 * upper:.2f} %, past the overall accuracy, {measures.accuracy:.2f} %."
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
            f"The most frequent confusion is {label} classified as {guess}: {pair.count} of {wrong} mistakes; "
            f"the reverse occurs {back} time{'s' * (back != 1)}."
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
            f" {len(blamed)} of them have a label known to be wrong; in {agreeing} of these the guess "
            "is what people see. They still count as mistakes."
        )
    return Finding(rule="sure mistakes", text=said, figure=MISTAKES)
