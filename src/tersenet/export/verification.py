"""`tersenet export verify`: exported code on this machine and on emulated devices, against the simulation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from tersenet._errors import TersenetError
from tersenet.data import Dataset, load_data, match_classes
from tersenet.export.folder import REPORT
from tersenet.export.integers.integer import IntegerModel
from tersenet.export.json_format import read_integer_json


@dataclass(frozen=True, eq=False)
class ExportedFolder:
    """An exported folder that was read back: the name of its files, its integer model and its facts."""

    folder: Path
    name: str
    model: IntegerModel
    facts: dict[str, Any]

    def dataset(self, data_dir: Path | None = None) -> Dataset:
        """The data set that the network was trained on."""
        dataset = load_data(self.facts["data"], data_dir=data_dir)
        return match_classes(self.facts["classes"], dataset)

    def pictures(self, count: int | None, data_dir: Path | None = None) -> Tensor:
        """The first `count` test pictures of the data set, or all."""
        return self.dataset(data_dir).test.images[:count]


def read_folder_of_export(folder: Path) -> ExportedFolder:
    """An exported folder; raises TersenetError where it is not one, or has no C code."""
    if not (folder / REPORT).is_file():
        raise TersenetError(
            "This is not an exported folder.",
            got=folder,
            expected=f"a folder that `tersenet export` wrote, with {REPORT}",
        )
    models = sorted(folder.glob("*.int8.json"))
    if len(models) != 1:
        raise TersenetError(
            "The exported folder does not hold one integer model.",
            got=", ".join(path.name for path in models) or "no NAME.int8.json",
            expected="one NAME.int8.json",
            where=folder,
        )
    name = models[0].name.removesuffix(".int8.json")
    if not (folder / f"{name}.c").is_file():
        raise TersenetError(
            "There is no C code in this folder.",
            got=", ".join(sorted(path.name for path in folder.iterdir())),
            expected=f"{name}.c",
            where=folder,
            hint="tersenet export RUN --to c",
        )
    model, facts = read_integer_json(models[0])
    return ExportedFolder(folder, name, model, facts)
