"""What leaves the lab: a trained network as an integer model, the same to the bit wherever it runs."""

from tersenet.export.accuracy import AccuracyKept, accuracy_kept
from tersenet.export.graph import FloatModel
from tersenet.export.integer import IntegerModel
from tersenet.export.lowering import lower
from tersenet.export.quantisation import CALIBRATE, calibration_images, finished_model, quantise
from tersenet.export.real import run_real
from tersenet.export.simulation import guesses_of, simulate, trace

__all__ = [
    "CALIBRATE",
    "AccuracyKept",
    "FloatModel",
    "IntegerModel",
    "accuracy_kept",
    "calibration_images",
    "finished_model",
    "guesses_of",
    "lower",
    "quantise",
    "run_real",
    "simulate",
    "trace",
]
