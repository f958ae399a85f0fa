"""Tersenet designs, trains, measures and explains compact neural networks.

This page is the table of contents of the public API. Nothing is imported until it is used (PEP 562), so
`import tersenet` costs nothing; a type checker reads the imports under TYPE_CHECKING.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tersenet._errors import TersenetError as TersenetError
    from tersenet.data import (
        Dataset as Dataset,
    )
    from tersenet.data import (
        Split as Split,
    )
    from tersenet.data import (
        load_data as load_data,
    )
    from tersenet.data import (
        match_classes as match_classes,
    )
    from tersenet.data import (
        open_picture as open_picture,
    )
    from tersenet.data import (
        read_picture as read_picture,
    )
    from tersenet.data.augment import (
        Augmentation as Augmentation,
    )
    from tersenet.data.augment import (
        augment as augment,
    )
    from tersenet.evaluation import (
        evaluate as evaluate,
    )
    from tersenet.evaluation import (
        find_mistakes as find_mistakes,
    )
    from tersenet.evaluation import (
        measure as measure,
    )
    from tersenet.evaluation import (
        predict as predict,
    )
    from tersenet.evaluation import (
        predict_logits as predict_logits,
    )
    from tersenet.inspection import (
        class_activation_maps as class_activation_maps,
    )
    from tersenet.inspection import (
        diagnose as diagnose,
    )
    from tersenet.inspection import (
        diagnose_network as diagnose_network,
    )
    from tersenet.inspection import (
        diagnose_run as diagnose_run,
    )
    from tersenet.inspection import (
        exciting_pictures as exciting_pictures,
    )
    from tersenet.inspection import (
        explain as explain,
    )
    from tersenet.inspection import (
        feature_maps as feature_maps,
    )
    from tersenet.inspection import (
        kernels as kernels,
    )
    from tersenet.networks import (
        NETWORKS as NETWORKS,
    )
    from tersenet.networks import (
        Budget as Budget,
    )
    from tersenet.networks import (
        build as build,
    )
    from tersenet.networks import (
        check_budget as check_budget,
    )
    from tersenet.networks import (
        find_network as find_network,
    )
    from tersenet.networks import (
        parse as parse,
    )
    from tersenet.networks import (
        summarize as summarize,
    )
    from tersenet.reports import (
        compare as compare,
    )
    from tersenet.reports import (
        plot_confusion as plot_confusion,
    )
    from tersenet.reports import (
        plot_curves as plot_curves,
    )
    from tersenet.reports import (
        plot_mistakes as plot_mistakes,
    )
    from tersenet.reports import (
        plot_network as plot_network,
    )
    from tersenet.reports import (
        plot_samples as plot_samples,
    )
    from tersenet.reports import (
        write_comparison as write_comparison,
    )
    from tersenet.reports import (
        write_explanation as write_explanation,
    )
    from tersenet.reports import (
        write_report as write_report,
    )
    from tersenet.runs import (
        Experiment as Experiment,
    )
    from tersenet.runs import (
        Group as Group,
    )
    from tersenet.runs import (
        Run as Run,
    )
    from tersenet.runs import (
        familiarity_of as familiarity_of,
    )
    from tersenet.runs import (
        find_run as find_run,
    )
    from tersenet.runs import (
        find_run_or_group as find_run_or_group,
    )
    from tersenet.runs import (
        list_groups as list_groups,
    )
    from tersenet.runs import (
        list_runs as list_runs,
    )
    from tersenet.runs import (
        load_experiment as load_experiment,
    )
    from tersenet.runs import (
        resume_group as resume_group,
    )
    from tersenet.runs import (
        resume_run as resume_run,
    )
    from tersenet.runs import (
        start_group as start_group,
    )
    from tersenet.runs import (
        start_run as start_run,
    )
    from tersenet.training import (
        EvaluationBatches as EvaluationBatches,
    )
    from tersenet.training import (
        Recipe as Recipe,
    )
    from tersenet.training import (
        Schedule as Schedule,
    )
    from tersenet.training import (
        TrainingBatches as TrainingBatches,
    )
    from tersenet.training import (
        train as train,
    )
    from tersenet.training import (
        train_one_epoch as train_one_epoch,
    )

_ROOMS = {
    "tersenet._errors": ("TersenetError",),
    "tersenet.data": ("Dataset", "Split", "load_data", "match_classes", "open_picture", "read_picture"),
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
        "familiarity_of",
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
        "plot_network",
        "plot_samples",
        "write_comparison",
        "write_explanation",
        "write_report",
    ),
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = sorted(_HOME)


if not TYPE_CHECKING:  # a type checker that saw this would take any name, misspelt ones too

    def __getattr__(name: str) -> Any:
        if name not in _HOME:
            raise AttributeError(f"module 'tersenet' has no attribute {name!r}")
        return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
