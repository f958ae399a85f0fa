"""Write a trained network as files for other programs: C code, ONNX, TFLite, JSON, PyTorch. Or verify such files.

RUN is a finished run: its folder, its name, or an experiment (its latest run). `verify` and a folder compiles the C
code there, lets it classify the whole test set, and compares every score with the simulation.

examples:
  tersenet export stem-17150 --to c                     C code, in the folder digits
  tersenet export sprint --to c,onnx,json --name reader
  tersenet export sprint --min-accuracy 99.4            fail if 8 bits cost too much
  tersenet export verify digits                         0 differences on all pictures
  tersenet export verify digits --on cortex-m3,rv32imc --ram 4k

Exit status: 0 done; 1 an error, a difference, or an accuracy below the minimum.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from tersenet._errors import TersenetError, check_setting
from tersenet._table import Column, Table
from tersenet.cli.arguments import RUNS_DIR, DataDir, RunsDir, given, refuse_all_but, size_in_bytes
from tersenet.cli.output import CommonArguments, Output, option, say_notices

if TYPE_CHECKING:
    from tersenet.export import Compared, ExportedRun

VERIFY = "verify"
WITH_VERIFY = {"run", "folder", "on", "pictures", "flash", "ram", "data_dir", "json"}
ONLY_VERIFY = ("folder", "on", "pictures", "flash", "ram")
HOST = "host"


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
    """c, onnx, tflite, json and torch, with commas between."""
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
    """ONNX and TFLite: the number of pictures of a call, fixed in the file (default: any)."""
    on: Annotated[str, tyro.conf.arg(metavar="TARGETS")] = HOST
    """verify: host, cortex-m0, cortex-m3, cortex-m4, rv32imc, atmega2560, with commas between."""
    pictures: Annotated[int | None, option("N")] = None
    """verify: the first N test pictures (default: all on the host, 1000 on emulated devices, 20 on AVR)."""
    flash: Annotated[str | None, option("SIZE")] = None
    """verify: the most bytes of code and constants on each emulated device, such as 32k."""
    ram: Annotated[str | None, option("SIZE")] = None
    """verify: the most bytes of memory with the stack; the program is linked for a device with no more."""
    data_dir: DataDir = None
    runs_dir: RunsDir = RUNS_DIR


def run(arguments: Arguments, output: Output) -> int:
    """Export a run, or verify a folder."""
    if arguments.run == VERIFY:
        return _verify(arguments, output)
    if others := [each for name, each in given(arguments).items() if name in ONLY_VERIFY]:
        raise TersenetError(
            "This belongs to `tersenet export verify`.",
            got=", ".join(others),
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
    from tersenet.export import Limits, compare_on_host, compare_on_target, find_target, read_folder_of_export

    limits = Limits(
        flash=None if arguments.flash is None else size_in_bytes(arguments.flash, "--flash"),
        ram=None if arguments.ram is None else size_in_bytes(arguments.ram, "--ram"),
    )
    names = [word.strip() for word in arguments.on.split(",")]
    targets = [None if name == HOST else find_target(name) for name in names]
    exported = read_folder_of_export(arguments.folder)
    images = exported.pictures(None, arguments.data_dir)
    compared = []
    for target in targets:
        subject = exported.folder, exported.name, exported.model
        if target is None:
            compared.append(compare_on_host(*subject, images[:count]))
        else:
            some = images[: count or target.default_pictures]
            compared.append(compare_on_target(target, *subject, some, limits))
    _require_equal(compared, arguments.folder)
    output.say(f"{exported.facts['network']}: the simulation's scores on test pictures of {exported.facts['data']}")
    output.say(_table(compared))
    output.document({"folder": str(arguments.folder), "targets": [asdict(each) for each in compared]})
    return 0


COLUMNS = (
    Column(title="target", right=False),
    Column(title="pictures"),
    Column(title="differences"),
    Column(title="flash", leaves=2),
    Column(title="RAM", leaves=1),
    Column(title="per picture", leaves=3),
)


def _table(compared: list[Compared]) -> Table:
    """One row for each target."""
    rows = []
    for each in compared:
        sizes = ["–" if size is None else f"{size:,}" for size in (each.flash, each.ram)]
        cost = "–" if each.cost is None else f"{each.cost:,} {each.unit}"
        rows.append((each.target, f"{each.pictures:,}", str(each.different), *sizes, cost))
    return Table(columns=COLUMNS, rows=rows)


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
