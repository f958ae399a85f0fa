"""How good a network is: accuracy, loss, per class, confusions, calibration, mistakes."""

from tersenet.evaluation.logits import NO_ANSWER, Evaluation, evaluate, guesses, predict_logits

__all__ = ["NO_ANSWER", "Evaluation", "evaluate", "guesses", "predict_logits"]
