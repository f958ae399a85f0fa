"""What is trained: the notation, the named networks, the summary, the budget."""

from tersenet.networks.budget import (
    COURSE_BUDGET,
    Budget,
    BudgetLine,
    budget_rows,
    budget_table,
    check_budget,
)
from tersenet.networks.build import (
    JoinBlock,
    LayerChain,
    NotationNetwork,
    ResidualBlock,
    SharedBlock,
    SumBlock,
    build,
)
from tersenet.networks.by_size import AUTO, default_network
from tersenet.networks.copying import copied_tensors, copy_network
from tersenet.networks.dropout import Dropout
from tersenet.networks.from_file import in_file, load_transform, run_code
from tersenet.networks.layers.families import (
    DROPOUT_LAYERS,
    SOFTMAX_LAYERS,
    SOFTMAX_OF_LOGITS,
    is_dropout,
    names_dropout,
)
from tersenet.networks.layers.kind import FAMILIES, LayerKind
from tersenet.networks.layers.registry import BY_FUNCTION, LAYER_KINDS, layer_types
from tersenet.networks.layers.written import WrittenForm
from tersenet.networks.named_networks import NETWORKS, Measured, NamedNetwork, Reported
from tersenet.networks.notation import parse
from tersenet.networks.resolve import ResolvedNetwork, check_network, find_network
from tersenet.networks.shapes import LayerShape, infer_shapes, spelled
from tersenet.networks.summary.receptive_field import ReceptiveField, Unknown
from tersenet.networks.summary.recorder import (
    CalledLayer,
    LayerRecorder,
    LayerRow,
    layer_modules,
    layer_of,
    layer_type,
    left_as_it_was,
)
from tersenet.networks.summary.summarize import summarize
from tersenet.networks.summary.summary_table import Summary, format_summary, layer_table, total_lines
from tersenet.networks.summary.torch_functions import REDUCTIONS, RESHAPES, SOFTMAXES, Call
from tersenet.networks.summary.tracing import Origins, bare_name, tensors_in, unregistered_layers
from tersenet.networks.tree import (
    Branches,
    BranchJoin,
    BranchSum,
    LayerBlock,
    Notation,
    Repeat,
    Residual,
    Shared,
    point_at,
)
from tersenet.networks.user_modules.user_code import UserCode, last_place
from tersenet.networks.user_modules.user_layout import ModuleLayout, find_layout

__all__ = [
    "AUTO",
    "BY_FUNCTION",
    "COURSE_BUDGET",
    "DROPOUT_LAYERS",
    "FAMILIES",
    "LAYER_KINDS",
    "NETWORKS",
    "REDUCTIONS",
    "RESHAPES",
    "SOFTMAXES",
    "SOFTMAX_LAYERS",
    "SOFTMAX_OF_LOGITS",
    "BranchJoin",
    "BranchSum",
    "Branches",
    "Budget",
    "BudgetLine",
    "Call",
    "CalledLayer",
    "Dropout",
    "JoinBlock",
    "LayerBlock",
    "LayerChain",
    "LayerKind",
    "LayerRecorder",
    "LayerRow",
    "LayerShape",
    "Measured",
    "ModuleLayout",
    "NamedNetwork",
    "Notation",
    "NotationNetwork",
    "Origins",
    "ReceptiveField",
    "Repeat",
    "Reported",
    "Residual",
    "ResidualBlock",
    "ResolvedNetwork",
    "Shared",
    "SharedBlock",
    "SumBlock",
    "Summary",
    "Unknown",
    "UserCode",
    "WrittenForm",
    "bare_name",
    "budget_rows",
    "budget_table",
    "build",
    "check_budget",
    "check_network",
    "copied_tensors",
    "copy_network",
    "default_network",
    "find_layout",
    "find_network",
    "format_summary",
    "in_file",
    "infer_shapes",
    "is_dropout",
    "last_place",
    "layer_modules",
    "layer_of",
    "layer_table",
    "layer_type",
    "layer_types",
    "left_as_it_was",
    "load_transform",
    "names_dropout",
    "parse",
    "point_at",
    "run_code",
    "spelled",
    "summarize",
    "tensors_in",
    "total_lines",
    "unregistered_layers",
]
