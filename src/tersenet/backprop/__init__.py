"""The backpropagation lab: every derivative of a small network, derived, computed, checked and followed.

As in `tersenet` itself, a file is imported when one of its names is first used.
"""

from typing import TYPE_CHECKING

from tersenet._later import names_of

if TYPE_CHECKING:
    from tersenet._look import save_figure as save_figure
    from tersenet.backprop.drawings.derivation_pages import derivation_page as derivation_page
    from tersenet.backprop.drawings.exercise_pages import (
        exercise_page as exercise_page,
        key_page as key_page,
        sheets_page as sheets_page,
        solution_page as solution_page,
    )
    from tersenet.backprop.drawings.figures import (
        draw_grids as draw_grids,
        draw_network as draw_network,
        plot_one_curve as plot_one_curve,
        plot_small_curves as plot_small_curves,
        plot_study as plot_study,
        plot_surface as plot_surface,
    )
    from tersenet.backprop.drawings.lesson_pages import (
        convolution_text as convolution_text,
        draw_convolution as draw_convolution,
        draw_normalization as draw_normalization,
        normalization_text as normalization_text,
    )
    from tersenet.backprop.lessons.convolution import (
        ConvolutionPass as ConvolutionPass,
        convolve as convolve,
        flipped_sum as flipped_sum,
    )
    from tersenet.backprop.lessons.errata import (
        Erratum as Erratum,
        PrintedCell as PrintedCell,
        errata as errata,
        errata_page as errata_page,
        printed_cells as printed_cells,
    )
    from tersenet.backprop.lessons.exercise import (
        Exercise as Exercise,
        answer_key as answer_key,
        make_exercise as make_exercise,
        make_variants as make_variants,
    )
    from tersenet.backprop.lessons.normalization import (
        NormalizationPass as NormalizationPass,
        normalize_batch as normalize_batch,
    )
    from tersenet.backprop.numbers.descent import (
        Descent as Descent,
        Trajectory as Trajectory,
        column_names as column_names,
        descend as descend,
        follow as follow,
    )
    from tersenet.backprop.numbers.learning_rates import (
        VERDICTS as VERDICTS,
        RateResult as RateResult,
        Study as Study,
        Surface as Surface,
        loss_surface as loss_surface,
        study as study,
    )
    from tersenet.backprop.numbers.network import ACTIVATIONS as ACTIVATIONS, LOSSES as LOSSES, Network as Network
    from tersenet.backprop.numbers.problem import (
        COURSE as COURSE,
        EXAMPLES as EXAMPLES,
        MAZUR as MAZUR,
        WRITE_UP as WRITE_UP,
        Problem as Problem,
        about as about,
        describe as describe,
        make_problem as make_problem,
    )
    from tersenet.backprop.numbers.problem_files import (
        read_batch as read_batch,
        read_convolution as read_convolution,
        read_problem as read_problem,
    )
    from tersenet.backprop.symbols.chain_rule import (
        Chain as Chain,
        ChainPath as ChainPath,
        Factor as Factor,
        Graph as Graph,
        chain as chain,
    )
    from tersenet.backprop.symbols.derivation import Derivation as Derivation, derive as derive
    from tersenet.backprop.symbols.formula_formats import (
        as_latex as as_latex,
        as_mathml as as_mathml,
        as_text as as_text,
    )
    from tersenet.backprop.workbook.write_workbook import write_workbook as write_workbook

_FILES = {
    "tersenet._look": ("save_figure",),
    "tersenet.backprop.drawings.derivation_pages": ("derivation_page",),
    "tersenet.backprop.drawings.exercise_pages": (
        "exercise_page",
        "key_page",
        "sheets_page",
        "solution_page",
    ),
    "tersenet.backprop.drawings.figures": (
        "draw_grids",
        "draw_network",
        "plot_one_curve",
        "plot_small_curves",
        "plot_study",
        "plot_surface",
    ),
    "tersenet.backprop.drawings.lesson_pages": (
        "convolution_text",
        "draw_convolution",
        "draw_normalization",
        "normalization_text",
    ),
    "tersenet.backprop.lessons.convolution": (
        "ConvolutionPass",
        "convolve",
        "flipped_sum",
    ),
    "tersenet.backprop.lessons.errata": (
        "Erratum",
        "PrintedCell",
        "errata",
        "errata_page",
        "printed_cells",
    ),
    "tersenet.backprop.lessons.exercise": (
        "Exercise",
        "answer_key",
        "make_exercise",
        "make_variants",
    ),
    "tersenet.backprop.lessons.normalization": (
        "NormalizationPass",
        "normalize_batch",
    ),
    "tersenet.backprop.numbers.descent": (
        "Descent",
        "Trajectory",
        "column_names",
        "descend",
        "follow",
    ),
    "tersenet.backprop.numbers.learning_rates": (
        "RateResult",
        "Study",
        "Surface",
        "VERDICTS",
        "loss_surface",
        "study",
    ),
    "tersenet.backprop.numbers.network": (
        "ACTIVATIONS",
        "LOSSES",
        "Network",
    ),
    "tersenet.backprop.numbers.problem": (
        "COURSE",
        "EXAMPLES",
        "MAZUR",
        "Problem",
        "WRITE_UP",
        "about",
        "describe",
        "make_problem",
    ),
    "tersenet.backprop.numbers.problem_files": (
        "read_batch",
        "read_convolution",
        "read_problem",
    ),
    "tersenet.backprop.symbols.chain_rule": (
        "Chain",
        "ChainPath",
        "Factor",
        "Graph",
        "chain",
    ),
    "tersenet.backprop.symbols.derivation": (
        "Derivation",
        "derive",
    ),
    "tersenet.backprop.symbols.formula_formats": (
        "as_latex",
        "as_mathml",
        "as_text",
    ),
    "tersenet.backprop.workbook.write_workbook": ("write_workbook",),
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

if not TYPE_CHECKING:
    __getattr__ = names_of(__name__, _FILES)


def __dir__() -> list[str]:
    return __all__
