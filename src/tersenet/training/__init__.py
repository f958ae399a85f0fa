"""How a network is trained: recipe, schedule, loop, averaging, checkpoints."""

from tersenet.training.averaging import WeightAverage
from tersenet.training.batches import EvaluationBatches, TrainingBatches, hold_out
from tersenet.training.loop import BatchProgress, EpochResult, train_one_epoch
from tersenet.training.metrics import EpochMetrics, best_epoch
from tersenet.training.optimizers import OPTIMIZERS, OptimizerKind
from tersenet.training.recipe import Recipe, make_optimizer
from tersenet.training.schedules import SCHEDULES, LearningRate, Schedule
from tersenet.training.train import Training, train

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "BatchProgress",
    "EpochMetrics",
    "EpochResult",
    "EvaluationBatches",
    "LearningRate",
    "OptimizerKind",
    "Recipe",
    "Schedule",
    "Training",
    "TrainingBatches",
    "WeightAverage",
    "best_epoch",
    "hold_out",
    "make_optimizer",
    "train",
    "train_one_epoch",
]
