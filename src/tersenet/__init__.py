"""Tersenet designs, trains, measures and explains compact neural networks.

This page is the table of contents of the public API. Nothing is imported until it is used (PEP 562), so
`import tersenet` costs nothing; a type checker reads the imports under TYPE_CHECKING.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tersenet._later import names_of

if TYPE_CHECKING:
    from tersenet._errors import TersenetError as TersenetError
    from tersenet.analysis import compare as compare
    from tersenet.data import (
        Augmentation as Augmentation,
        Dataset as Dataset,
        Split as Split,
        augment as augment,
        load_data as load_data,
        match_classes as match_classes,
        open_picture as open_picture,
        read_picture as read_picture,
    )
    from tersenet.evaluation import (
        evaluate as evaluate,
        find_mistakes as find_mistakes,
        measure as measure,
        predict as predict,
        predict_logits as predict_logits,
    )
    from tersenet.figures import (
        plot_confusion as plot_confusion,
        plot_curves as plot_curves,
        plot_mistakes as plot_mistakes,
        plot_network as plot_network,
        plot_samples as plot_samples,
    )
    from tersenet.inspection import (
        class_activation_maps as class_activation_maps,
        diagnose as diagnose,
        diagnose_network as diagnose_network,
        diagnose_run as diagnose_run,
        exciting_pictures as exciting_pictures,
        explain as explain,
        feature_maps as feature_maps,
        kernels as kernels,
    )
    from tersenet.networks import (
        NETWORKS as NETWORKS,
        Budget as Budget,
        build as build,
        check_budget as check_budget,
        find_network as find_network,
        parse as parse,
        summarize as summarize,
    )
    from tersenet.pages import (
        write_comparison as write_comparison,
        write_explanation as write_explanation,
        write_report as write_report,
    )
    from tersenet.runs import (
        Experiment as Experiment,
        Group as Group,
        Run as Run,
        familiarity_of as familiarity_of,
        find_run as find_run,
        find_run_or_group as find_run_or_group,
        list_groups as list_groups,
        list_runs as list_runs,
        load_experiment as load_experiment,
        resume_group as resume_group,
        resume_run as resume_run,
        start_group as start_group,
        start_run as start_run,
    )
    from tersenet.training import (
        EvaluationBatches as EvaluationBatches,
        Recipe as Recipe,
        Schedule as Schedule,
        TrainingBatches as TrainingBatches,
        train as train,
        train_one_epoch as train_one_epoch,
    )

_ROOMS = {
    "tersenet._errors": ("TersenetError",),
    "tersenet.data": (
        "Augmentation",
        "Dataset",
        "Split",
        "augment",
        "load_data",
        "match_classes",
        "open_picture",
        "read_picture",
    ),
    "tersenet.networks": (
        "Budget",
        "NETWORKS",
        "build",
        "check_budget",
        "find_network",
        "parse",
        "summarize",
    ),
    "tersenet.evaluation": (
        "evaluate",
        "find_mistakes",
        "measure",
        "predict",
        "predict_logits",
    ),
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
    "tersenet.analysis": ("compare",),
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
    "tersenet.figures": (
        "plot_confusion",
        "plot_curves",
        "plot_mistakes",
        "plot_network",
        "plot_samples",
    ),
    "tersenet.pages": (
        "write_comparison",
        "write_explanation",
        "write_report",
    ),
}
__all__ = sorted(name for names in _ROOMS.values() for name in names)

if not TYPE_CHECKING:
    __getattr__ = names_of(__name__, _ROOMS)


def __dir__() -> list[str]:
    return __all__
