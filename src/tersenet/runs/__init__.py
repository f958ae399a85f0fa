"""Runs: an experiment, the folder that its training fills, and which folders there are."""

from tersenet.runs.experiment import (
    Experiment,
    Settings,
    experiment_from,
    experiment_names,
    load_experiment,
    to_toml,
    with_settings,
)
from tersenet.runs.familiar import familiarity_of
from tersenet.runs.folder import Run
from tersenet.runs.group import Group
from tersenet.runs.index import Unreadable, list_all, list_groups, list_runs
from tersenet.runs.measure import MeasuredRun, measure_run
from tersenet.runs.packaged import is_packaged, output_folder, packaged_names, packaged_run
from tersenet.runs.record import Environment, GroupRecord, RunRecord
from tersenet.runs.resolver import (
    Resolved,
    experiment_to_train,
    find_experiment,
    find_run,
    find_run_or_group,
    resolve,
)
from tersenet.runs.seeds import GroupListeners, resume_group, start_group
from tersenet.runs.settle import busy_notice
from tersenet.runs.start import Listeners, budget_lines, resume_run, start_run

__all__ = [
    "Environment",
    "Experiment",
    "Group",
    "GroupListeners",
    "GroupRecord",
    "Listeners",
    "MeasuredRun",
    "Resolved",
    "Run",
    "RunRecord",
    "Settings",
    "Unreadable",
    "budget_lines",
    "busy_notice",
    "experiment_from",
    "experiment_names",
    "experiment_to_train",
    "familiarity_of",
    "find_experiment",
    "find_run",
    "find_run_or_group",
    "is_packaged",
    "list_all",
    "list_groups",
    "list_runs",
    "load_experiment",
    "measure_run",
    "output_folder",
    "packaged_names",
    "packaged_run",
    "resolve",
    "resume_group",
    "resume_run",
    "start_group",
    "start_run",
    "to_toml",
    "with_settings",
]
