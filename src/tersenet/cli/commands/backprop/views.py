"""What `tersenet backprop derive`, `table`, `study`, `surface` and `workbook` print and write."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tersenet._errors import TersenetError
from tersenet._table import Column, Table
from tersenet.cli.commands.backprop.arguments import (
    DeriveArguments,
    StudyArguments,
    SurfaceArguments,
    TableArguments,
    WorkbookArguments,
    problem_of,
)
from tersenet.cli.commands.backprop.words import folder_of, nine, tell, write_page
from tersenet.cli.output import Output

if TYPE_CHECKING:
    from tersenet.backprop import Chain, Descent, Problem

LONG = 1000  # steps after which the study gives its second verdict


def derive(arguments: DeriveArguments, output: Output) -> None:
    """Print or write the derivation of one parameter, or of all."""
    import tersenet.backprop as lab

    problem = problem_of(arguments)
    names = problem.network.parameter_names if arguments.weight is None else (arguments.weight,)
    done = [lab.derive(problem, name) for name in names]
    if arguments.out is not None:
        write_page(arguments.out, lab.derivation_page(done, arguments.format))
        output.say(f"Written: {arguments.out}")
    elif not output.json:
        print(lab.derivation_page(done, arguments.format, width=min(output.console.width, 100)), end="")
    output.document(
        {
            "problem": lab.describe(problem),
            "derivations": [
                {
                    "parameter": one.parameter,
                    "gradient": lab.as_text(one.gradient),
                    "latex": lab.as_latex(one.gradient),
                    "value": one.value,
                    "by_sympy": one.by_sympy,
                    "by_difference": one.by_difference,
                    "samples": _chain_document(one.chain),
                    "sections": [
                        {
                            "title": section.title,
                            "lines": [line if isinstance(line, str) else lab.as_text(line) for line in section.lines],
                        }
                        for section in one.sections
                    ],
                }
                for one in done
            ],
        }
    )


def table(arguments: TableArguments, output: Output) -> None:
    """Print the descent, or every factor at one step; write it as CSV where asked."""
    import tersenet.backprop as lab

    problem = problem_of(arguments)
    steps = arguments.steps if arguments.steps < 0 else max(arguments.steps, arguments.step or 0)
    descent = lab.descend(problem, steps=steps, learning_rate=arguments.lr, momentum=arguments.momentum)
    if arguments.every is not None and arguments.every < 1:
        raise TersenetError(
            "The interval between steps cannot be used.", got=arguments.every, expected="1 or more", where="--every"
        )
    for name in arguments.columns:
        descent.column(name)
    chains = None
    if arguments.step is not None:
        chains = [lab.chain(descent.at(arguments.step), name) for name in problem.network.parameter_names]
    if arguments.csv is not None:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("step", *descent.columns))
        writer.writerows((step, *map(repr, row)) for step, row in enumerate(descent.rows.tolist()))
        write_page(arguments.csv, text.getvalue())
        output.say(f"Written: {arguments.csv}")
    if chains is not None and arguments.step is not None:
        _say_chains(descent, arguments.step, chains, output)
    else:
        _say_table(arguments, descent, output)
    document: dict[str, Any] = {
        "problem": lab.describe(problem),
        "learning_rate": arguments.lr,
        "momentum": arguments.momentum,
        "columns": list(descent.columns),
        "rows": descent.rows.tolist(),
    }
    if chains is not None:
        document |= {"step": arguments.step}
        document |= {
            "chains": [
                {"parameter": one.parameter, "value": one.value, "samples": _chain_document(one)} for one in chains
            ]
        }
    output.document(document)


def study(arguments: StudyArguments, output: Output) -> None:
    """Print the study's table and write its figures where asked."""
    import tersenet.backprop as lab

    problem = problem_of(arguments)
    spans = sorted({arguments.steps, max(arguments.steps, LONG)})
    results = {
        steps: lab.study(problem, arguments.lr, steps=steps, momentum=arguments.momentum, levels=arguments.reach)
        for steps in spans
    }
    short, long = results[spans[0]], results[spans[-1]]
    written = []
    if arguments.figures is not None:
        folder = folder_of(arguments.figures)
        for steps, one in results.items():
            written.append(lab.save_figure(lab.plot_study(one), folder / f"rates-{steps}-steps.png"))
            written.append(lab.save_figure(lab.plot_small_curves(one), folder / f"small-{steps}-steps.png"))
            for place, rate in enumerate(one.rates):
                path = folder / f"rate-{rate.learning_rate:g}-{steps}-steps.png"
                written.append(lab.save_figure(lab.plot_one_curve(rate, place=place), path))
    _say_study(problem, short, long, arguments.reach, output)
    if written:
        output.say(f"Written: {len(written)} figures in {arguments.figures}")
    output.document(
        {
            "problem": lab.describe(problem),
            "steps": arguments.steps,
            "momentum": arguments.momentum,
            "rates": [
                {
                    "learning_rate": one.learning_rate,
                    "losses": one.losses.tolist(),
                    "verdict": one.verdict,
                    "reached": {f"{level:g}": step for level, step in one.reached.items()},
                    "verdict_after_long": {
                        "steps": long.steps,
                        "verdict": later.verdict,
                        "loss": float(later.losses[-1]),
                    },
                }
                for one, later in zip(short.rates, long.rates, strict=True)
            ],
            "figures": [str(path) for path in written],
        }
    )


def surface(arguments: SurfaceArguments, output: Output) -> None:
    """Draw the loss over two weights."""
    import tersenet.backprop as lab

    done = lab.loss_surface(
        problem_of(arguments),
        arguments.over,
        learning_rate=arguments.lr,
        steps=arguments.steps,
        momentum=arguments.momentum,
        span=arguments.span,
    )
    path = lab.save_figure(lab.plot_surface(done), arguments.out)
    start, end = float(done.path_losses[0]), float(done.path_losses[-1])
    tell(
        output,
        f"With only {' and '.join(done.names)} moving, E_total goes from {start:.9f} to {end:.9f}. Written: {path}",
    )
    output.document(
        {
            "over": list(done.names),
            "figure": str(path),
            "path": done.path.tolist(),
            "path_losses": done.path_losses.tolist(),
            "columns": done.columns.tolist(),
            "rows": done.rows.tolist(),
            "heights": done.heights.tolist(),
        }
    )


def workbook(arguments: WorkbookArguments, output: Output) -> None:
    """Write the spreadsheet."""
    import tersenet.backprop as lab

    path = lab.write_workbook(
        arguments.path,
        problem_of(arguments),
        steps=arguments.steps,
        learning_rate=arguments.lr,
        rates=arguments.rates,
    )
    sheets = ["Network", "Descent", "Study", "Study work", "Errata"]
    tell(output, f"Written: {path} ({path.stat().st_size / 1000:.0f} kB; sheets {', '.join(sheets)})")
    output.say("Change a yellow cell and every formula updates.")
    output.document(
        {"workbook": str(path), "sheets": sheets, "steps": arguments.steps, "rates": list(arguments.rates)}
    )


def _say_table(arguments: TableArguments, descent: Descent, output: Output) -> None:
    import numpy as np

    import tersenet.backprop as lab

    last = len(descent.rows) - 1
    tell(output, lab.about(descent.problem))
    momentum = f", momentum {arguments.momentum:g}" if arguments.momentum else ""
    output.say(f"Learning rate {arguments.lr:g}{momentum}; step 0 is the start.\n")
    if arguments.every is not None or last <= 24:
        steps = list(range(0, last + 1, arguments.every or 1))
    else:
        steps = sorted({*range(6), *(round(last * part / 16) for part in range(17))})
    steps = sorted({*steps, last})
    finite = np.isfinite(descent.rows).all(axis=1)
    diverged = None if finite.all() else int(finite.argmin())
    steps = [step for step in steps if diverged is None or step < diverged]
    fitting = max(1, (output.console.width - len(str(last)) - 4) // 13)
    if arguments.columns or arguments.all:
        names = list(arguments.columns or descent.columns)
        blocks = [names[start : start + fitting] for start in range(0, len(names), fitting)]
    else:
        blocks = [_that_matter(descent, fitting)]
    for block in blocks:
        rows = [[str(step), *(nine(float(descent.column(name)[step])) for name in block)] for step in steps]
        output.say(Table(columns=[Column(title=name) for name in ("step", *block)], rows=rows))
        output.say()
    if diverged is not None:
        tell(
            output,
            f"The descent diverges: from step {diverged:,} on the numbers overflow. Use a smaller learning rate.",
        )
    hidden = len(descent.columns) - sum(map(len, blocks))
    rest = f"{hidden} more columns: --all or --columns NAME …; " if hidden and not arguments.columns else ""
    tell(output, f"{rest}all rows: --every 1; the factors of one step: --step K; a file: --csv FILE.")


def _that_matter(descent: Descent, count: int) -> list[str]:
    """The columns that matter most, as many as fit, in the table's order."""
    network = descent.problem.network
    first = [name for name in descent.columns if name.startswith("a_o")]
    errors = [name for name in descent.columns if name[0] == "E" and name != "E_total"]
    slopes = [f"dE/d{name}" for name in reversed(network.parameter_names)]
    wanted = ["E_total", *first, *errors, *slopes, *network.parameter_names]
    chosen = set(wanted[:count])
    return [name for name in descent.columns if name in chosen]


CHAIN = (
    Column(title="factor", right=False),
    Column(title="formula", right=False, wraps=17, leaves=1),
    Column(title="value"),
)


def _say_chains(descent: Descent, step: int, chains: Sequence[Chain], output: Output) -> None:
    import tersenet.backprop as lab

    def factor_row(factor: Any) -> tuple[str, str, str]:
        return f"  {factor.name}", f"= {lab.as_text(factor.formula)}", nine(factor.value)

    tell(output, lab.about(descent.problem))
    loss = float(descent.column("E_total")[step])
    output.say(f"Step {step} with learning rate {descent.learning_rate:g}: E_total = {nine(loss)}")
    for one in chains:
        output.say(f"\n∂E_total/∂{one.parameter} = {nine(one.value)}", style="bold")
        for sample, (paths, backwards) in enumerate(zip(one.paths, one.backwards, strict=True), 1):
            if len(one.paths) > 1:
                output.say(f"  sample {sample}")
            rows: list[tuple[str, str, str]] = []
            styles: list[str] = []
            for number, path in enumerate(paths, 1):
                rows += [factor_row(factor) for factor in path.factors]
                label = "the product" if len(paths) == 1 else f"the product of path {number}"
                rows.append((f"  {label}", "", nine(path.value)))
                styles += [*[""] * len(path.factors), "italic"]
            if not paths:
                rows = [factor_row(factor) for factor in backwards]
            output.say(Table(columns=CHAIN, rows=rows, styles=styles, header=False))


def _say_study(problem: Problem, short: Any, long: Any, levels: Sequence[float], output: Output) -> None:
    import tersenet.backprop as lab

    tell(output, lab.about(problem))
    output.say(f"Loss at the start: {nine(float(short.rates[0].losses[0]))}\n")
    marks = sorted({step for step in (1, 10, 68, short.steps) if step <= short.steps})
    # The last of the losses and the last of the levels say most.
    columns = [
        Column(title="rate"),
        *(Column(title=f"after {step:,}", leaves=2 * (len(marks) - place)) for place, step in enumerate(marks, 1)),
        *(
            Column(title=f"≤ {level:g} at", leaves=2 * (len(levels) - place) + 1)
            for place, level in enumerate(levels, 1)
        ),
    ]
    rows: list[tuple[str, ...]] = []
    for one, later in zip(short.rates, long.rates, strict=True):
        steps = [later.reached[level] for level in map(float, levels)]
        words = ["–" if step is None else f"{step:,}" for step in steps]
        rows.append((f"{one.learning_rate:g}", *(nine(float(one.losses[step])) for step in marks), *words))
    output.say(Table(columns=columns, rows=rows))
    studies = {study.steps: study.rates for study in (short, long)}  # one where both are as long
    verdicts = [
        Column(title="rate"),
        *(Column(title=f"verdict after\n{steps:,} steps", right=False, wraps=12) for steps in studies),
    ]
    rows = [
        (f"{same[0].learning_rate:g}", *(one.verdict for one in same)) for same in zip(*studies.values(), strict=True)
    ]
    output.say()
    output.say(Table(columns=verdicts, rows=rows))
    output.say()
    tell(output, f"Steps that reach a loss: within {long.steps:,} steps; – means not reached.")
    tell(output, "What the verdicts mean:")
    for name in dict.fromkeys([one.verdict for one in short.rates] + [one.verdict for one in long.rates]):
        tell(output, f"  {name}: {lab.VERDICTS[name]}")


def _chain_document(found: Chain) -> list[dict[str, Any]]:
    import tersenet.backprop as lab

    def facts(factor: Any) -> dict[str, Any]:
        return {"name": factor.name, "formula": lab.as_text(factor.formula), "value": factor.value}

    return [
        {
            "paths": [{"factors": [facts(factor) for factor in path.factors], "value": path.value} for path in paths],
            "backwards": [facts(factor) for factor in backwards],
        }
        for paths, backwards in zip(found.paths, found.backwards, strict=True)
    ]
