"""Every command and every snippet of README and docs runs, from the top of a page to its end.

CONTRIBUTING.md tells how a page is written so that it can be run.
"""

import contextlib
import doctest
import importlib.util
import io
import re
import shlex
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "benchmarks" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHOWN = {"summary", "networks", "experiments", "backprop"}  # what these print is the same with few pictures
NEVER_RUN = {"", "text", "csv", "json", "c"}


@dataclass(frozen=True)
class Step:
    """Something that a page asks for: a command, Python, or a file; `shown` is what it should print, if it says."""

    line: int
    kind: str
    text: str
    shown: str | None = None


def read_page(text):
    """The steps of a page, in order."""
    steps, inside, fence, block, start, missing = [], None, "", [], 0, False
    for number, line in enumerate(text.splitlines(), start=1):
        mark = re.match(r"( *)(```+)(\w*)", line)
        if inside is None and mark:
            indent, fence, inside = len(mark[1]), mark[2], mark[3]
            block, start = [], number
        elif inside is not None and line.strip() == fence:
            steps += [] if missing else read_block(inside, block, start)
            inside, missing = None, False
        elif inside is not None:
            block.append(line[indent:])
        elif needed := re.match(r"<!-- needs: ([\w.]+) -->", line):
            missing = importlib.util.find_spec(needed[1]) is None
        elif hidden := re.match(r"<!-- run: (.*) -->", line):
            steps.append(Step(number, "command", hidden[1]))
        else:
            steps += [
                Step(number, "inline", found) for found in re.findall(r"`((?:tersenet|python|make) [^`]*)`", line)
            ]
    assert inside is None, f"the block that begins in line {start} does not end"
    return steps


def read_block(language, lines, start):
    """The steps of one fenced block."""
    text = "\n".join(lines) + "\n"
    if language in NEVER_RUN:
        assert not re.search(r"^\$? ?tersenet ", text, re.MULTILINE), f"line {start}: a command in a plain block"
        return []
    named = re.match(r"# (\S+\.(?:toml|py))\b", text)
    if named:
        return [Step(start, "file", text, named[1])]
    if language in ("python", "pycon", "toml"):
        assert language != "python" or ">>> " not in text, f"line {start}: a session of Python is a block of pycon"
        return [Step(start, language, text)]
    assert language in ("console", "bash"), f"line {start}: a block of {language}; see CONTRIBUTING.md"
    if language == "bash":
        joined = text.replace("\\\n", "")
        return [Step(start, "command", line) for line in joined.splitlines() if line.strip() and line[0] != "#"]
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)
    assert not parts[0].strip(), f"line {start}: a console block begins with $"
    steps = []
    for part in parts[1:]:
        command, _, output = part.replace("\\\n", "").partition("\n")
        steps.append(Step(start, "command", command, output if output.strip() else None))
    return steps


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_runs(page, small_world):
    session, done = {}, set()
    for step in read_page(page.read_text(encoding="utf-8")):
        where = f"{page.relative_to(ROOT)}, line {step.line}: {step.text.splitlines()[0]}"
        try:
            take(step, session, done)
        except BaseException as error:
            error.add_note(where)
            raise


def take(step, session, done):
    """Do what a step asks for; `session` holds the page's Python names, `done` the commands that have run."""
    match step.kind:
        case "file":
            Path(step.shown).write_text(step.text, encoding="utf-8")
        case "toml":
            tomllib.loads(step.text)
        case "python":
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(step.text, "snippet", "exec"), session)
        case "pycon":
            run_examples(step.text, session)
        case "inline" if is_form(step.text):
            check_form(step.text)
        case _ if step.text not in done or step.shown:
            done.add(step.text)
            run_command(step.text, step.shown)


def run_examples(code, session):
    """A session of Python, which must answer as the page shows; what it names, the next blocks know."""
    test = doctest.DocTestParser().get_doctest(code, session, "snippet", None, 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    said = io.StringIO()
    assert runner.run(test, out=said.write, clear_globs=False).failed == 0, said.getvalue()
    session.update(test.globs)


def run_command(text, shown):
    words = shlex.split(text, comments=True)
    target = None
    if len(words) > 2 and words[-2] == ">":
        *words, _, target = words
    program, *rest = words
    if program == "make":
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        assert set(rest) <= set(targets)
    elif program == "python":
        check_script(rest)
    else:
        assert program == "tersenet", "only tersenet, make and python benchmarks/… can be run: mark it as text"
        status, said, complained = run_tersenet(rest)
        if target:
            Path(target).write_text(said, encoding="utf-8")
        if shown and shown.startswith("error:"):
            assert status == 1
            compare(shown, complained)
            return
        # With few pictures a training misses its budget, and may say so.
        assert status == 0 or (status == 3 and rest[0] == "train"), complained
        if shown and rest[0] in SHOWN:
            compare(shown, said)


def run_tersenet(words):
    """The command itself, in this process: its status and what it wrote to standard output and standard error."""
    from tersenet.cli.main import main

    out, complaints = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(complaints):
        try:
            status = main(words)
        except SystemExit as leaving:
            status = leaving.code or 0
    return status, out.getvalue(), complaints.getvalue()


def compare(shown, said):
    """What a page shows is what the command says; a line of … stands for any lines, … between words for any words."""
    wanted = re.sub(r"^ *… *$|(?<= )…(?= )", "...", shown, flags=re.MULTILINE)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.OutputChecker().check_output(wanted, said, flags), f"shown:\n{shown}\nsaid:\n{said}"


def check_script(words):
    """A benchmark is there and knows the flags; what it measures takes the whole data set, and hours."""
    script = ROOT / words[0]
    assert script.is_file()
    source = script.read_text(encoding="utf-8")
    assert all(f'"{word}"' in source for word in words[1:] if word.startswith("--"))


def is_form(text):
    """Whether a command in the text only shows its form: a bare `tersenet train`, or one with a PLACEHOLDER."""
    words = text.split()
    bare = len([word for word in words if not word.startswith("--")]) <= 2
    return words[0] != "tersenet" or bare or bool(re.search(r"\b[A-Z]{2,}\b|…|=VALUE| \| ", text))


def check_form(text):
    """A command that is not run has a name that is known, and flags that its help tells of."""
    program, name, *rest = text.split()
    if program == "make":
        run_command(text, None)
    elif program == "python":
        check_script([name, *rest])
    elif not name.startswith("-"):
        from tersenet.cli.command_list import COMMANDS

        assert name in COMMANDS
        flags = {word.split("=")[0] for word in rest if word.startswith("--")}
        actions = [word for word in rest[:1] if re.fullmatch(r"[a-z-]+", word) and flags]
        told = "".join(run_tersenet([name, *words, "--help"])[1] for words in ([], actions))
        assert flags <= set(re.findall(r"--[a-z-]+", told))
