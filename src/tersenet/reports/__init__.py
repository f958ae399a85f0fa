"""Figures, the analysis by fixed rules, and reports in Markdown and HTML."""

from tersenet.reports.comparison import Comparison, compare
from tersenet.reports.comparison_page import write_comparison
from tersenet.reports.confusion import plot_calibration, plot_confusion
from tersenet.reports.curves import plot_curves, plot_learning_rate
from tersenet.reports.gallery import plot_mistakes, plot_samples
from tersenet.reports.history import History, history_of
from tersenet.reports.inside_page import write_explanation
from tersenet.reports.network_figure import plot_network
from tersenet.reports.report import write_report
from tersenet.reports.style import Drawing, data_title

__all__ = [
    "Comparison",
    "Drawing",
    "History",
    "compare",
    "data_title",
    "history_of",
    "plot_calibration",
    "plot_confusion",
    "plot_curves",
    "plot_learning_rate",
    "plot_mistakes",
    "plot_network",
    "plot_samples",
    "write_comparison",
    "write_explanation",
    "write_report",
]
