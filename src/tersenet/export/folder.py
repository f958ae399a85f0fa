"""`tersenet export`: a finished run becomes a folder of files, whole or not at all."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from tersenet._errors import TersenetError, check_setting, did_you_mean
from tersenet._files import write_whole
from tersenet._json import finite
from tersenet.data import Dataset
from tersenet.export.c.names import check_name
from tersenet.export.c.readme import c_readme
from tersenet.export.c.selftest import c_test
from tersenet.export.c.source import OPTIMISE, CSource, c_source
from tersenet.export.facts import ExportFacts, facts_of
from tersenet.export.folded.graph import FloatModel
from tersenet.export.folded.lowering import lower
from tersenet.export.integers.accuracy import AccuracyKept, accuracy_kept
from tersenet.export.integers.integer import IntegerModel
from tersenet.export.integers.quantisation import CALIBRATE, calibration_images, finished_model, quantise
from tersenet.export.json_format import float_json, integer_json
from tersenet.export.onnx.float32 import float_onnx
from tersenet.export.onnx.int8 import integer_onnx
from tersenet.export.tflite.int8 import integer_tflite
from tersenet.export.torch_file import torch_file
from tersenet.runs import MODEL, Run

REPORT = "report.json"


@dataclass(frozen=True, kw_only=True)
class ExportSettings:
    """How to export: formats, the name that begins every file's, and what must be kept.

    `bits` are those of the weights. `calibrate` counts the training images for calibration. Below `min_accuracy`
    percent on the test set the export fails. `batch` is that of ONNX and TFLite files, None for any.
    """

    formats: tuple[str, ...] = ("c",)
    name: str = "digits"
    bits: int = 8
    calibrate: int = CALIBRATE
    min_accuracy: float | None = None
    optimise: str = "size"
    batch: int | None = None

    def __post_init__(self) -> None:
        check_name(self.name)
        for each in self.formats:
            if each not in FORMATS:
                raise TersenetError(
                    "There is no such export format.",
                    got=each,
                    expected=", ".join(FORMATS),
                    hint=did_you_mean(each, FORMATS),
                )
        check_setting(self.optimise in OPTIMISE, "optimise", self.optimise, " or ".join(OPTIMISE), names=OPTIMISE)
        check_setting(self.batch is None or self.batch >= 1, "batch", self.batch, "1 or more")
        least = self.min_accuracy
        check_setting(least is None or 0 <= least <= 100, "min_accuracy", least, "0 to 100 percent")


@dataclass(frozen=True, eq=False)
class ExportedRun:
    """What an export wrote: its folder and files, the integer model, its accuracy, and the C code if any."""

    folder: Path
    files: tuple[str, ...]
    model: IntegerModel
    accuracy: AccuracyKept
    code: CSource | None


def export_run(run: Run, folder: Path, settings: ExportSettings, *, dataset: Dataset | None = None) -> ExportedRun:
    """Export a finished run into a new folder. `dataset` is the run's own unless it is given.

    Raises TersenetError where the folder exists, the run is not finished, a layer cannot be exported, or accuracy is
    lost; then nothing is written.
    """
    _require_new(folder)
    network = finished_model(run)
    dataset = dataset or run.data()
    images = calibration_images(dataset, settings.calibrate)
    mean, deviation = run.form.mean, run.form.deviation
    model = quantise(network, images, bits=settings.bits, mean=mean, deviation=deviation)
    kept = accuracy_kept(network, model, dataset.test)
    if settings.min_accuracy is not None:
        kept.require(settings.min_accuracy)
    facts = facts_of(run, calibration=len(images), accuracy=kept)
    code = c_source(model, facts, name=settings.name, optimise=settings.optimise) if "c" in settings.formats else None
    material = _Material(run, network, model, lower(network, mean, deviation), facts, settings, code)
    files: dict[str, str | bytes] = {f"{settings.name}.int8.json": _text(integer_json(model, facts))}
    for each in settings.formats:
        files |= FORMATS[each](material)
    files[REPORT] = _text(_report(model, code, facts, settings, sorted(files)), indent=2)
    _write_folder(folder, files)
    return ExportedRun(folder, tuple(sorted(files)), model, kept, code)


@dataclass(frozen=True, eq=False)
class _Material:
    """What the formats are written from; `code` is there with the format `c`."""

    run: Run
    network: nn.Module
    model: IntegerModel
    real: FloatModel
    facts: ExportFacts
    settings: ExportSettings
    code: CSource | None


Files = Mapping[str, str | bytes]


def _c_files(given: _Material) -> Files:
    code, name = given.code, given.settings.name
    assert code is not None
    return {
        f"{name}.h": code.header,
        f"{name}.c": code.source,
        f"{name}_test.c": c_test(given.model, code),
        "README.md": c_readme(given.model, code, given.facts),
    }


def _onnx_files(given: _Material) -> Files:
    name, batch = given.settings.name, given.settings.batch
    return {
        f"{name}.float32.onnx": float_onnx(given.real, given.facts, batch=batch),
        f"{name}.int8.onnx": integer_onnx(given.model, given.facts, batch=batch),
    }


def _tflite_files(given: _Material) -> Files:
    file = integer_tflite(given.model, given.facts, batch=given.settings.batch)
    return {f"{given.settings.name}.int8.tflite": file}


def _json_files(given: _Material) -> Files:
    return {f"{given.settings.name}.float32.json": _text(float_json(given.real, given.facts))}


def _torch_files(given: _Material) -> Files:
    name, real = given.settings.name, given.real
    return {
        f"{name}.py": torch_file(given.network, given.facts, name, real.mean, real.deviation),
        f"{name}.safetensors": (given.run.path / MODEL).read_bytes(),
    }


FORMATS: dict[str, Callable[[_Material], Files]] = {
    "c": _c_files,
    "onnx": _onnx_files,
    "tflite": _tflite_files,
    "json": _json_files,
    "torch": _torch_files,
}


def _report(
    model: IntegerModel, code: CSource | None, facts: ExportFacts, settings: ExportSettings, files: Sequence[str]
) -> dict[str, Any]:
    report = facts.document() | {
        "name": settings.name,
        "bits": model.bits,
        "weight_bytes": model.weight_bytes,
        "largest_sum": max(layer.requantising.bound for layer in model.layers if hasattr(layer, "requantising")),
        "files": list(files),
    }
    if code is not None:
        steps = [
            {"name": step.name, "bytes": step.target.size, "offset": code.arena.offsets.get(step.target)}
            for step in code.steps
        ]
        report |= {"optimise": settings.optimise, "arena_bytes": code.arena.size, "steps": steps}
    return report


def _text(document: Mapping[str, Any], *, indent: int | None = None) -> str:
    separators = None if indent else (",", ":")
    return json.dumps(finite(document), ensure_ascii=False, indent=indent, separators=separators) + "\n"


def _require_new(folder: Path) -> None:
    if folder.exists() or folder.is_symlink():
        raise TersenetError(
            "The folder of the export exists already.",
            got=folder,
            expected="a folder that does not exist yet",
            hint="name another with --out FOLDER, or delete that one",
        )


def _write_folder(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write all files beside the folder's place, then give them its name at once."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as aside:
            for name, content in files.items():
                write_whole(Path(aside) / name, content)
            Path(aside).chmod(0o755)
            _require_new(folder)
            shutil.copytree(aside, folder)
    except OSError as error:
        raise TersenetError(
            "The export cannot be written.", got=error.strerror or error, where=folder, hint="choose another folder"
        ) from None
