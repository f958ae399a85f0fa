"""The backpropagation lab: every derivative of a small network, derived, computed, checked and followed."""

from tersenet.backprop.chain import Chain, Factor, Graph, Path, chain
from tersenet.backprop.derivation import Derivation, derive
from tersenet.backprop.derivation_pages import derivation_page
from tersenet.backprop.descent import Descent, Trajectory, column_names, descend, follow
from tersenet.backprop.files import write_text
from tersenet.backprop.network import ACTIVATIONS, LOSSES, Network
from tersenet.backprop.printing import as_latex, as_mathml, as_text
from tersenet.backprop.problem import EXAMPLES, MAZUR, WRITE_UP, Problem, make_problem, read_problem
from tersenet.backprop.study import VERDICTS, RateResult, Study, Surface, loss_surface, study

__all__ = [
    "ACTIVATIONS",
    "EXAMPLES",
    "LOSSES",
    "MAZUR",
    "VERDICTS",
    "WRITE_UP",
    "Chain",
    "Derivation",
    "Descent",
    "Factor",
    "Graph",
    "Network",
    "Path",
    "Problem",
    "RateResult",
    "Study",
    "Surface",
    "Trajectory",
    "as_latex",
    "as_mathml",
    "as_text",
    "chain",
    "column_names",
    "derivation_page",
    "derive",
    "descend",
    "follow",
    "loss_surface",
    "make_problem",
    "read_problem",
    "study",
    "write_text",
]
