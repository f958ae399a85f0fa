"""How good a network is: accuracy, loss, per class, confusions, calibration, mistakes."""

from tersenet.evaluation.answers import LOW, as_logits, check_answers, own_precision, single_value, undisturbed
from tersenet.evaluation.calibration import Bin, Calibration, calibrate
from tersenet.evaluation.evaluate import NO_ANSWER, Evaluation, evaluate, guesses, predict_logits
from tersenet.evaluation.familiarity import Familiarity, fit_familiarity, network_batches
from tersenet.evaluation.measure_tables import class_table, confused_table, mistake_table
from tersenet.evaluation.measures import (
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
from tersenet.evaluation.power import (
    LEVEL,
    POWER,
    comparison_power,
    resolved_difference,
    seeds_needed,
)
from tersenet.evaluation.predictions import Prediction, predict
from tersenet.evaluation.significance import (
    McNemarTest,
    PermutationTest,
    WelchTest,
    holm,
    mcnemar_test,
    permutation_test,
    welch_test,
)
from tersenet.evaluation.statistics import (
    ENOUGH_SEEDS,
    PERCENT,
    POINTS,
    RESOLUTION,
    SEED_NOISE,
    Spread,
    sampling_error,
    spread,
    wilson_interval,
)

__all__ = [
    "ENOUGH_SEEDS",
    "KNOWN_WRONG_LABELS",
    "LEVEL",
    "LOW",
    "NO_ANSWER",
    "PERCENT",
    "POINTS",
    "POWER",
    "RESOLUTION",
    "SEED_NOISE",
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
    "class_table",
    "comparison_power",
    "confused_pairs",
    "confused_table",
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
    "mistake_table",
    "network_batches",
    "own_precision",
    "permutation_test",
    "predict",
    "predict_logits",
    "resolved_difference",
    "sampling_error",
    "seeds_needed",
    "single_value",
    "spread",
    "undisturbed",
    "welch_test",
    "wilson_interval",
]
