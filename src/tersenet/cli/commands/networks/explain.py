"""Look inside a run: what each class looks at in a picture, the kernels, the maps of each layer, what excites a unit.

RUN is a run: its folder, its name, or an experiment (its latest run). PICTURE is any picture of one digit, read as by
`tersenet predict`; --index takes a picture of the test set instead. Writes one figure (explain.png) and one page
(explain.html, with its pictures inside).

examples:
  tersenet explain sprint seven.png
  tersenet explain gap-14320 --index 947
  tersenet explain gap-14320 --index 947 --layer 12 --unit 3 --out pages
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from tersenet.cli.arguments import RUNS_DIR, DataDir, RunsDir
from tersenet.cli.commands.runs.evaluate import say_unfinished
from tersenet.cli.output import Output, TrustArguments, option

if TYPE_CHECKING:
    from tersenet.inspection import Explanation, Unit


@dataclass(frozen=True, kw_only=True)
class Arguments(TrustArguments):
    """What `tersenet explain` takes."""

    run: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="RUN")]]
    """A run: its folder, its name, or an experiment (its latest run)."""
    picture: Annotated[
        tyro.conf.Positional[Path | None], tyro.conf.arg(metavar="[PICTURE]", help_behavior_hint="")
    ] = None
    """The picture file."""
    index: Annotated[int | None, option("N")] = None
    """Explain picture N of the test set, counted from 0."""
    layer: Annotated[str | None, option("LAYER")] = None
    """Layer whose units are shown with the pictures that excite them most; see `tersenet summary` (5, ReLU-5)."""
    unit: Annotated[int | None, option("N")] = None
    """Only this unit of the layer (default: the five that the picture excites most)."""
    pictures: Annotated[int, tyro.conf.arg(metavar="N")] = 6
    """Pictures shown for each unit; with 0 the test set is not searched."""
    out: Annotated[Path | None, option("FOLDER")] = None
    """Folder to write to (default: RUN/explain/PICTURE)."""
    data_dir: DataDir = None
    runs_dir: RunsDir = RUNS_DIR


def run(arguments: Arguments, output: Output) -> int:
    """Look inside, write the figure and the page, say the class and where they are."""
    from tersenet.inspection import explain
    from tersenet.pages import write_explanation
    from tersenet.runs import find_run, output_folder

    run = find_run(arguments.run, arguments.runs_dir)
    found = explain(
        run,
        arguments.picture,
        index=arguments.index,
        layer=arguments.layer,
        unit=arguments.unit,
        count=arguments.pictures,
        data_dir=arguments.data_dir,
    )
    name = f"test-{arguments.index}" if arguments.picture is None else arguments.picture.stem
    written = write_explanation(found, arguments.out or output_folder(run, "explain") / name)
    guess = found.guess
    said = f"{found.picture}: classified as {found.classes[guess]}, {100 * found.probabilities[guess]:.2f} %"
    output.say(said + (f" (label {found.classes[found.label]})" if found.label is not None else ""), style="bold")
    exact = "exact" if found.activation.bias is not None else "an approximation (Grad-CAM)"
    output.say(f"class activation maps from {found.activation.layer.name}: {exact}")
    say_unfinished(run, output)
    if found.notice:
        output.say(found.notice, style="bold yellow")
    output.say(f"figure: {written.figure}")
    output.say(f"page:   {written.page}")
    output.document(_document(found, {"figure": str(written.figure), "page": str(written.page)}))
    return 0


def _document(found: Explanation, written: dict[str, str]) -> dict[str, Any]:
    activation = found.activation
    return {
        "run": found.network,
        "data": found.data,
        "picture": found.picture,
        **written,
        "label": found.label,
        "class": found.guess,
        "name": found.classes[found.guess],
        "probability": found.probabilities[found.guess],
        "probabilities": found.probabilities,
        "logits": found.logits,
        "class_activation": {
            "method": activation.method,
            "layer": activation.layer.name,
            "bias": None if activation.bias is None else activation.bias.tolist(),
            "maps": activation.maps[0].tolist(),
        },
        "layers": [
            {
                "number": layer.number,
                "name": layer.name,
                "module": layer.path,
                "output_shape": layer.output.shape[1:],
                "receptive_field": square.size if (square := layer.square()) else None,
            }
            for layer in found.layers
        ],
        "unit_layer": found.unit_layer.name if found.unit_layer else None,
        "units": [_unit(unit) for unit in found.units],
    }


def _unit(unit: Unit) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "unit": unit.number,
        "value": unit.here.value,
        "position": unit.here.position,
        "share": unit.share,
        "pictures": [asdict(picture) for picture in unit.pictures],
    }
