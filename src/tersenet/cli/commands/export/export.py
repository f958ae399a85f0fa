"""Write a trained network as files for other programs: C code, ONNX, JSON, PyTorch. Or verify such files.

RUN is a finished run: its folder, its name, or an experiment (its latest run). `verify` and a folder compiles the C
code there, lets it classify the whole test set, and compares every score with the simulation.

examples:
  tersenet export stem-17150 --to c                     C code, in the folder digits
  tersenet export sprint --to c,onnx,json --name reader
  tersenet export sprint --min-accuracy 99.4            fail if 8 bits cost too much
  tersenet export verify digits                         0 differences on all pictures

Exit status: 0 done; 1 an error, a difference, or an accuracy below the minimum.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from tersenet._errors import TersenetError, check_setting
from tersenet.cli.arguments import RUNS_DIR, DataDir, RunsDir, given, refuse_all_but
from tersenet.cli.output import CommonArguments, Output, option, say_notices

if TYPE_CHECKING:
    from tersenet.export import Compared, ExportedRun

VERIFY = "verify"
WITH_VERIFY = {"run", "folder", "pictures", "data_dir", "json"}


@dataclass(frozen=True, kw_only=True)
class Arguments(CommonArguments):
    """What `tersenet export` takes."""

    run: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="RUN")]]
    """A finished run, or the word verify."""
    folder: tyro.conf.Positional[Annotated[Path | None, tyro.conf.arg(metavar="[FOLDER]", help_behavior_hint="")]] = (
        None
    )
    """verify: the folder that was exported."""
    to: Annotated[str, tyro.conf.arg(metavar="FORMATS")] = "c"
    """c, onnx, json and torch, with commas between."""
    name: Annotated[str, tyro.conf.arg(metavar="NAME")] = "digits"
    """How files and C functions are called: a C identifier in small letters."""
    out: Annotated[Path | None, option("FOLDER")] = None
    """The folder to write, which must not exist (default: the name)."""
    bits: Annotated[int, tyro.conf.arg(metavar="N")] = 8
    """Bits of the weights, 2 to 8."""
    calibrate: Annotated[int, tyro.conf.arg(metavar="N")] = 500
    """Training images from which the scales of the values are chosen."""
    min_accuracy: Annotated[float | None, option("PERCENT")] = None
    """Fail where the integer model classifies fewer percent of the test set correctly."""
    optimise: Annotated[str, tyro.conf.arg(metavar="size|speed")] = "size"
    """C: one function for all layers of a kind, or code for each layer."""
    batch: Annotated[int | None, option("N")] = None
    """ONNX: the number of pictures of a call, fixed in the file (default: any)."""
    pictures: Annotated[int | None, option("N")] = None
    """verify: only the first N test pictures."""
    data_dir: DataDir = None
    runs_dir: RunsDir = RUNS_DIR


def run(arguments: Arguments, output: Output) -> int:
    """Export a run, or verify a folder."""
    if arguments.run == VERIFY:
        return _verify(arguments, output)
    if arguments.folder is not None or arguments.pictures is not None:
        raise TersenetError(
            "A folder and --pictures belong to `tersenet export verify`.",
            got=", ".join(each for name, each in given(arguments).items() if name in ("folder", "pictures")),
            hint=f"tersenet export {arguments.run} --out FOLDER",
        )
    from tersenet.export import ExportSettings, export_run
    from tersenet.runs import find_run

    settings = ExportSettings(
        formats=tuple(word.strip() for word in arguments.to.split(",")),
        name=arguments.name,
        bits=arguments.bits,
        calibrate=arguments.calibrate,
        min_accuracy=arguments.min_accuracy,
        optimise=arguments.optimise,
        batch=arguments.batch,
    )
    found = find_run(arguments.run, arguments.runs_dir)
    dataset = found.data(arguments.data_dir)
    say_notices(dataset, output)
    exported = export_run(found, arguments.out or Path(arguments.name), settings, dataset=dataset)
    _say(exported, dataset.name, output)
    output.document(_document(exported))
    return 0


def _say(exported: ExportedRun, data: str, output: Output) -> None:
    kept = exported.accuracy
    output.say(
        f"int8 {kept.after}/{kept.images} ({kept.percent_after:.2f} %) on the test set of {data}; "
        f"float32 {kept.before}/{kept.images} ({kept.percent_before:.2f} %)",
        style="bold",
    )
    output.say(f"{kept.changed} pictures have another class; McNemar's test: p = {kept.test.p:.2g}")
    memory = "" if exported.code is None else f", working memory {exported.code.arena.size:,} bytes"
    output.say(f"weights {exported.model.weight_bytes:,} bytes{memory}")
    for name in exported.files:
        output.say(f"wrote {exported.folder / name}")
    if exported.code is not None:
        output.say(f"check it: tersenet export verify {exported.folder}")


def _document(exported: ExportedRun) -> dict[str, object]:
    kept = exported.accuracy
    return {
        "folder": str(exported.folder),
        "files": list(exported.files),
        "weight_bytes": exported.model.weight_bytes,
        "arena_bytes": None if exported.code is None else exported.code.arena.size,
        "images": kept.images,
        "float32_accuracy": kept.percent_before,
        "int8_accuracy": kept.percent_after,
        "changed_classes": kept.changed,
        "mcnemar_p": kept.test.p,
    }


def _verify(arguments: Arguments, output: Output) -> int:
    refuse_all_but(
        WITH_VERIFY,
        arguments,
        problem="This option belongs to an export, not to its verification.",
        hint="tersenet export verify FOLDER",
    )
    if arguments.folder is None:
        raise TersenetError(
            "The folder to verify is missing.", got="tersenet export verify", hint="tersenet export verify FOLDER"
        )
    count = arguments.pictures
    check_setting(count is None or count >= 1, "--pictures", count, "1 or more")
    from tersenet.export import compare_on_host, read_folder_of_export

    exported = read_folder_of_export(arguments.folder)
    images = exported.pictures(count, arguments.data_dir)
    compared = [compare_on_host(exported.folder, exported.name, exported.model, images)]
    _require_equal(compared, arguments.folder)
    output.say(f"{exported.facts['network']}, {len(images):,} test pictures of {exported.facts['data']}")
    for each in compared:
        output.say(f"{each.target}: {each.different} differences", style="bold")
    output.document({"folder": str(arguments.folder), "targets": [asdict(each) for each in compared]})
    return 0


def _require_equal(compared: list[Compared], folder: Path) -> None:
    apart = [each for each in compared if each.different]
    if apart:
        raise TersenetError(
            "The exported code differs from the simulation.",
            got="\n".join(
                f"{each.target}: {each.different} of {each.pictures} pictures\n{each.first}" for each in apart
            ),
            expected="0 differences",
            where=folder,
        )
