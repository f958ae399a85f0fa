"""Networks as JSON: one file with layers, and tensors in base64. docs/export.md describes the format."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tersenet._errors import TersenetError
from tersenet.export.facts import ExportFacts
from tersenet.export.folded.graph import (
    Add,
    Average,
    Borders,
    Convolve,
    FloatModel,
    Join,
    Layer,
    Lookup,
    Maximum,
    Normalise,
    Window,
)
from tersenet.export.integers.integer import (
    IntegerAdd,
    IntegerAverage,
    IntegerConvolve,
    IntegerJoin,
    IntegerLayer,
    IntegerLookup,
    IntegerMaps,
    IntegerMaximum,
    IntegerModel,
    IntegerWindow,
    Requantising,
)

FORMAT, VERSION = "tersenet-network", 1
STORED = {"int8": "<i1", "int16": "<i2", "int32": "<i4", "float32": "<f4"}


class _Tensors:
    """The tensors of a file: each is stored once, and named by its place."""

    def __init__(self) -> None:
        self.stored: list[dict[str, Any]] = []
        self.places: dict[tuple[str, str, tuple[int, ...]], int] = {}

    def place(self, values: np.ndarray, kind: str) -> int:
        data = base64.b64encode(np.ascontiguousarray(values).astype(STORED[kind]).tobytes()).decode()
        key = (kind, data, values.shape)
        if key not in self.places:
            self.places[key] = len(self.stored)
            self.stored.append({"type": kind, "shape": list(values.shape), "data": data})
        return self.places[key]


def integer_json(model: IntegerModel, facts: ExportFacts) -> dict[str, Any]:
    """The integer model as plain JSON."""
    tensors = _Tensors()
    layers = [_integer_layer(layer, tensors) for layer in model.layers]
    maps = [
        {"name": maps.name, "shape": list(maps.shape), "scale": maps.scale, "signed": maps.signed}
        for maps in model.maps
    ]
    form = {"notation": model.notation, "bits": model.bits, "mean": model.mean, "deviation": model.deviation}
    return _document("int8", form, maps, layers, tensors, facts)


def float_json(model: FloatModel, facts: ExportFacts) -> dict[str, Any]:
    """The network in float32 as plain JSON; normalisations are folded."""
    tensors = _Tensors()
    places = {maps: place for place, maps in enumerate(model.maps)}
    layers = [
        {
            "kind": type(layer).__name__.lower(),
            "name": layer.name,
            "sources": [places[maps] for maps in layer.sources],
            "target": places[layer.target],
            **_float_fields(layer, tensors),
        }
        for layer in model.layers
    ]
    maps = [{"name": maps.name, "shape": list(maps.shape)} for maps in model.maps]
    form = {"notation": model.notation, "mean": model.mean, "deviation": model.deviation}
    return _document("float32", form, maps, layers, tensors, facts)


def _document(
    kind: str, form: Mapping[str, Any], maps: list[Any], layers: list[Any], tensors: _Tensors, facts: ExportFacts
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "arithmetic": kind,
        **form,
        "facts": facts.document(),
        "maps": maps,
        "layers": layers,
        "tensors": tensors.stored,
    }


def _window(layer: Window | IntegerWindow) -> dict[str, Any]:
    return {
        "kernel": list(layer.kernel),
        "stride": layer.stride,
        "padding": layer.padding,
        "dilation": layer.dilation,
    }


def _borders(borders: Borders) -> dict[str, Any]:
    return {"rows": list(borders.rows), "columns": list(borders.columns)}


def _float_fields(layer: Layer, tensors: _Tensors) -> dict[str, Any]:
    def tensor(values: Any) -> int:
        return tensors.place(values.numpy(), "float32")

    match layer:
        case Convolve():
            own = {"groups": layer.groups, "weights": tensor(layer.weights), "bias": tensor(layer.bias)}
            return _window(layer) | own | _borders(layer.borders) | {"relu": layer.relu}
        case Average():
            own = {"gain": tensor(layer.gain), "bias": tensor(layer.bias)}
            return _window(layer) | own | _borders(layer.borders) | {"relu": layer.relu}
        case Maximum():
            return _window(layer)
        case Lookup():
            slopes = None if layer.slopes is None else tensor(layer.slopes)
            return {"function": layer.function, "slopes": slopes}
        case Add():
            return {"relu": layer.relu}
        case Join():
            return {}
        case Normalise():
            own = {"gain": tensor(layer.gain), "shift": tensor(layer.shift)}
            return {"groups": layer.groups, "epsilon": layer.epsilon, **own}
    raise TypeError(layer)


_KINDS: dict[str, type[IntegerLayer]] = {
    "convolve": IntegerConvolve,
    "average": IntegerAverage,
    "maximum": IntegerMaximum,
    "lookup": IntegerLookup,
    "add": IntegerAdd,
    "join": IntegerJoin,
}


def _integer_layer(layer: IntegerLayer, tensors: _Tensors) -> dict[str, Any]:
    kind = next(name for name, made in _KINDS.items() if isinstance(layer, made))
    fields: dict[str, Any] = {
        "kind": kind,
        "name": layer.name,
        "sources": [maps.index for maps in layer.sources],
        "target": layer.target.index,
    }
    if isinstance(layer, IntegerWindow):
        fields |= _window(layer)
    if isinstance(layer, IntegerConvolve):
        fields["groups"] = layer.groups
        fields["weights"] = tensors.place(layer.weights, "int8")
        fields["weight_scales"] = tensors.place(layer.weight_scales, "float32")
    if isinstance(layer, IntegerAverage):
        fields["gain"] = tensors.place(layer.gain, "int8")
        fields["gain_scales"] = tensors.place(layer.gain_scales, "float32")
    if isinstance(layer, (IntegerConvolve, IntegerAverage)):
        how = layer.requantising
        fields["bias"] = tensors.place(layer.bias, "int32")
        fields |= _borders(layer.borders)
        fields["multipliers"] = tensors.place(how.multipliers, "int32")
        fields["shifts"] = tensors.place(how.shifts, "int32")
        fields |= {"low": how.low, "high": how.high, "bound": how.bound, "wide": how.wide}
    if isinstance(layer, IntegerLookup):
        fields |= {"function": layer.function, "table": tensors.place(layer.table, "int16")}
    if isinstance(layer, IntegerAdd):
        fields |= {"low": layer.low, "high": layer.high}
    return fields


def read_integer_json(path: Path) -> tuple[IntegerModel, dict[str, Any]]:
    """An integer model and its facts from a file; raises TersenetError where it is not such a file."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if (document["format"], document["version"], document["arithmetic"]) != (FORMAT, VERSION, "int8"):
            raise ValueError(f"{document['format']} {document['version']}, {document['arithmetic']}")
        return _model(document), document["facts"]
    except OSError as error:
        raise TersenetError("The exported network cannot be read.", got=error.strerror, where=path) from None
    except (ValueError, KeyError, IndexError, TypeError, UnicodeDecodeError) as error:
        raise TersenetError(
            "This is not an exported integer network.",
            got=f"{type(error).__name__}: {error}",
            expected=f"a file NAME.int8.json of {FORMAT}, version {VERSION}",
            where=path,
        ) from None


def _model(document: dict[str, Any]) -> IntegerModel:
    maps = tuple(
        IntegerMaps(place, each["name"], tuple(each["shape"]), each["scale"], each["signed"])
        for place, each in enumerate(document["maps"])
    )
    tensors = [
        np.frombuffer(base64.b64decode(each["data"]), STORED[each["type"]]).reshape(each["shape"]).copy()
        for each in document["tensors"]
    ]
    return IntegerModel(
        document["notation"],
        document["bits"],
        tuple(document["mean"]),
        tuple(document["deviation"]),
        maps,
        tuple(_read_layer(layer, maps, tensors) for layer in document["layers"]),
    )


def _read_layer(layer: dict[str, Any], maps: tuple[IntegerMaps, ...], tensors: list[np.ndarray]) -> IntegerLayer:
    kind = _KINDS[layer["kind"]]
    fields: dict[str, Any] = {
        "name": layer["name"],
        "sources": tuple(maps[place] for place in layer["sources"]),
        "target": maps[layer["target"]],
    }
    if issubclass(kind, IntegerWindow):
        fields["kernel"] = tuple(layer["kernel"])
        fields |= {name: layer[name] for name in ("stride", "padding", "dilation")}
    for name in ("weights", "weight_scales", "gain", "gain_scales", "bias", "table"):
        if name in layer:
            fields[name] = tensors[layer[name]]
    fields |= {name: layer[name] for name in ("groups", "function") if name in layer}
    if "multipliers" in layer:
        fields["borders"] = Borders(tuple(layer["rows"]), tuple(layer["columns"]))
        fields["requantising"] = Requantising(
            tensors[layer["multipliers"]],
            tensors[layer["shifts"]],
            layer["low"],
            layer["high"],
            layer["bound"],
            layer["wide"],
        )
    elif kind is IntegerAdd:
        fields |= {"low": layer["low"], "high": layer["high"]}
    return kind(**fields)
