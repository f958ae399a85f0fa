"""Runs: an experiment, the folder that its training fills, and which folders there are."""

from tersenet.runs.chosen_augmentation import augmentation_of
from tersenet.runs.claims.claim import make_claim, read_claim, write_claim
from tersenet.runs.claims.claim_against_run import RunCheck
from tersenet.runs.claims.claim_record import Claim
from tersenet.runs.claims.verify import Verdict, evaluate_claim, train_claim
from tersenet.runs.experiment import (
    Experiment,
    Settings,
    experiment_from,
    experiment_names,
    load_experiment,
    setting_called,
    to_tables,
    to_toml,
    with_settings,
)
from tersenet.runs.experiment_template import new_experiment_file
from tersenet.runs.familiar import familiarity_of, kept_in, write_familiarity
from tersenet.runs.family.family import FamilyListeners, FamilyPlan, Member, read_plan, train_family
from tersenet.runs.family.group import Group
from tersenet.runs.family.pool import PoolListeners, Task, Where, train_tasks
from tersenet.runs.family.ray_pool import train_tasks_on_ray
from tersenet.runs.family.seeds import GroupListeners, resume_group, start_group
from tersenet.runs.folder import MODEL, Run, results_of, take_folder
from tersenet.runs.hardware import arithmetic_threads, busy_notice, settle
from tersenet.runs.listings.find_runs import Unreadable, list_all, list_groups, list_runs, name_and_number
from tersenet.runs.listings.listing import damaged_names, group_row, rows_of, run_row
from tersenet.runs.listings.outcome import Outcome, changed_fields, flat_settings, outcome_of
from tersenet.runs.listings.pareto import FrontEntry, Size, entries, readable_front
from tersenet.runs.measure import MeasuredRun, measure_run
from tersenet.runs.packaged import WEIGHTS, is_packaged, output_folder, packaged_names, packaged_run
from tersenet.runs.provenance.environment import choose_device, core_count
from tersenet.runs.provenance.fingerprint import file_hash
from tersenet.runs.provenance.trust import trusting
from tersenet.runs.record import Environment, GroupPlan, GroupRecord, Machine, Record, RunRecord
from tersenet.runs.record_file import as_table, is_file, read_record, write_record
from tersenet.runs.resolver import (
    Resolved,
    experiment_to_train,
    find_experiment,
    find_run,
    find_run_or_group,
    resolve,
)
from tersenet.runs.start import CHOSEN, Listeners, budget_lines, fitted, resume_run, start_run, train_in
from tersenet.runs.state import State, at_work, state_of, sweep_all
from tersenet.runs.weights_search import places_of

__all__ = [
    "CHOSEN",
    "MODEL",
    "WEIGHTS",
    "Claim",
    "Environment",
    "Experiment",
    "FamilyListeners",
    "FamilyPlan",
    "FrontEntry",
    "Group",
    "GroupListeners",
    "GroupPlan",
    "GroupRecord",
    "Listeners",
    "Machine",
    "MeasuredRun",
    "Member",
    "Outcome",
    "PoolListeners",
    "Record",
    "Resolved",
    "Run",
    "RunCheck",
    "RunRecord",
    "Settings",
    "Size",
    "State",
    "Task",
    "Unreadable",
    "Verdict",
    "Where",
    "arithmetic_threads",
    "as_table",
    "at_work",
    "augmentation_of",
    "budget_lines",
    "busy_notice",
    "changed_fields",
    "choose_device",
    "core_count",
    "damaged_names",
    "entries",
    "evaluate_claim",
    "experiment_from",
    "experiment_names",
    "experiment_to_train",
    "familiarity_of",
    "file_hash",
    "find_experiment",
    "find_run",
    "find_run_or_group",
    "fitted",
    "flat_settings",
    "group_row",
    "is_file",
    "is_packaged",
    "kept_in",
    "list_all",
    "list_groups",
    "list_runs",
    "load_experiment",
    "make_claim",
    "measure_run",
    "name_and_number",
    "new_experiment_file",
    "outcome_of",
    "output_folder",
    "packaged_names",
    "packaged_run",
    "places_of",
    "read_claim",
    "read_plan",
    "read_record",
    "readable_front",
    "resolve",
    "results_of",
    "resume_group",
    "resume_run",
    "rows_of",
    "run_row",
    "setting_called",
    "settle",
    "start_group",
    "start_run",
    "state_of",
    "sweep_all",
    "take_folder",
    "to_tables",
    "to_toml",
    "train_claim",
    "train_family",
    "train_in",
    "train_tasks",
    "train_tasks_on_ray",
    "trusting",
    "with_settings",
    "write_claim",
    "write_familiarity",
    "write_record",
]
