"""What `tersenet backprop exercise` prints and writes."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from tersenet._errors import TersenetError
from tersenet.cli.commands.backprop.arguments import ExerciseArguments, problem_of
from tersenet.cli.commands.backprop.words import folder_of, tell, write_page
from tersenet.cli.output import Output

if TYPE_CHECKING:
    from tersenet.backprop import Exercise as MadeExercise

PAGES = (".html", ".htm", ".md", ".pdf")  # endings of a file that --out is mistaken for


def exercise(arguments: ExerciseArguments, output: Output) -> None:
    """Print or write one exercise, or the variants of a class."""
    import tersenet.backprop as lab

    first = 1 if arguments.seed is None else arguments.seed
    if arguments.variants is not None:
        made = lab.make_variants(arguments.variants, lambda seed: _made(arguments, seed), seed=first)
        pages = _class_pages(arguments, made)
        content: dict[str, object] = {
            "variants": [{"seed": one.seed, "blanks": [asdict(blank) for blank in one.blanks]} for one in made]
        }
    else:
        one = _made(arguments, first)
        pages = _single_pages(arguments, one)
        texts = {"sheet": one.sheet, "solution": one.solution}
        wanted = {name: text for name, text in texts.items() if arguments.part in ("both", name)}
        content = {**wanted, "blanks": [asdict(blank) for blank in one.blanks]}
    if arguments.out is not None:
        if arguments.out.suffix.lower() in PAGES and not arguments.out.is_dir():
            raise TersenetError(
                "An exercise is several files: sheets and their answers.",
                got=arguments.out,
                expected="--out FOLDER",
                hint=f"tersenet backprop exercise … --out {shlex.quote(arguments.out.stem)}",
            )
        folder = folder_of(arguments.out)
        for name, page in pages.items():
            write_page(folder / name, page)
        names = list(pages)
        shown = names if len(names) <= 4 else [names[0], "…", *names[-3:]]
        tell(output, f"Written to {arguments.out}: {', '.join(shown)} ({len(names)} files)")
        content["files"] = [str(folder / name) for name in names]
    elif arguments.format == "html" or arguments.variants is not None:
        raise TersenetError(
            "HTML pages and variants are written to files.",
            got="no folder",
            expected="--out FOLDER",
            hint="add --out, such as --out exercise",
        )
    elif not output.json:
        print(f"\n{'✂ ' * 30}\n\n".join(pages.values()), end="")
    output.document(content)


def _made(arguments: ExerciseArguments, seed: int) -> MadeExercise:
    """The exercise of one seed: on the numbers that the flags give, else on the course's network."""
    import tersenet.backprop as lab

    own = any([arguments.example, arguments.problem, arguments.sizes, arguments.activation, arguments.loss])
    own = own or any([arguments.inputs, arguments.targets, arguments.weights, arguments.biases])
    problem = problem_of(replace(arguments, seed=seed)) if own else None
    return lab.make_exercise(problem, seed=seed, learning_rate=arguments.lr)


def _single_pages(arguments: ExerciseArguments, one: MadeExercise) -> dict[str, str]:
    """The files of one exercise, by name."""
    import tersenet.backprop as lab

    pages = {"sheet.md": one.sheet, "solution.md": one.solution}
    if arguments.format == "html":
        pages = {"sheet.html": lab.exercise_page(one), "solution.html": lab.solution_page(one)}
    return _chosen(arguments, pages)


def _class_pages(arguments: ExerciseArguments, made: Sequence[MadeExercise]) -> dict[str, str]:
    """The files of a class, by name: a sheet per variant, in HTML all sheets for the printer as well, and one key."""
    import tersenet.backprop as lab

    digits = len(str(len(made)))
    numbered = [(f"sheet-{number:0{digits}}", number, one) for number, one in enumerate(made, 1)]
    if arguments.format == "html":
        pages = {f"{name}.html": lab.exercise_page(one, label=f"variant {number}") for name, number, one in numbered}
        pages |= {"sheets-to-print.html": lab.sheets_page(made), "solution-key.html": lab.key_page(made)}
    else:
        pages = {f"{name}.md": one.sheet for name, _, one in numbered}
        pages |= {"solution-key.md": lab.answer_key(made)}
    return _chosen(arguments, pages)


def _chosen(arguments: ExerciseArguments, pages: dict[str, str]) -> dict[str, str]:
    return {name: page for name, page in pages.items() if arguments.part == "both" or name.startswith(arguments.part)}
