"""Looking into a network: its layers' outputs, kernels, class activation maps, what excites a unit."""

from tersenet.inspection.class_activation import ClassActivation, class_activation_maps
from tersenet.inspection.excitation import Excitation, exciting_pictures
from tersenet.inspection.explain import Explanation, Unit, explain, explain_picture
from tersenet.inspection.feature_maps import Kernels, feature_maps, kernels, squares_around
from tersenet.inspection.layers import Layer, Square, observe

__all__ = [
    "ClassActivation",
    "Excitation",
    "Explanation",
    "Kernels",
    "Layer",
    "Square",
    "Unit",
    "class_activation_maps",
    "exciting_pictures",
    "explain",
    "explain_picture",
    "feature_maps",
    "kernels",
    "observe",
    "squares_around",
]
