"""What to try next, by stated rules: each piece of advice names its figures and ends with a command to copy.

A rule applies where its condition holds; the condition is the first sentence of its docstring, "the noise" is that of
`analysis/noise.py`. The rules are ranked. Advice that contradicts what ranks above it is dropped, and no more than
three pieces are given. They concern one training with one seed: what is worth trying, not what will help.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean

from tersenet.analysis.figure_keys import CALIBRATION, CURVES, LEARNING_RATE, REGULARISATION
from tersenet.analysis.history import History
from tersenet.analysis.noise import Finding, noise, signed_points, two_decimals
from tersenet.analysis.training_reread import TrainingReread, heaviest
from tersenet.evaluation import Measures
from tersenet.networks import BudgetLine, Summary
from tersenet.training import Recipe


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What advice is based on: a training's history, its recipe, network, budget and answers.

    `images` is the number of pictures behind each held-out accuracy, `target` the accuracy to be reached in percent,
    `training_images` the number of images it learned from, `validation` of those held out of them, `word` what
    `tersenet train` is given to train it again.
    """

    history: History
    images: int
    recipe: Recipe
    summary: Summary
    budget: tuple[BudgetLine, ...] = ()
    target: float | None = None
    training_images: int = 60_000
    validation: int = 0
    reading: TrainingReread | None = None
    measures: Measures | None = None
    word: str = "NETWORK"

    @property
    def accuracy(self) -> float:
        """The held-out accuracy of the last epoch."""
        assert self.history.held_out_accuracy is not None
        return self.history.held_out_accuracy[-1]

    @property
    def noise(self) -> float:
        """The noise of that accuracy, in points."""
        return noise(self.accuracy, self.images)

    def train(self, *options: str) -> str:
        """The command that trains it again with other options, to copy: `tersenet train "8C3 GAP 10N" --seeds 5`."""
        return f"`tersenet train {' '.join((_quoted(self.word), *options))}`"

    @property
    def gap(self) -> float | None:
        """Training accuracy, measured again, minus held-out accuracy, in points."""
        return None if self.reading is None else self.reading.accuracy - self.accuracy


Rule = Callable[[Evidence], Finding | None]

MOST = 3  # pieces of advice
FEW_STEPS = 100  # batch normalisation needs dozens of steps before its running figures have left their start behind
SMALL_BATCH = 16
CONTRARY = (
    {"train longer", "spend less"},
    {"save parameters", "spend less"},
    {"overfit less", "regularise less"},
    {"drop earlier", "leave out a drop"},
    {"overfit less", "train longer"},
    {"take more steps", "train longer"},
    {"take more steps", "spend less"},
    {"take more steps", "calibrate"},
)
"""Rules that would send their reader two ways at once: of each pair the one that ranks higher is given."""


def advise(evidence: Evidence) -> list[Finding]:
    """At most three pieces of advice, the most pressing first; none where no accuracy was kept.

    None contradicts another, and each ends with a command to copy.
    """
    if evidence.history.held_out_accuracy is None:
        return []
    given: list[Finding] = []
    for rule in RULES:
        found = rule(evidence)
        if found is not None and not any({found.rule, before.rule} in CONTRARY for before in given):
            given.append(found)
    return given[:MOST]


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
        said += "; global average pooling (`GAP`) before it leaves it one input per channel"
    return _advice("save parameters", said, f"`tersenet summary {_quoted(evidence.word)}`", None)


def add_layers(evidence: Evidence) -> Finding | None:
    """A layer that the budget requires is absent: say where it goes."""
    how = {
        "batch normalisation": "`BN` after each convolution",
        "dropout": "`D.05` after an activation, not after the last layer",
        "global average pooling": "`GAP` instead of flattening",
        "dense layer": "`10Nb` as the last layer",
    }
    missed = [line.line for line in evidence.budget if line.line.split(" or ")[0] in how and line.met is False]
    if not missed:
        return None
    ways = "; ".join(f"{name}: {how[name.split(' or ')[0]]}" for name in missed)
    said = f"Add the layers that the budget requires: {ways}"
    return _advice("add layers", said, f"`tersenet new mine --from {_quoted(evidence.word)}`", None)


def take_more_steps(evidence: Evidence) -> Finding | None:
    """The whole training took fewer than 100 steps: smaller batches and more epochs, for 200 steps or more."""
    epochs, size = len(evidence.history.epochs), evidence.recipe.batch_size
    images = evidence.training_images - evidence.validation
    steps = epochs * math.ceil(images / size)
    if steps >= FEW_STEPS:
        return None
    smaller = min(size, SMALL_BATCH)
    wanted = max(epochs, math.ceil(2 * FEW_STEPS / math.ceil(images / smaller)))
    said = (
        f"Take more steps: {images:,} images in batches of {size} gave {steps} in all, too few for the running "
        "averages of batch normalisation and of the weights"
    )
    wanted = min(wanted, _most_epochs(evidence) or wanted)
    command = evidence.train(f"--batch-size {smaller}", f"--epochs {wanted}")
    return _advice("take more steps", said, command, None)


def train_longer(evidence: Evidence) -> Finding | None:
    """The mean of the last epochs (three at most) is above that of as many before by more than the noise."""
    accuracies = evidence.history.held_out_accuracy or []
    if len(accuracies) < 2:
        return None
    window = min(3, len(accuracies) // 2)
    rise = fmean(accuracies[-window:]) - fmean(accuracies[-2 * window : -window])
    more = len(accuracies) + max(2, len(accuracies) // 2)
    limit = _most_epochs(evidence)
    more = min(more, limit or more)
    if rise <= evidence.noise or more <= len(accuracies):
        return None
    late, early = (
        ("the last epoch", "the one before")
        if window == 1
        else (f"the last {window} epochs", f"the {window} epochs before")
    )
    within = f" (the budget allows {limit})" if limit else ""
    said = (
        f"Train longer: the {evidence.history.held_out} accuracy was still rising at the end, by {rise:.2f} points "
        f"from {early} to {late}{within}"
    )
    return _advice("train longer", said, evidence.train("--epochs", str(more)), CURVES)


def overfit_less(evidence: Evidence) -> Finding | None:
    """The training images, measured again, are above the held-out ones by more than twice the noise."""
    gap, reading = evidence.gap, evidence.reading
    if gap is None or reading is None or gap <= 2 * evidence.noise:
        return None
    said = (
        f"Close the gap: {reading.accuracy:.2f} % on the training images, measured again, against "
        f"{evidence.accuracy:.2f} %, {gap:.2f} points. "
    )
    augmentation = evidence.recipe.augmentation
    if not augmentation.active:
        said += "The recipe has no augmentation, which is the strongest regulariser"
        settings = ["training.augmentation.rotation=8", "training.augmentation.shift=0.06"]
    elif not evidence.recipe.weight_decay:
        said += "The recipe has augmentation but no weight decay"
        settings = ["training.weight_decay=0.0005"]
    else:
        said += "The recipe has augmentation and weight decay: try more of the former"
        settings = [
            f"training.augmentation.rotation={1.5 * augmentation.rotation or 8.0:g}",
            f"training.augmentation.shift={1.5 * augmentation.shift or 0.06:g}",
        ]
    return _advice("overfit less", said, evidence.train("--set", *settings), REGULARISATION)


def regularise_less(evidence: Evidence) -> Finding | None:
    """No gap to close, and dropout or augmentation alone costs more than four times the noise."""
    gap, reading = evidence.gap, evidence.reading
    found = heaviest(reading) if reading is not None else None
    if gap is None or found is None or gap > 2 * evidence.noise or found[1] <= 4 * evidence.noise:
        return None
    name, points = found
    if name == "dropout":
        settings = [f"training.dropout={(evidence.recipe.dropout or 0.04) / 2:g}"]
    else:
        policy = evidence.recipe.augmentation
        halved = {field: getattr(policy, field) / 2 for field in ("rotation", "scale", "shift", "shear", "elastic")}
        settings = [f"training.augmentation.{field}={value:g}" for field, value in halved.items() if value]
        settings = settings or ["training.augmentation.crop_probability=0"]
    said = (
        f"Regularise less: {name} alone costs {points:.2f} points on the training images, and the gap to the "
        f"{evidence.history.held_out} images is {gap:.2f} points, not beyond twice the noise, so there is nothing "
        "left for it to close"
    )
    return _advice("regularise less", said, evidence.train("--set", *settings), REGULARISATION)


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
        f"{spread:.2f} points apart, so the last one is partly chance"
    )
    return _advice("let the rate fall", said, evidence.train("--set", "training.schedule.kind=linear"), LEARNING_RATE)


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
                f"Drop the rate earlier: the drop before epoch {history.epochs[drop]} gained {helped:.2f} points at "
                f"once, and the two epochs before it only {two_decimals(gained)} over the two before them"
            )
            kept = [place for place in history.drops if place != drop]
            return _advice("drop earlier", said, _with_drops(evidence, sorted([*kept, drop - 2])), LEARNING_RATE)
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
                f"Remove a drop: the one before epoch {history.epochs[drop]} ({rates[drop - 1]:.3g} to "
                f"{rates[drop]:.3g}) changed the {history.held_out} accuracy by {signed_points(change)} points, less "
                f"than the noise of {evidence.noise:.2f}"
            )
            kept = [place for place in history.drops if place != drop]
            return _advice("leave out a drop", said, _with_drops(evidence, kept), LEARNING_RATE)
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
        f"{lost} epoch{'s' * (lost > 1)} fell below the target of {evidence.target:g} % after it was reached"
        if lost
        else f"epoch {history.epochs[best]} was {above:.2f} points above the last one"
    )
    said = f"Average the weights: {why}, and a moving average is steadier"
    return _advice("average weights", said, evidence.train("--set", "training.averaging=0.999"), CURVES)


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
        f"Spend less: {target:g} % was reached in epoch {history.epochs[first]} of {epochs} and held, so fewer "
        "epochs may be enough"
    )
    spare = _to_spare(evidence)
    if spare is not None:
        said += f", and with {spare:.2f} points to spare so may fewer than {evidence.summary.parameters:,} parameters"
    fewer = max(1, min(epochs - 1, math.ceil((first + 1 + epochs) / 2)))
    return _advice("spend less", said, evidence.train("--epochs", str(fewer)), CURVES)


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
            f"Make it less confident: its mean probability is {over:.2f} points above its accuracy, and label "
            "smoothing lowers it"
        )
        wanted = 0.05
    elif -over > 2 * evidence.noise and smoothing:
        said = (
            f"Make it more confident: its mean probability is {-over:.2f} points below its accuracy, and the recipe "
            f"smooths labels by {smoothing:g}"
        )
        wanted = smoothing / 2
    else:
        return None
    return _advice("calibrate", said, evidence.train("--set", f"training.label_smoothing={wanted:g}"), CALIBRATION)


def choose_honestly(evidence: Evidence) -> Finding | None:
    """Always: one seed decides nothing, and a choice made on the test set flatters.

    Two trainings differ by chance by up to twice the standard error of a difference: 2·√2 times the noise.
    """
    chance = 2 * math.sqrt(2) * evidence.noise
    said = f"Train several seeds before you trust a difference of less than {chance:.2f} points"
    options = ["--seeds", "5"]
    if not evidence.validation:
        said += ", and choose between recipes on held-out training images, not on the test set"
        options += ["--validation", str(min(5000, evidence.training_images // 6))]
    return _advice("choose honestly", said, evidence.train(*options), None)


RULES: tuple[Rule, ...] = (
    save_parameters,
    add_layers,
    take_more_steps,
    let_the_rate_fall,
    overfit_less,
    regularise_less,
    train_longer,
    average_weights,
    drop_earlier,
    leave_out_drop,
    spend_less,
    be_less_sure,
    choose_honestly,
)
"""The most pressing first."""


def _most_epochs(evidence: Evidence) -> int | None:
    """The epochs that the budget allows, strictly fewer than its limit; None where it has none."""
    limits = [int(re.sub(r"\D", "", line.limit)) for line in evidence.budget if line.line == "epochs"]
    return limits[0] - 1 if limits else None


def _advice(rule: str, said: str, command: str, figure: str | None) -> Finding:
    return Finding(rule=rule, text=f"{said}. Try {command}.", figure=figure)


def _with_drops(evidence: Evidence, places: list[int]) -> str:
    """The command with the rate dropping before these epochs (places from 0)."""
    milestones = f"'training.schedule.milestones=[{', '.join(map(str, places))}]'"
    return evidence.train("--set", "training.schedule.kind=MultiStepLR", milestones)


def _quoted(word: str) -> str:
    return word if re.fullmatch(r"[\w./:-]+", word) else f'"{word}"'


def _to_spare(evidence: Evidence) -> float | None:
    """How far the last epoch lies above the target, where that is more than the noise."""
    if evidence.target is None or evidence.accuracy - evidence.target <= evidence.noise:
        return None
    return evidence.accuracy - evidence.target
