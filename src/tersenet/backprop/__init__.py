"""The backpropagation lab: every derivative of a small network, derived, computed, checked and followed.

What draws (matplotlib) and what writes the workbook (XlsxWriter) is imported when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from tersenet._look import save_figure
from tersenet.backprop.drawings.derivation_pages import about, derivation_page
from tersenet.backprop.drawings.exercise_pages import exercise_page, key_page, sheets_page, solution_page
from tersenet.backprop.drawings.lesson_pages import (
    convolution_text,
    draw_convolution,
    draw_normalization,
    normalization_text,
)
from tersenet.backprop.lessons.convolution import ConvolutionPass, convolve, flipped_sum
from tersenet.backprop.lessons.errata import Erratum, PrintedCell, errata, errata_page, printed_cells
from tersenet.backprop.lessons.exercise import Exercise, answer_key, make_exercise, make_variants
from tersenet.backprop.lessons.normalization import NormalizationPass, normalize_batch
from tersenet.backprop.numbers.descent import Descent, Trajectory, column_names, descend, follow
from tersenet.backprop.numbers.learning_rates import VERDICTS, RateResult, Study, Surface, loss_surface, study
from tersenet.backprop.numbers.network import ACTIVATIONS, LOSSES, Network
from tersenet.backprop.numbers.problem import COURSE, EXAMPLES, MAZUR, WRITE_UP, Problem, describe, make_problem
from tersenet.backprop.numbers.problem_files import read_batch, read_convolution, read_problem
from tersenet.backprop.symbols.chain_rule import Chain, ChainPath, Factor, Graph, chain
from tersenet.backprop.symbols.derivation import Derivation, derive
from tersenet.backprop.symbols.formula_formats import as_latex, as_mathml, as_text

if TYPE_CHECKING:
    from tersenet.backprop.drawings.figures import (
        draw_grids,
        draw_network,
        plot_one_curve,
        plot_small_curves,
        plot_study,
        plot_surface,
    )
    from tersenet.backprop.workbook.write_workbook import write_workbook

_LATER = {
    "draw_grids": "drawings.figures",
    "draw_network": "drawings.figures",
    "plot_one_curve": "drawings.figures",
    "plot_small_curves": "drawings.figures",
    "plot_study": "drawings.figures",
    "plot_surface": "drawings.figures",
    "write_workbook": "workbook.write_workbook",
}

__all__ = [
    "ACTIVATIONS",
    "COURSE",
    "EXAMPLES",
    "LOSSES",
    "MAZUR",
    "VERDICTS",
    "WRITE_UP",
    "Chain",
    "ChainPath",
    "ConvolutionPass",
    "Derivation",
    "Descent",
    "Erratum",
    "Exercise",
    "Factor",
    "Graph",
    "Network",
    "NormalizationPass",
    "PrintedCell",
    "Problem",
    "RateResult",
    "Study",
    "Surface",
    "Trajectory",
    "about",
    "answer_key",
    "as_latex",
    "as_mathml",
    "as_text",
    "chain",
    "column_names",
    "convolution_text",
    "convolve",
    "derivation_page",
    "derive",
    "descend",
    "describe",
    "draw_convolution",
    "draw_grids",
    "draw_network",
    "draw_normalization",
    "errata",
    "errata_page",
    "exercise_page",
    "flipped_sum",
    "follow",
    "key_page",
    "loss_surface",
    "make_exercise",
    "make_problem",
    "make_variants",
    "normalization_text",
    "normalize_batch",
    "plot_one_curve",
    "plot_small_curves",
    "plot_study",
    "plot_surface",
    "printed_cells",
    "read_batch",
    "read_convolution",
    "read_problem",
    "save_figure",
    "sheets_page",
    "solution_page",
    "study",
    "write_workbook",
]


def __getattr__(name: str) -> object:
    if name in _LATER:
        return getattr(import_module(f"tersenet.backprop.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
