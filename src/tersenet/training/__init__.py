"""How a network is trained: recipe, schedule, loop, averaging, checkpoints."""

from tersenet.training.averaging import WeightAverage
from tersenet.training.batches import EvaluationBatches, TrainingBatches, hold_out
from tersenet.training.checkpoint import (
    TrainingState,
    fit_tensors,
    has_checkpoint,
    load_checkpoint,
    load_tensors,
    save_checkpoint,
    save_tensors,
)
from tersenet.training.epoch_metrics import EpochMetrics, best_epoch
from tersenet.training.fitted_recipe import FITTED, describe_fitted, fit_recipe
from tersenet.training.fused_step import fused_step
from tersenet.training.loop import BatchProgress, EpochResult, multiplying_in, train_one_epoch
from tersenet.training.optimizers.optimizer_kind import OptimizerKind
from tersenet.training.optimizers.registry import OPTIMIZERS
from tersenet.training.rate_finder import BROKEN, RULE, RateTest, find_learning_rate
from tersenet.training.recipe import Recipe, make_optimizer
from tersenet.training.schedules import SCHEDULES, LearningRate, Schedule, ScheduleKind
from tersenet.training.train import (
    STOP,
    Answer,
    Training,
    check_held_out,
    check_trainable,
    compiled_or_error,
    set_dropout,
    train,
)

__all__ = [
    "BROKEN",
    "FITTED",
    "OPTIMIZERS",
    "RULE",
    "SCHEDULES",
    "STOP",
    "Answer",
    "BatchProgress",
    "EpochMetrics",
    "EpochResult",
    "EvaluationBatches",
    "LearningRate",
    "OptimizerKind",
    "RateTest",
    "Recipe",
    "Schedule",
    "ScheduleKind",
    "Training",
    "TrainingBatches",
    "TrainingState",
    "WeightAverage",
    "best_epoch",
    "check_held_out",
    "check_trainable",
    "compiled_or_error",
    "describe_fitted",
    "find_learning_rate",
    "fit_recipe",
    "fit_tensors",
    "fused_step",
    "has_checkpoint",
    "hold_out",
    "load_checkpoint",
    "load_tensors",
    "make_optimizer",
    "multiplying_in",
    "save_checkpoint",
    "save_tensors",
    "set_dropout",
    "train",
    "train_one_epoch",
]
