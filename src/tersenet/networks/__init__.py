"""What is trained: the notation, the named networks, the summary, the budget."""

from tersenet.networks.budget import BUDGET_HEAD, COURSE_BUDGET, Budget, BudgetLine, budget_rows, check_budget
from tersenet.networks.build import NotationNetwork, build
from tersenet.networks.copying import copy_network
from tersenet.networks.find import Design, find_network
from tersenet.networks.layer_table import budget_table, format_summary, layer_table, table_rows, total_lines
from tersenet.networks.layers import (
    DROPOUT_LAYERS,
    LAYER_KINDS,
    SOFTMAX_LAYERS,
    SOFTMAX_OF_LOGITS,
    LayerKind,
    is_dropout,
    names_dropout,
)
from tersenet.networks.notation import parse
from tersenet.networks.recorder import LayerRow
from tersenet.networks.shapes import LayerShape, infer_shapes
from tersenet.networks.summary import Summary, summarize
from tersenet.networks.tree import Network
from tersenet.networks.zoo import NETWORKS, Measured, NamedNetwork, Reported

__all__ = [
    "BUDGET_HEAD",
    "COURSE_BUDGET",
    "DROPOUT_LAYERS",
    "LAYER_KINDS",
    "NETWORKS",
    "SOFTMAX_LAYERS",
    "SOFTMAX_OF_LOGITS",
    "Budget",
    "BudgetLine",
    "Design",
    "LayerKind",
    "LayerRow",
    "LayerShape",
    "Measured",
    "NamedNetwork",
    "Network",
    "NotationNetwork",
    "Reported",
    "Summary",
    "budget_rows",
    "budget_table",
    "build",
    "check_budget",
    "copy_network",
    "find_network",
    "format_summary",
    "infer_shapes",
    "is_dropout",
    "layer_table",
    "names_dropout",
    "parse",
    "summarize",
    "table_rows",
    "total_lines",
]
