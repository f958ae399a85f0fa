"""What to try next, by stated rules: each piece of advice names its figures, and the picture that it rests on.

A rule speaks where its condition holds and is silent elsewhere. The condition is the first sentence of its docstring;
"the noise" is that of `reports/finding.py`. Advice is about one training with one seed: it says what is worth trying,
not what will help.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean

from tersenet.evaluation import Measures
from tersenet.networks import BudgetLine, Summary
from tersenet.reports.finding import CALIBRATION, CURVES, LEARNING_RATE, REGULARISATION, Finding, noise
from tersenet.reports.history import History
from tersenet.reports.regularisation import Reading, heaviest
from tersenet.training import Recipe


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What advice rests on: a training's course, its recipe, its network, its budget and its answers.

    `images` is the number of pictures behind each held-out accuracy, `target` the accuracy to be reached in percent,
    `validation` the number of training images held out.
    """

    history: History
    images: int
    recipe: Recipe
    summary: Summary
    budget: tuple[BudgetLine, ...] = ()
    target: float | None = None
    validation: int = 0
    reading: Reading | None = None
    measures: Measures | None = None

    @property
    def accuracy(self) -> float:
        """The held-out accuracy of the last epoch."""
        assert self.history.held_out_accuracy is not None
        return self.history.held_out_accuracy[-1]

    @property
    def noise(self) -> float:
        """The noise of that accuracy, in points."""
        return noise(self.accuracy, self.images)

    @property
    def gap(self) -> float | None:
        """Training accuracy, read again, less held-out accuracy, in points."""
        return None if self.reading is None else self.reading.accuracy - self.accuracy


Rule = Callable[[Evidence], Finding | None]


def advise(evidence: Evidence) -> list[Finding]:
    """All advice that the figures give reason for, the most pressing first; none where no accuracy was kept."""
    if evidence.history.held_out_accuracy is None:
        return []
    return [found for rule in RULES if (found := rule(evidence)) is not None]


def save_parameters(evidence: Evidence) -> Finding | None:
    """The budget of parameters is missed: name the layer that holds most of them."""
    missed = [line for line in evidence.budget if line.line == "parameters" and line.met is False]
    if not missed:
        return None
    total = evidence.summary.parameters
    place, row = max(enumerate(evidence.summary.layers, start=1), key=lambda pair: pair[1].parameters)
    said = (
        f"Save parameters: there are {total:,} (limit {missed[0].limit}), and layer {place}, {row.type}, holds "
        f"{row.parameters:,} of them, {100 * row.parameters / total:.0f} %. Fewer channels there save most"
    )
    if row.type.endswith("Linear"):
        said += "; global average pooling (`GAP`) before it leaves it one input a channel"
    return Finding(rule="save parameters", text=said + ".", figure=None)


def add_layers(evidence: Evidence) -> Finding | None:
    """A layer that the budget asks for is absent: say where it goes."""
    how = {
        "batch normalisation": "`BN` after each convolution",
        "dropout": "`D.05` after an activation, not after the last layer",
        "global average pooling": "`GAP` in place of the flattening",
        "dense layer": "`10Nb` as the last layer",
    }
    missed = [line.line for line in evidence.budget if line.line.split(" or ")[0] in how and line.met is False]
    if not missed:
        return None
    ways = "; ".join(f"{name}: {how[name.split(' or ')[0]]}" for name in missed)
    return Finding(
        rule="add layers", text=f"Add what the budget asks for and the network lacks: {ways}.", figure=None
    )


def train_longer(evidence: Evidence) -> Finding | None:
    """The mean of the last epochs (three at most) is above that of as many before by more than the noise."""
    accuracies = evidence.history.held_out_accuracy or []
    if len(accuracies) < 2:
        return None
    window = min(3, len(accuracies) // 2)
    rise = fmean(accuracies[-window:]) - fmean(accuracies[-2 * window : -window])
    if rise <= evidence.noise:
        return None
    more = len(accuracies) + max(2, len(accuracies) // 2)
    limits = [line.limit for line in evidence.budget if line.line == "epochs"]
    within = f" The budget allows {limits[0]} epochs." if limits else ""
    said = (
        f"Train longer: the {evidence.history.held_out} accuracy still rose by {rise:.2f} points from one "
        f"{_epochs(window)} to the next. Try `--epochs {more}`.{within}"
    )
    return Finding(rule="train longer", text=said, figure=CURVES)


def overfit_less(evidence: Evidence) -> Finding | None:
    """The training images, read again, are above the held-out ones by more than twice the noise."""
    gap, reading = evidence.gap, evidence.reading
    if gap is None or reading is None or gap <= 2 * evidence.noise:
        return None
    said = (
        f"Close the gap: {reading.accuracy:.2f} % on the training images, read again, against "
        f"{evidence.accuracy:.2f} %, {gap:.2f} points. "
    )
    if not evidence.recipe.augmentation.active:
        words = "training.augmentation.rotation=8 training.augmentation.shift=0.06"
        said += f"The recipe has no augmentation, which is the strongest hint: `--set {words}`."
    elif not evidence.recipe.weight_decay:
        said += "The recipe has augmentation but no weight decay: `--set training.weight_decay=0.0005`."
    else:
        said += "The recipe has augmentation and weight decay: more of the former, or more epochs with it."
    return Finding(rule="overfit less", text=said, figure=REGULARISATION)


def regularise_less(evidence: Evidence) -> Finding | None:
    """No gap to close, and dropout or augmentation alone costs more than four times the noise."""
    gap, reading = evidence.gap, evidence.reading
    found = heaviest(reading) if reading is not None else None
    if gap is None or found is None or gap > 2 * evidence.noise or found[1] <= 4 * evidence.noise:
        return None
    name, points = found
    how = (
        "give it a lower rate (`--set training.dropout=0.02`), or leave it out"
        if name == "dropout"
        else "turn its strongest knob down (`--set training.augmentation.…`)"
    )
    said = (
        f"Regularise less: {name} alone costs {points:.2f} points on the training images, and the gap to the "
        f"{evidence.history.held_out} images is {gap:.2f} points, not beyond twice the noise: there is nothing left "
        f"for it to close. {how[0].upper()}{how[1:]}, or give the network more parameters or epochs to use it."
    )
    return Finding(rule="regularise less", text=said, figure=REGULARISATION)


def let_the_rate_fall(evidence: Evidence) -> Finding | None:
    """The learning rate stayed the same and the last epochs (five at most) lie further apart than twice the noise."""
    rates, accuracies = evidence.history.learning_rate, evidence.history.held_out_accuracy
    if not rates or not accuracies or len(rates) < 3 or max(rates) != min(rates):
        return None
    last = accuracies[-5:]
    spread = max(last) - min(last)
    if spread <= 2 * evidence.noise:
        return None
    said = (
        f"Let the learning rate fall: it stayed at {rates[0]:.3g}, and the last {len(last)} epochs lie "
        f"{spread:.2f} points apart, so that the last one is partly chance. Try "
        "`--set training.schedule.kind=linear`."
    )
    return Finding(rule="let the rate fall", text=said, figure=LEARNING_RATE)


def drop_earlier(evidence: Evidence) -> Finding | None:
    """A drop of the rate helped, and the two epochs before it had gained no more than the noise on the two before."""
    history = evidence.history
    accuracies = history.held_out_accuracy or []
    for drop in history.drops:
        if drop < 4:
            continue
        gained = fmean(accuracies[drop - 2 : drop]) - fmean(accuracies[drop - 4 : drop - 2])
        helped = fmean(accuracies[drop : drop + 2]) - fmean(accuracies[drop - 2 : drop])
        if helped > evidence.noise and gained <= evidence.noise:
            said = (
                f"Drop the rate earlier: the drop before epoch {history.epochs[drop]} brought {helped:.2f} points at "
                f"once, and the two epochs before it only {gained:.2f} over the two before them."
            )
            return Finding(rule="drop earlier", text=said, figure=LEARNING_RATE)
    return None


def leave_out_drop(evidence: Evidence) -> Finding | None:
    """A drop of the rate changed the mean of up to three epochs by no more than the noise."""
    history = evidence.history
    accuracies, rates = history.held_out_accuracy or [], history.learning_rate or []
    borders = [0, *history.drops, len(rates)]
    for start, drop, end in zip(borders, borders[1:], borders[2:], strict=False):
        change = fmean(accuracies[drop : min(end, drop + 3)]) - fmean(accuracies[max(start, drop - 3) : drop])
        if abs(change) <= evidence.noise:
            said = (
                f"Leave a drop out: the one before epoch {history.epochs[drop]} ({rates[drop - 1]:.3g} to "
                f"{rates[drop]:.3g}) changed the {history.held_out} accuracy by {change:+.2f} points, less than the "
                f"noise of {evidence.noise:.2f}. The epochs after it can be saved."
            )
            return Finding(rule="leave out a drop", text=said, figure=LEARNING_RATE)
    return None


def average_weights(evidence: Evidence) -> Finding | None:
    """Nothing is averaged, and the best epoch is above the last by more than the noise, or the target got lost."""
    history = evidence.history
    best = history.best
    if evidence.recipe.averaging or best is None or history.held_out_accuracy is None:
        return None
    above = history.held_out_accuracy[best] - evidence.accuracy
    lost = len(history.lost(evidence.target)) if evidence.target is not None else 0
    if above <= evidence.noise and not lost:
        return None
    why = (
        f"{lost} epochs fell below the target of {evidence.target:g} % after it was reached"
        if lost
        else f"epoch {history.epochs[best]} was {above:.2f} points above the last one"
    )
    said = f"Average the weights: {why}. A moving average is steadier: `--set training.averaging=0.999`."
    return Finding(rule="average weights", text=said, figure=CURVES)


def spend_less(evidence: Evidence) -> Finding | None:
    """The target was reached and held for at least the last quarter of the epochs: less may do."""
    history, target = evidence.history, evidence.target
    first = history.reached(target) if target is not None else None
    if first is None or history.lost(target or 0.0):
        return None
    epochs = len(history.epochs)
    held = epochs - first
    if held < 2 or held < epochs / 4:
        return None
    said = (
        f"Spend less: {target:g} % was reached in epoch {history.epochs[first]} of {epochs} and held. A recipe of "
        f"fewer epochs, its rate falling to the end of them, may do"
    )
    spare = _to_spare(evidence)
    if spare is not None:
        fewer = f"fewer than {evidence.summary.parameters:,} parameters"
        said += f"; and with {spare:.2f} points to spare at the end, so may {fewer}"
    return Finding(rule="spend less", text=said + ".", figure=CURVES)


def be_less_sure(evidence: Evidence) -> Finding | None:
    """Mean confidence is further from accuracy than twice the noise: say what label smoothing would do to it."""
    if evidence.measures is None:
        return None
    bins = [found for found in evidence.measures.calibration.bins if found.count]
    counted = sum(found.count for found in bins)
    if not counted:
        return None
    over = sum(100 * found.count * (found.confidence - found.accuracy) for found in bins) / counted
    smoothing = evidence.recipe.label_smoothing
    if over > 2 * evidence.noise and not smoothing:
        said = (
            f"Make it less sure: on average its probability is {over:.2f} points above what is right. "
            "Label smoothing lowers it: `--set training.label_smoothing=0.05`."
        )
    elif -over > 2 * evidence.noise and smoothing:
        said = (
            f"Make it surer: on average its probability is {-over:.2f} points below what is right, and the recipe "
            f"smooths labels by {smoothing:g}. Less of it would bring the two together."
        )
    else:
        return None
    return Finding(rule="calibrate", text=said, figure=CALIBRATION)


def choose_honestly(evidence: Evidence) -> Finding | None:
    """Always: one seed decides nothing, and a choice made on the test set flatters.

    Two trainings differ by chance by up to twice the standard error of a difference: 2·√2 times the noise.
    """
    said = f"Before you believe a difference of less than {2 * math.sqrt(2) * evidence.noise:.2f} points between two "
    said += "trainings, train several seeds of both (`--seeds 5`)"
    if not evidence.validation:
        said += ", and choose between recipes on training images held out (`--validation 5000`), not on the test set"
    return Finding(rule="choose honestly", text=said + ".", figure=None)


RULES: tuple[Rule, ...] = (
    save_parameters,
    add_layers,
    overfit_less,
    regularise_less,
    train_longer,
    let_the_rate_fall,
    average_weights,
    drop_earlier,
    leave_out_drop,
    spend_less,
    be_less_sure,
    choose_honestly,
)


def _epochs(count: int) -> str:
    return "epoch" if count == 1 else f"{count} epochs"


def _to_spare(evidence: Evidence) -> float | None:
    """How far the last epoch lies above the target, where that is more than the noise."""
    if evidence.target is None or evidence.accuracy - evidence.target <= evidence.noise:
        return None
    return evidence.accuracy - evidence.target
