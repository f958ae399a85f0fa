"""What an ONNX file says of itself, as its metadata properties."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version

from tersenet.export.facts import ExportFacts
from tersenet.export.folded.graph import Shape
from tersenet.export.onnx.protobuf import OnnxGraph, value_info

Batch = int | None


def metadata_of(facts: ExportFacts, mean: Sequence[float], deviation: Sequence[float]) -> dict[str, str]:
    """Key and value of each property; what is not text is JSON."""
    found = facts.document()
    return {
        "notation": facts.network,
        "run": facts.run,
        "data": facts.data,
        "classes": json.dumps(list(facts.classes), ensure_ascii=False),
        "weights_sha256": facts.weights_sha256,
        "mean": json.dumps(list(mean)),
        "deviation": json.dumps(list(deviation)),
        "accuracy": json.dumps(found["accuracy"]),
        "normalisation": "folded: give pixels, 0 to 255",
    }


def finished(
    graph: OnnxGraph,
    shape: Shape,
    classes: int,
    outputs: Sequence[tuple[str, str]],
    metadata: dict[str, str],
    batch: Batch,
) -> bytes:
    """The file of a graph that takes `picture`, uint8 `[batch, C, H, W]`; `outputs` are names and types."""
    many: int | str = "batch" if batch is None else batch
    inputs = [value_info("picture", "uint8", [many, *shape])]
    results = [value_info(name, kind, [many, classes]) for name, kind in outputs]
    return graph.model(inputs, results, metadata, version("tersenet"))
