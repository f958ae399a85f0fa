"""What the figures of runs say, by stated rules. No matplotlib."""

from tersenet.analysis.advice import Evidence, advise
from tersenet.analysis.comparison import Comparison, compare, measured_otherwise
from tersenet.analysis.comparison_tables import pairs_table, seeds_table, sides_table
from tersenet.analysis.contender import Contender, finished_runs, read_side
from tersenet.analysis.figure_keys import CALIBRATION, CONFUSION, CURVES, LEARNING_RATE, MISTAKES, REGULARISATION
from tersenet.analysis.findings import analyse
from tersenet.analysis.history import History, Metrics, history_of
from tersenet.analysis.ladder import HELD_WITHIN, LADDER, LAST, SEEDS, Ladder, LadderStep, read_ladder
from tersenet.analysis.ladder_words import (
    analyse_step,
    caution,
    difference_in_words,
    ladder_table,
    result_of,
    warnings_of,
)
from tersenet.analysis.noise import Finding, signed_points, two_decimals
from tersenet.analysis.pairwise import Change, PairComparison, p_in_words
from tersenet.analysis.public_records import PUBLIC_RECORDS
from tersenet.analysis.training_reread import TrainingReread, read_again

__all__ = [
    "CALIBRATION",
    "CONFUSION",
    "CURVES",
    "HELD_WITHIN",
    "LADDER",
    "LAST",
    "LEARNING_RATE",
    "MISTAKES",
    "PUBLIC_RECORDS",
    "REGULARISATION",
    "SEEDS",
    "Change",
    "Comparison",
    "Contender",
    "Evidence",
    "Finding",
    "History",
    "Ladder",
    "LadderStep",
    "Metrics",
    "PairComparison",
    "TrainingReread",
    "advise",
    "analyse",
    "analyse_step",
    "caution",
    "compare",
    "difference_in_words",
    "finished_runs",
    "history_of",
    "ladder_table",
    "measured_otherwise",
    "p_in_words",
    "pairs_table",
    "read_again",
    "read_ladder",
    "read_side",
    "result_of",
    "seeds_table",
    "sides_table",
    "signed_points",
    "two_decimals",
    "warnings_of",
]
