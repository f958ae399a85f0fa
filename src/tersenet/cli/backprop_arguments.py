"""What the subcommands of `tersenet backprop` take, and the numbers that all of them read alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import tyro

from tersenet._errors import TersenetError
from tersenet.cli.output import CommonArguments

if TYPE_CHECKING:
    from tersenet.backprop import Problem


@dataclass(frozen=True, kw_only=True)
class NumbersArguments(CommonArguments):
    """The network and its numbers; without any, the write-up's."""

    example: Literal["write-up", "mazur"] | None = None
    """Whose numbers to start from: the write-up's (the default) or Matt Mazur's."""

    problem: Path | None = None
    """A TOML file of one's own numbers; its keys are these flags."""

    sizes: str | None = None
    """Layer sizes, such as 2-3-3-1."""

    activation: tuple[str, ...] = ()
    """sigmoid, tanh, relu or identity: one for all layers, or one for each."""

    loss: Literal["half-squared", "cross-entropy"] | None = None
    """Cross-entropy puts a softmax on the outputs."""

    inputs: tuple[str, ...] = ()
    """Input values; twice as many as inputs make two samples, and so on."""

    targets: tuple[str, ...] = ()
    """Target values, as many for each sample as there are outputs."""

    weights: tuple[str, ...] = ()
    """All weights in order, or single ones such as w5=0.3."""

    biases: tuple[str, ...] = ()
    """on, off, all biases in order, or single ones such as b1=0.35."""

    seed: int | None = None
    """Draws what new sizes need and was not given."""


@dataclass(frozen=True, kw_only=True)
class Derive(NumbersArguments):
    """Derive ∂E_total/∂w step by step: what the weight reaches, the paths, each factor, the product, the numbers.

    examples:
      tersenet backprop derive --weight w5
      tersenet backprop derive --weight w1 --format html --out w1.html
      tersenet backprop derive --sizes 2-3-3-1 --activation tanh --biases on --weight w7
    """

    weight: str | None = None
    """The weight or bias; without it, all of them."""

    format: Literal["text", "markdown", "html"] = "text"
    """Text for the terminal, Markdown with LaTeX, or HTML with MathML, which needs no network."""

    out: Path | None = None
    """Write the page here instead of printing it."""


@dataclass(frozen=True, kw_only=True)
class Table(NumbersArguments):
    """Gradient descent as a table, a row a step; row 0 stands before the first update.

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

    step: int | None = None
    """Print every chain-rule factor of every weight at this step."""

    all: bool = False
    """Show all columns, in as many blocks as the width needs."""

    columns: tuple[str, ...] = ()
    """Show these columns only, such as E_total w5 dE/dw5."""

    every: int | None = None
    """Show every so many steps; by default about twenty rows."""

    csv: Path | None = None
    """Write all columns of all steps to this file."""


@dataclass(frozen=True, kw_only=True)
class Study(NumbersArguments):
    """Compare learning rates: the losses, when given losses are reached, and what is seen, named by rule.

    examples:
      tersenet backprop study --lr 0.1 0.2 0.5 0.8 1 2 1000
      tersenet backprop study --lr 70 100 200 --steps 300
      tersenet backprop study --figures figures
    """

    lr: tuple[float, ...] = (0.1, 0.2, 0.5, 0.8, 1.0, 2.0, 1000.0)
    """Learning rates."""

    steps: int = 68
    """Number of updates; the verdict at 1,000 steps stands beside, since 68 do not show everything."""

    momentum: float = 0.0
    """As in torch's SGD."""

    reach: tuple[float, ...] = (1e-2, 1e-3, 1e-4)
    """Losses whose first step is looked for."""

    figures: Path | None = None
    """Write the figures into this folder: all curves in one, one small figure a rate."""


@dataclass(frozen=True, kw_only=True)
class Surface(NumbersArguments):
    """Draw the loss over two weights, with the path of descent on it.

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

    span: float | None = None
    """Half the width of the picture; by default what the path needs."""

    out: Path = Path("surface.png")
    """The picture: .png, .svg or .pdf."""


@dataclass(frozen=True, kw_only=True)
class Workbook(NumbersArguments):
    """Write the spreadsheet: every formula live, every value cached, the yellow cells free to change.

    examples:
      tersenet backprop workbook lab.xlsx
      tersenet backprop workbook mazur.xlsx --example mazur --lr 0.5 --steps 200
    """

    path: tyro.conf.Positional[Path]
    """The workbook, a name that ends in .xlsx."""

    steps: int = 68
    """Rows of the descent."""

    lr: float = 1.0
    """Learning rate of the sheet Descent."""

    rates: tuple[float, ...] = (0.1, 0.2, 0.5, 0.8, 1.0, 2.0, 1000.0)
    """Learning rates of the sheet Study."""


@dataclass(frozen=True, kw_only=True)
class Conv(CommonArguments):
    """Backpropagation through a small convolution, ReLU, pooling, a dense unit and the loss, in numbers and pictures.

    examples:
      tersenet backprop conv
      tersenet backprop conv --pooling average --figure conv.png
      tersenet backprop conv --image "1 0 2 1 / 0 1 0 2 / 3 1 0 0 / 1 2 1 0" --kernel "1 -1 0 / 0 1 0 / 1 0 -1"
      --pool 2
    """

    problem: Path | None = None
    """A TOML file of one's own numbers: image, kernel, dense, bias, dense_bias, target, pooling, pool."""

    image: str | None = None
    """Rows of pixels, / between rows."""

    kernel: str | None = None
    """Rows of the kernel, / between rows."""

    dense: tuple[str, ...] = ()
    """The dense unit's weights, one for each pooled value, row by row."""

    bias: float | None = None
    """The convolution's bias."""

    dense_bias: float | None = None
    """The dense unit's bias."""

    target: float | None = None
    """The target t."""

    pooling: Literal["max", "average"] | None = None
    """What a pooling window gives."""

    pool: int | None = None
    """Side of the pooling window."""

    figure: Path | None = None
    """Draw the grids with their values here: .png, .svg or .pdf."""


@dataclass(frozen=True, kw_only=True)
class Batchnorm(CommonArguments):
    """Backpropagation through batch normalisation: directly, through the mean, and through the variance.

    examples:
      tersenet backprop batchnorm
      tersenet backprop batchnorm --batch 1 2 3 4 --targets 0 0 1 1 --gamma 2
    """

    problem: Path | None = None
    """A TOML file of one's own numbers: batch, targets, gamma, beta, epsilon."""

    batch: tuple[str, ...] = ()
    """The batch, two numbers or more."""

    targets: tuple[str, ...] = ()
    """A target for each."""

    gamma: float | None = None
    """The scale γ."""

    beta: float | None = None
    """The shift β."""

    epsilon: float | None = None
    """Added to the variance."""

    figure: Path | None = None
    """Draw the three paths here: .png, .svg or .pdf."""


@dataclass(frozen=True, kw_only=True)
class Exercise(NumbersArguments):
    """Print a sheet with blanks, and apart from it the solution, for a class.

    examples:
      tersenet backprop exercise --seed 7
      tersenet backprop exercise --seed 7 --part sheet
      tersenet backprop exercise --out exercise
    """

    lr: float = 1.0
    """Learning rate of the step asked for."""

    part: Literal["both", "sheet", "solution"] = "both"
    """What to print."""

    out: Path | None = None
    """Write sheet.md and solution.md into this folder instead of printing them."""


@dataclass(frozen=True, kw_only=True)
class Errata(CommonArguments):
    """List where the write-ups are wrong about backpropagation, the printed number beside the true one.

    examples:
      tersenet backprop errata
      tersenet backprop errata --format markdown --out docs/backprop-errata.md
    """

    format: Literal["text", "markdown"] = "text"
    """A table, or a Markdown page."""

    out: Path | None = None
    """Write the page here instead of printing it."""


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
            raise TersenetError("That is no number.", got=word, expected="such as 0.5", where=f"--{where}") from None
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
