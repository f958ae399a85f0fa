"""The arguments of the subcommands of `tersenet backprop`, and how their numbers are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from tersenet._errors import TersenetError
from tersenet.cli.output import CommonArguments, option

if TYPE_CHECKING:
    from tersenet.backprop import Problem


@dataclass(frozen=True, kw_only=True)
class NumbersArguments(CommonArguments):
    """The network and its numbers; the default is the course spreadsheet's."""

    example: Annotated[Literal["course", "mazur", "write-up"] | None, option("{course,mazur}")] = None
    """Numbers to start from: the course spreadsheet's (the default) or Matt Mazur's."""

    problem: Annotated[Path | None, option("FILE")] = None
    """TOML file with your numbers; its keys have the names of these flags."""

    sizes: Annotated[str | None, option("SIZES")] = None
    """Layer sizes, such as 2-3-3-1."""

    activation: Annotated[tuple[str, ...], option("NAME ...")] = ()
    """sigmoid, tanh, relu or identity: one for all layers, or one for each."""

    loss: Annotated[Literal["half-squared", "cross-entropy"] | None, option("{half-squared,cross-entropy}")] = None
    """Cross-entropy puts a softmax on the outputs."""

    inputs: Annotated[tuple[str, ...], option("X ...")] = ()
    """Input values; for several samples, the values of one sample after the other."""

    targets: Annotated[tuple[str, ...], option("X ...")] = ()
    """Target values, one per output and sample."""

    weights: Annotated[tuple[str, ...], option("X ...")] = ()
    """All weights in order, or some by name, such as w5=0.3."""

    biases: Annotated[tuple[str, ...], option("X ...")] = ()
    """on, off, all biases in order, or some by name, such as b1=0.35."""

    seed: Annotated[int | None, option("N")] = None
    """Seed for the numbers that new sizes need and that are not given."""


@dataclass(frozen=True, kw_only=True)
class DeriveArguments(NumbersArguments):
    """Derive ∂E_total/∂w step by step: the paths of the weight, each chain-rule factor, the product, the numbers.

    examples:
      tersenet backprop derive --weight w5
      tersenet backprop derive --weight w1 --format html --out w1.html
      tersenet backprop derive --sizes 2-3-3-1 --activation tanh --weight w7
    """

    weight: Annotated[str | None, option("NAME")] = None
    """The weight or bias (default: all)."""

    format: Literal["text", "markdown", "html"] = "text"
    """Text for the terminal, Markdown with LaTeX, or an HTML page with a drawing; the page works offline."""

    out: Annotated[Path | None, option("FILE")] = None
    """Write the page to this file instead of printing it."""


@dataclass(frozen=True, kw_only=True)
class TableArguments(NumbersArguments):
    """Show gradient descent as a table, one row per step; row 0 is the start.

    examples:
      tersenet backprop table --steps 68 --lr 1
      tersenet backprop table --all --every 1
      tersenet backprop table --step 3
      tersenet backprop table --example mazur --steps 10000 --lr 0.5 --csv mazur.csv
    """

    steps: int = 68
    """Number of updates."""

    lr: float = 1.0
    """Learning rate."""

    momentum: float = 0.0
    """As in torch's SGD: v ← momentum·v + gradient, w ← w − lr·v."""

    step: Annotated[int | None, option("K")] = None
    """Print all chain-rule factors of all weights at this step."""

    all: bool = False
    """Show all columns, in blocks that fit the terminal."""

    columns: Annotated[tuple[str, ...], option("NAME ...")] = ()
    """Show only these columns, such as E_total w5 dE/dw5."""

    every: Annotated[int | None, option("N")] = None
    """Show every Nth step (default: about twenty rows)."""

    csv: Annotated[Path | None, option("FILE")] = None
    """Write all columns of all steps to this CSV file."""


@dataclass(frozen=True, kw_only=True)
class StudyArguments(NumbersArguments):
    """Compare learning rates: the losses, the steps that reach given losses, and a verdict on each rate.

    examples:
      tersenet backprop study --lr 0.1 0.2 0.5 0.8 1 2 1000
      tersenet backprop study --lr 70 100 200 --steps 300
      tersenet backprop study --figures figures
    """

    lr: tuple[float, ...] = (0.1, 0.2, 0.5, 0.8, 1.0, 2.0, 1000.0)
    """Learning rates."""

    steps: int = 68
    """Number of updates; a second verdict, after 1,000 steps, is shown beside the first."""

    momentum: float = 0.0
    """As in torch's SGD."""

    reach: tuple[float, ...] = (1e-2, 1e-3, 1e-4)
    """Losses to reach: the table shows the first step at or below each."""

    figures: Annotated[Path | None, option("FOLDER")] = None
    """Write figures to this folder: all curves in one, and one small figure per rate."""


@dataclass(frozen=True, kw_only=True)
class SurfaceArguments(NumbersArguments):
    """Draw the loss over two weights with the path of gradient descent.

    examples:
      tersenet backprop surface --over w5 w7 --out surface.png
      tersenet backprop surface --over w1 w5 --lr 20 --steps 200 --span 6 --out surface.png
    """

    over: tuple[str, str] = ("w5", "w7")
    """The two weights."""

    lr: float = 1.0
    """Learning rate."""

    steps: int = 68
    """Number of updates."""

    momentum: float = 0.0
    """As in torch's SGD."""

    span: Annotated[float | None, option("X")] = None
    """Half the width of the figure in units of the weights (default: wide enough for the path)."""

    out: Path = Path("surface.png")
    """Output file: .png, .svg or .pdf."""


@dataclass(frozen=True, kw_only=True)
class WorkbookArguments(NumbersArguments):
    """Write a spreadsheet that recalculates: change a yellow cell and every formula updates.

    examples:
      tersenet backprop workbook lab.xlsx
      tersenet backprop workbook mazur.xlsx --example mazur --lr 0.5 --steps 200
    """

    path: tyro.conf.Positional[Path]
    """Output file; its name ends in .xlsx."""

    steps: int = 68
    """Number of updates."""

    lr: float = 1.0
    """Learning rate on the sheet Descent."""

    rates: tuple[float, ...] = (0.1, 0.2, 0.5, 0.8, 1.0, 2.0, 1000.0)
    """Learning rates on the sheet Study."""


@dataclass(frozen=True, kw_only=True)
class ConvArguments(CommonArguments):
    """Show backpropagation through a small convolution, ReLU, pooling, a dense unit and the loss.

    examples:
      tersenet backprop conv
      tersenet backprop conv --pooling average --figure conv.png
      tersenet backprop conv --image "1 0 2 1 / 0 1 0 2 / 3 1 0 0 / 1 2 1 0" --kernel "1 -1 0 / 0 1 0 / 1 0 -1"
      --pool 2
    """

    problem: Annotated[Path | None, option("FILE")] = None
    """TOML file with your numbers: image, kernel, dense, bias, dense_bias, target, pooling, pool."""

    image: Annotated[str | None, option("ROWS")] = None
    """Rows of pixels, separated by /."""

    kernel: Annotated[str | None, option("ROWS")] = None
    """Rows of the kernel, separated by /."""

    dense: Annotated[tuple[str, ...], option("X ...")] = ()
    """Weights of the dense unit, one per pooled value, row by row."""

    bias: Annotated[float | None, option("X")] = None
    """Bias of the convolution."""

    dense_bias: Annotated[float | None, option("X")] = None
    """Bias of the dense unit."""

    target: Annotated[float | None, option("X")] = None
    """The target t."""

    pooling: Annotated[Literal["max", "average"] | None, option("{max,average}")] = None
    """Kind of pooling."""

    pool: Annotated[int | None, option("N")] = None
    """Side of the pooling window."""

    figure: Annotated[Path | None, option("FILE")] = None
    """Draw all matrices with their values in this file: .png, .svg or .pdf."""


@dataclass(frozen=True, kw_only=True)
class BatchnormArguments(CommonArguments):
    """Show backpropagation through batch normalisation: directly, through the mean, and through the variance.

    examples:
      tersenet backprop batchnorm
      tersenet backprop batchnorm --batch 1 2 3 4 --targets 0 0 1 1 --gamma 2
    """

    problem: Annotated[Path | None, option("FILE")] = None
    """TOML file with your numbers: batch, targets, gamma, beta, epsilon."""

    batch: Annotated[tuple[str, ...], option("X ...")] = ()
    """The batch: two numbers or more."""

    targets: Annotated[tuple[str, ...], option("X ...")] = ()
    """One target per number."""

    gamma: Annotated[float | None, option("X")] = None
    """The scale γ."""

    beta: Annotated[float | None, option("X")] = None
    """The shift β."""

    epsilon: Annotated[float | None, option("X")] = None
    """The ε that is added to the variance."""

    figure: Annotated[Path | None, option("FILE")] = None
    """Draw the three paths in this file: .png, .svg or .pdf."""


@dataclass(frozen=True, kw_only=True)
class ExerciseArguments(NumbersArguments):
    """Make an exercise for a class: a sheet with blanks and its solution, or many variants with one answer key.

    examples:
      tersenet backprop exercise --seed 7
      tersenet backprop exercise --seed 7 --part sheet
      tersenet backprop exercise --out exercise --format html
      tersenet backprop exercise --out class --format html --variants 30
    """

    lr: float = 1.0
    """Learning rate of the step."""

    part: Literal["both", "sheet", "solution"] = "both"
    """The part to print or write."""

    format: Literal["markdown", "html"] = "markdown"
    """Markdown, or HTML pages whose fields check the answers; they work offline."""

    variants: Annotated[int | None, option("N")] = None
    """Make N variants, each with its own seed, and one answer key; the seeds start at --seed."""

    out: Annotated[Path | None, option("FOLDER")] = None
    """Write the files to this folder instead of printing them."""


@dataclass(frozen=True, kw_only=True)
class ErrataArguments(CommonArguments):
    """List the errors in the course material on backpropagation, each beside the correct value.

    examples:
      tersenet backprop errata
      tersenet backprop errata --format markdown --out docs/backprop-errata.md
    """

    format: Literal["text", "markdown"] = "text"
    """A table for the terminal, or a Markdown page."""

    out: Annotated[Path | None, option("FILE")] = None
    """Write the page to this file instead of printing it."""


def problem_of(arguments: NumbersArguments) -> Problem:
    """The problem that the flags and the TOML file describe; a flag wins over the file."""
    from tersenet.backprop import make_problem, read_problem

    chosen: dict[str, Any] = read_problem(arguments.problem) if arguments.problem is not None else {}
    given = {
        "example": arguments.example,
        "sizes": arguments.sizes,
        "activation": arguments.activation or None,
        "loss": arguments.loss,
        "inputs": numbers(arguments.inputs, "inputs") or None,
        "targets": numbers(arguments.targets, "targets") or None,
        "weights": _named_numbers(arguments.weights, "weights"),
        "biases": _switched(arguments.biases),
        "seed": arguments.seed,
    }
    return make_problem(**(chosen | {name: value for name, value in given.items() if value is not None}))


def numbers(words: Sequence[str], where: str) -> list[float]:
    """Words as numbers.

    >>> numbers(["0.5", "-1"], "inputs")
    [0.5, -1.0]
    """
    found = []
    for word in words:
        try:
            found.append(float(word))
        except ValueError:
            raise TersenetError(
                "This is not a number.", got=word, expected="such as 0.5", where=f"--{where}"
            ) from None
    return found


def matrix(text: str, where: str) -> list[list[float]]:
    """Rows of numbers with / between them.

    >>> matrix("1 2 / 3 4", "kernel")
    [[1.0, 2.0], [3.0, 4.0]]
    """
    return [numbers(row.replace(",", " ").split(), where) for row in text.split("/")]


def _named_numbers(words: Sequence[str], where: str) -> list[float] | dict[str, float] | None:
    if not words:
        return None
    if not any("=" in word for word in words):
        return numbers(words, where)
    pairs = [word.partition("=") for word in words]
    return {name: numbers([value], where)[0] for name, _, value in pairs}


def _switched(words: Sequence[str]) -> list[float] | dict[str, float] | bool | None:
    if tuple(words) in (("on",), ("off",)):
        return words[0] == "on"
    return _named_numbers(words, "biases")
