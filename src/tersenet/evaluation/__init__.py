"""How good a network is: accuracy, loss, per class, confusions, calibration, mistakes."""

from tersenet.evaluation.answers import as_logits, check_answers, own_precision, undisturbed
from tersenet.evaluation.calibration import Bin, Calibration, calibrate
from tersenet.evaluation.familiarity import Familiarity, fit_familiarity
from tersenet.evaluation.logits import NO_ANSWER, Evaluation, evaluate, guesses, predict_logits
from tersenet.evaluation.metrics import (
    ClassMeasures,
    ConfusedPair,
    Measures,
    confused_pairs,
    confusion_matrix,
    measure,
)
from tersenet.evaluation.mistakes import (
    KNOWN_WRONG_LABELS,
    Mistake,
    WrongLabel,
    corrected_labels,
    find_mistakes,
    known_wrong_label,
)
from tersenet.evaluation.power import comparison_power, resolved_difference, seeds_needed
from tersenet.evaluation.predictions import Prediction, predict
from tersenet.evaluation.statistics import (
    ENOUGH_SEEDS,
    PERCENT,
    POINTS,
    Spread,
    sampling_error,
    spread,
    wilson_interval,
)
from tersenet.evaluation.tests_of_difference import (
    McNemarTest,
    PermutationTest,
    WelchTest,
    holm,
    mcnemar_test,
    permutation_test,
    welch_test,
)

__all__ = [
    "ENOUGH_SEEDS",
    "KNOWN_WRONG_LABELS",
    "NO_ANSWER",
    "PERCENT",
    "POINTS",
    "Bin",
    "Calibration",
    "ClassMeasures",
    "ConfusedPair",
    "Evaluation",
    "Familiarity",
    "McNemarTest",
    "Measures",
    "Mistake",
    "PermutationTest",
    "Prediction",
    "Spread",
    "WelchTest",
    "WrongLabel",
    "as_logits",
    "calibrate",
    "check_answers",
    "comparison_power",
    "confused_pairs",
    "confusion_matrix",
    "corrected_labels",
    "evaluate",
    "find_mistakes",
    "fit_familiarity",
    "guesses",
    "holm",
    "known_wrong_label",
    "mcnemar_test",
    "measure",
    "own_precision",
    "permutation_test",
    "predict",
    "predict_logits",
    "resolved_difference",
    "sampling_error",
    "seeds_needed",
    "spread",
    "undisturbed",
    "welch_test",
    "wilson_interval",
]
