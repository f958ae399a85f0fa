"""Looking into a network: what is wrong with it (the doctor), its layers, kernels and class maps, what excites it."""

from tersenet.inspection.class_activation import ClassActivation, class_activation_maps
from tersenet.inspection.doctor import diagnose
from tersenet.inspection.doctor_runs import diagnose_network, diagnose_run
from tersenet.inspection.excitation import Excitation, exciting_pictures
from tersenet.inspection.explain import Explanation, Unit, explain, explain_picture
from tersenet.inspection.feature_maps import Kernels, feature_maps, kernels, squares_around
from tersenet.inspection.findings import Check, Diagnosis, Finding, LayerReading
from tersenet.inspection.layers import Layer, Square, observe

__all__ = [
    "Check",
    "ClassActivation",
    "Diagnosis",
    "Excitation",
    "Explanation",
    "Finding",
    "Kernels",
    "Layer",
    "LayerReading",
    "Square",
    "Unit",
    "class_activation_maps",
    "diagnose",
    "diagnose_network",
    "diagnose_run",
    "exciting_pictures",
    "explain",
    "explain_picture",
    "feature_maps",
    "kernels",
    "observe",
    "squares_around",
]
