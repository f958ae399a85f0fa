"""The commands: their names in the order of the help, where they are, and one line about each."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from types import ModuleType


@dataclass(frozen=True)
class Command:
    """One command: `tersenet NAME`, in `cli/commands/FOLDER/NAME.py`."""

    name: str
    folder: str
    words: str

    def load(self) -> ModuleType:
        """Its module: `Arguments`, `run`, and a docstring that becomes the help."""
        return importlib.import_module(f"tersenet.cli.commands.{self.folder}.{self.name}")


COMMANDS = {
    command.name: command
    for command in (
        Command("train", "training", "train a network and write its report"),
        Command("search", "training", "find the best network of a space within limits"),
        Command("evaluate", "runs", "measure a run: accuracy, each class, confusions, mistakes"),
        Command("predict", "images", "classify pictures with a trained network"),
        Command("doctor", "networks", "look for problems in a run or a network"),
        Command("explain", "networks", "look inside a run: what each class looks at, kernels, maps"),
        Command("summary", "networks", "show the layers of a network: shapes, parameters, operations"),
        Command("check", "networks", "check a network against a budget, for continuous integration"),
        Command("networks", "networks", "list the named networks and their accuracies"),
        Command("experiments", "runs", "list the bundled experiments and their results"),
        Command("new", "training", "write a new experiment file, every field explained"),
        Command("data", "images", "list, fetch, verify and show data sets; preview augmentation"),
        Command("compare", "runs", "compare runs or groups: which is better, is it significant"),
        Command("report", "runs", "write the report of a run again"),
        Command("runs", "runs", "list the runs in a folder; the best of them by parameters"),
        Command("claim", "runs", "write a result into one file that anyone can verify"),
        Command("verify", "runs", "check a claim by evaluating or training it again"),
        Command("serve", "web", "show your runs and the pages to play with in a browser"),
        Command("site", "web", "write the pages to play with as files, for any browser"),
        Command("export", "export", "write a trained network as C, ONNX, TFLite or JSON; verify it"),
        Command("completion", "shell", "let your shell complete commands, options and names"),
        Command("backprop", "backprop", "backpropagation lab: derive, table, study, workbook and more"),
    )
}
