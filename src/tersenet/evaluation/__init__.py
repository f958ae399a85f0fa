"""How good a network is: accuracy, loss, per class, confusions, calibration, mistakes."""

from tersenet.evaluation.calibration import Bin, Calibration, calibrate
from tersenet.evaluation.logits import NO_ANSWER, Evaluation, evaluate, guesses, predict_logits
from tersenet.evaluation.metrics import (
    ClassMeasures,
    ConfusedPair,
    Measures,
    confused_pairs,
    confusion_matrix,
    measure,
)
from tersenet.evaluation.mistakes import KNOWN_WRONG_LABELS, Mistake, WrongLabel, find_mistakes, known_wrong_label
from tersenet.evaluation.predictions import Prediction, predict
from tersenet.evaluation.statistics import sampling_error, wilson_interval

__all__ = [
    "KNOWN_WRONG_LABELS",
    "NO_ANSWER",
    "Bin",
    "Calibration",
    "ClassMeasures",
    "ConfusedPair",
    "Evaluation",
    "Measures",
    "Mistake",
    "Prediction",
    "WrongLabel",
    "calibrate",
    "confused_pairs",
    "confusion_matrix",
    "evaluate",
    "find_mistakes",
    "guesses",
    "known_wrong_label",
    "measure",
    "predict",
    "predict_logits",
    "sampling_error",
    "wilson_interval",
]
