"""How results look: one style for every figure."""

from tersenet.figures.alive import cells, readouts
from tersenet.figures.confusion import plot_calibration, plot_confusion
from tersenet.figures.contender_figures import plot_accuracy_by_parameters, plot_means_by_epoch, plot_seeds
from tersenet.figures.curves import plot_curves, plot_learning_rate
from tersenet.figures.explanation_panels import (
    CLASSES_SHOWN,
    MAPS_SHOWN,
    draw_answer,
    draw_class_activation,
    draw_excitation,
    draw_feature_maps,
    draw_kernels,
    draw_receptive_field,
)
from tersenet.figures.gallery import NAME, plot_captioned, plot_mistakes, plot_samples
from tersenet.figures.ladder_figures import plot_ladder_curves, plot_ladder_front
from tersenet.figures.network_figure import plot_network
from tersenet.figures.rate_figure import plot_rate_test
from tersenet.figures.reread_figure import plot_readings
from tersenet.figures.search_figures import SearchedNetwork, plot_importance, plot_search_course, plot_search_front
from tersenet.figures.style import DOTS_PER_INCH, LETTERS, WIDTH, Drawing, data_title

__all__ = [
    "CLASSES_SHOWN",
    "DOTS_PER_INCH",
    "LETTERS",
    "MAPS_SHOWN",
    "NAME",
    "WIDTH",
    "Drawing",
    "SearchedNetwork",
    "cells",
    "data_title",
    "draw_answer",
    "draw_class_activation",
    "draw_excitation",
    "draw_feature_maps",
    "draw_kernels",
    "draw_receptive_field",
    "plot_accuracy_by_parameters",
    "plot_calibration",
    "plot_captioned",
    "plot_confusion",
    "plot_curves",
    "plot_importance",
    "plot_ladder_curves",
    "plot_ladder_front",
    "plot_learning_rate",
    "plot_means_by_epoch",
    "plot_mistakes",
    "plot_network",
    "plot_rate_test",
    "plot_readings",
    "plot_samples",
    "plot_search_course",
    "plot_search_front",
    "plot_seeds",
    "readouts",
]
