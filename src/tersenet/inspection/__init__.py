"""Looking into a network: what is wrong with it (the doctor), its layers, kernels and class maps, what excites it."""

from tersenet.inspection.doctor.check_record import Check, DoctorFinding, LayerReading
from tersenet.inspection.doctor.diagnose import diagnose
from tersenet.inspection.doctor.diagnose_runs import diagnose_network, diagnose_run
from tersenet.inspection.doctor.diagnosis import Diagnosis, diagnosis_parts, reading_table
from tersenet.inspection.explanation.class_activation import EXACT, ClassActivation, class_activation_maps
from tersenet.inspection.explanation.excitation import Excitation, exciting_pictures
from tersenet.inspection.explanation.explain import Explanation, Unit, explain, explain_picture
from tersenet.inspection.explanation.feature_maps import Kernels, feature_maps, kernels, squares_around, stages
from tersenet.inspection.observe import ObservedLayer, Square, observe

__all__ = [
    "EXACT",
    "Check",
    "ClassActivation",
    "Diagnosis",
    "DoctorFinding",
    "Excitation",
    "Explanation",
    "Kernels",
    "LayerReading",
    "ObservedLayer",
    "Square",
    "Unit",
    "class_activation_maps",
    "diagnose",
    "diagnose_network",
    "diagnose_run",
    "diagnosis_parts",
    "exciting_pictures",
    "explain",
    "explain_picture",
    "feature_maps",
    "kernels",
    "observe",
    "reading_table",
    "squares_around",
    "stages",
]
