"""What `tersenet backprop conv`, `batchnorm` and `errata` print and write."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from tersenet._table import Column, Table
from tersenet.cli.commands.backprop.arguments import (
    BatchnormArguments,
    ConvArguments,
    ErrataArguments,
    matrix,
    numbers,
)
from tersenet.cli.commands.backprop.words import tell, write_page
from tersenet.cli.output import Output


def convolution(arguments: ConvArguments, output: Output) -> None:
    """Print, and draw where asked, the pass through a small convolution."""
    import numpy as np

    import tersenet.backprop as lab

    chosen = lab.read_convolution(arguments.problem) if arguments.problem is not None else {}
    given: dict[str, Any] = {
        "image": matrix(arguments.image, "image") if arguments.image is not None else None,
        "kernel": matrix(arguments.kernel, "kernel") if arguments.kernel is not None else None,
        "dense": numbers(arguments.dense, "dense") or None,
        "bias": arguments.bias,
        "dense_bias": arguments.dense_bias,
        "target": arguments.target,
        "pooling": arguments.pooling,
        "pool": arguments.pool,
    }
    done = lab.convolve(**(chosen | {name: value for name, value in given.items() if value is not None}))
    _draw(lab.draw_convolution(done) if arguments.figure else None, arguments.figure, output)
    if not output.json:
        print(lab.convolution_text(done, width=min(output.console.width, 100)), end="")
    touches = {
        f"{row},{column}": [
            asdict(touch) | {"contribution": touch.contribution} for touch in done.touches(row, column)
        ]
        for row, column in np.ndindex(done.kernel.shape)
    }
    output.document(_arrays(asdict(done)) | {"touches": touches})


def batchnorm(arguments: BatchnormArguments, output: Output) -> None:
    """Print, and draw where asked, the pass through batch normalisation."""
    import tersenet.backprop as lab

    chosen = lab.read_batch(arguments.problem) if arguments.problem is not None else {}
    given: dict[str, Any] = {
        "x": numbers(arguments.batch, "batch") or None,
        "targets": numbers(arguments.targets, "targets") or None,
        "gamma": arguments.gamma,
        "beta": arguments.beta,
        "epsilon": arguments.epsilon,
    }
    done = lab.normalize_batch(**(chosen | {name: value for name, value in given.items() if value is not None}))
    _draw(lab.draw_normalization(done) if arguments.figure else None, arguments.figure, output)
    if not output.json:
        print(lab.normalization_text(done, width=min(output.console.width, 100)), end="")
    output.document(_arrays(asdict(done)) | {"d_x": done.d_x.tolist()})


def errata(arguments: ErrataArguments, output: Output) -> None:
    """Print or write the errata."""
    import tersenet.backprop as lab

    found = lab.errata()
    if arguments.out is not None:
        write_page(arguments.out, lab.errata_page())
        output.say(f"Written: {arguments.out}")
    elif arguments.format == "markdown":
        if not output.json:
            print(lab.errata_page(), end="")
    else:
        columns = [Column(title=name, right=False, wraps=16) for name in ("where", "printed", "correct")]
        rows = [(f"{one.point}. {one.where}", one.printed, one.true) for one in found]
        output.say(Table(columns=columns, rows=rows))
        tell(output, "\nA command to check each: tersenet backprop errata --format markdown.")
    output.document(
        {"errata": [asdict(one) for one in found], "printed": [asdict(one) for one in lab.printed_cells()]}
    )


def _draw(figure: Any, path: Path | None, output: Output) -> None:
    import tersenet.backprop as lab

    if figure is not None and path is not None:
        output.say(f"Written: {lab.save_figure(figure, path)}\n")


def _arrays(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value.tolist() if hasattr(value, "tolist") else value for name, value in content.items()}
