"""Tersenet designs, trains, measures and explains compact neural networks.

This page is the table of contents of the public API. Nothing is imported until it is used (PEP 562), so
`import tersenet` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

_ROOMS = {
    "tersenet._errors": ("TersenetError",),
    "tersenet.data": ("Dataset", "Split", "load_data", "read_picture"),
    "tersenet.data.augment": ("Augmentation", "augment"),
    "tersenet.networks": ("NETWORKS", "Budget", "build", "check_budget", "find_network", "parse", "summarize"),
    "tersenet.evaluation": ("evaluate", "find_mistakes", "measure", "predict", "predict_logits"),
    "tersenet.training": (
        "EvaluationBatches",
        "Recipe",
        "Schedule",
        "TrainingBatches",
        "train",
        "train_one_epoch",
    ),
    "tersenet.runs": (
        "Experiment",
        "Group",
        "Run",
        "find_run",
        "find_run_or_group",
        "list_groups",
        "list_runs",
        "load_experiment",
        "resume_group",
        "resume_run",
        "start_group",
        "start_run",
    ),
    "tersenet.inspection": (
        "class_activation_maps",
        "diagnose",
        "diagnose_network",
        "diagnose_run",
        "exciting_pictures",
        "explain",
        "feature_maps",
        "kernels",
    ),
    "tersenet.reports": (
        "compare",
        "plot_confusion",
        "plot_curves",
        "plot_mistakes",
        "plot_samples",
        "write_comparison",
        "write_explanation",
        "write_report",
    ),
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'tersenet' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
