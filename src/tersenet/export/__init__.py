"""What leaves the lab: a trained network as an integer model, the same to the bit wherever it runs."""

from tersenet.export.c.source import CSource, c_source
from tersenet.export.devices.emulated import Limits, compare_on_target
from tersenet.export.devices.host import Compared, compare_on_host
from tersenet.export.devices.targets import TARGETS, Target, find_target
from tersenet.export.facts import ExportFacts, facts_of
from tersenet.export.folded.graph import FloatModel
from tersenet.export.folded.lowering import lower
from tersenet.export.folded.real import run_real
from tersenet.export.folder import ExportedRun, ExportSettings, export_run
from tersenet.export.integers.accuracy import AccuracyKept, accuracy_kept
from tersenet.export.integers.integer import IntegerModel
from tersenet.export.integers.quantisation import CALIBRATE, calibration_images, finished_model, quantise
from tersenet.export.integers.simulation import guesses_of, simulate, trace
from tersenet.export.json_format import float_json, integer_json, read_integer_json
from tersenet.export.onnx.float32 import float_onnx
from tersenet.export.onnx.int8 import integer_onnx
from tersenet.export.sizes import DeviceSizes, constant_bytes, device_sizes
from tersenet.export.tflite.int8 import integer_tflite
from tersenet.export.torch_file import torch_file
from tersenet.export.verification import ExportedFolder, read_folder_of_export

__all__ = [
    "CALIBRATE",
    "TARGETS",
    "AccuracyKept",
    "CSource",
    "Compared",
    "DeviceSizes",
    "ExportFacts",
    "ExportSettings",
    "ExportedFolder",
    "ExportedRun",
    "FloatModel",
    "IntegerModel",
    "Limits",
    "Target",
    "accuracy_kept",
    "c_source",
    "calibration_images",
    "compare_on_host",
    "compare_on_target",
    "constant_bytes",
    "device_sizes",
    "export_run",
    "facts_of",
    "find_target",
    "finished_model",
    "float_json",
    "float_onnx",
    "guesses_of",
    "integer_json",
    "integer_onnx",
    "integer_tflite",
    "lower",
    "quantise",
    "read_folder_of_export",
    "read_integer_json",
    "run_real",
    "simulate",
    "torch_file",
    "trace",
]
