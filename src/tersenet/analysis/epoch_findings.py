"""What the course of a training says: the rules that read its epochs, one after the other."""

from __future__ import annotations

from statistics import fmean

from tersenet.analysis.figure_keys import CURVES, LEARNING_RATE, REGULARISATION
from tersenet.analysis.history import History
from tersenet.analysis.noise import Finding, noise, two_decimals
from tersenet.analysis.training_reread import TrainingReread
from tersenet.evaluation import SEED_NOISE, sampling_error


def gap(history: History, images: int, reading: TrainingReread | None = None) -> Finding | None:
    """Training against held-out accuracy after the last epoch; a gap counts beyond twice the noise.

    Where the training images were measured again with the saved weights (`reading`), that figure is compared, since
    it is measured as the held-out one is; else the one counted while the weights changed.
    """
    if history.held_out_accuracy is None or (reading is None and history.train_accuracy is None):
        return None
    measured = history.held_out_accuracy[-1]
    limit = 2 * noise(measured, images)
    if reading is not None:
        training = reading.accuracy
        read = "measured again with the saved weights, without dropout and augmentation, the training accuracy is"
    else:
        assert history.train_accuracy is not None
        training = history.train_accuracy[-1]
        read = "measured while the weights changed, the training accuracy is"
    points = training - measured
    facts = (
        f"After the last epoch the {history.held_out} accuracy is {measured:.2f} %; {read} {training:.2f} %: a gap "
        f"of {two_decimals(points)} points"
    )
    if points > limit:
        said = f"{facts}. The network fits its training images better than new ones."
    elif points >= -limit:
        said = f"{facts}, which is within {limit:.2f} points, twice the noise."
    elif reading is None:
        said = f"{facts}. Dropout and augmentation were active on the training images only."
    else:
        said = f"{facts}. The {history.held_out} images are easier."
    return Finding(rule="gap", text=said, figure=CURVES if reading is None else REGULARISATION)


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
        said = f"The {history.held_out} accuracy was still rising at the end: {facts}."
    elif change < -limit:
        said = f"The {history.held_out} accuracy was falling at the end: {facts}."
    else:
        said = f"The {history.held_out} accuracy was flat at the end: {facts}, less than the noise of {limit:.2f}."
    return Finding(rule="trend", text=said, figure=CURVES)


def held(history: History, target: float) -> Finding | None:
    """Whether the target was reached, when first, and whether every later epoch held it."""
    accuracies = history.held_out_accuracy
    if accuracies is None:
        return None
    first, lost = history.reached(target), history.lost(target)
    if first is None:
        best = history.best
        assert best is not None
        said = (
            f"The target of {target:g} % was not reached by the {history.held_out} accuracy of any epoch; the "
            f"best was epoch {history.epochs[best]} with {accuracies[best]:.2f} %, "
            f"{target - accuracies[best]:.2f} points short."
        )
        return Finding(rule="held", text=said, figure=CURVES)
    reached = (
        f"The target of {target:g} % was first reached by the {history.held_out} accuracy in epoch "
        f"{history.epochs[first]}"
    )
    if first == len(accuracies) - 1:
        said = f"{reached}, the last one: whether it would hold is not known."
    elif not lost:
        said = f"{reached} and held in every epoch to the end."
    else:
        ended = "ended below it" if lost[-1] == len(accuracies) - 1 else "ended above it"
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
            "It helped" if change > limit else "It hurt" if change < -limit else "The change is within the noise"
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
        said = f"The learning rate was {highest:.3g} from start to end."
        return Finding(rule="schedule", text=said, figure=LEARNING_RATE)
    top = len(rates) - 1 - rates[::-1].index(highest)
    half = next((place for place in range(top, len(rates)) if rates[place] <= highest / 2), None)
    if half is None:
        said = (
            f"The learning rate changed, but never fell to half of its highest, {highest:.3g} (epoch "
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


def certainty(history: History, images: int) -> Finding | None:
    """What one seed is worth."""
    accuracies = history.held_out_accuracy
    if accuracies is None:
        return None
    error = sampling_error(min(max(accuracies[-1], 0.0), 100.0), images)
    said = (
        "This is one training with one seed: an indication, not a claim, which needs five seeds or more. At 99.5 % "
        f"the noise between seeds is about {SEED_NOISE} points; the sampling error of {accuracies[-1]:.2f} % on "
        f"{images:,} pictures is {error:.2f} points; picking the best epoch adds 0.02 to 0.04."
    )
    return Finding(rule="certainty", text=said, figure=None)
