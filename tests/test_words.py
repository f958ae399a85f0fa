"""Plain English in everything a user reads: words that were once common here, and what is written instead.

Read are the pages, the notebooks, the shipped experiments, and every string of the package: help, errors, reports,
docstrings. A word that is meant otherwise in one place is listed with that place.
"""

import ast
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROVENANCE = "docs/course-networks.md"  # the one page that numbers the source documents

# A pattern, and what is written instead.
WORDS = {
    r"\brightly\b": "correctly",
    r"\bwrongly\b": "incorrectly, by mistake",
    r"\bof one's own\b|\bof your own\b": "your, custom",
    r"\bso many\b": "N, this many",
    r"\bcame of (it|them|a|the)\b|\bbecame of\b": "the result of",
    r"\bmisread\b": "misclassified",
    r"\bmends?\b|\bmended\b": "fix, hint",
    r"\bwrite-ups?\b": "the course networks",
    r"\b(?:is|was|as|being) told\b|\btold otherwise\b": "set, said, given",
    r"\b(?:it|this|that|which|what|there|figure|row|dash|name) stands\b(?! out| still| for )": "is",
    r"\bstands (?:for itself|there|here|on|in|by|beside|behind|before|under|at)\b": "is",
    r"\b(?<!there )is no (?:network|python|file|folder|run|number|text|table|claim|module|digit|image|name|utf)\b": (
        "is not a"
    ),
    r"(?-i:(?<!ere )\bis none\b)(?! of)|\bthat are none\b": "does not exist, is not one",
    r"\b(?:a|one|each) (?:row|figure|file|line|map|word|value|score|sub-folder|seed|folder|page|second|colour|sheet) "
    r"(?:a|an) (?:class|epoch|seed|picture|layer|step|batch|run|command|split|row|weight)\b": "per",
    r"\b(?:seconds?|mean|images|pictures|multiply-adds|MACs|threads?) "
    r"(?:a|an) (?:class|epoch|seed|picture|layer|step|run|image|batch)\b": "per, of each",
    r"\bso much as\b|\bfor ever\b|\bthereof\b|\bhowsoever\b": "plain words",
    r"\bwhoever\b": "anyone who",
    r"\b(?:a|the) \w+ to begin with\b": "to start from",
    r"\bgives reason for\b": "supports",
    r"\bread (?:right|wrong)\b": "classified correctly, incorrectly",
    r"\bwould have it\b|\bas it pleases\b": "timing, at will",
    r"\bin words of\b|\bnobody else\b": "no one else",
    r"\bwith nothing left open\b|\bwhat is left open\b": "complete, unspecified",
    r"\bthe field's own\b": "standard",
    r"\banybody\b|\banybody's\b": "anyone, any",
    r"\bpassed over\b": "skipped, left out",
    r"\basked once\b": "needed only once",
    r"\b(?:brings?|brought) along\b": "includes",
    r"\bhoped for\b|\bsoberly\b": "the goal, plain words",
    r"\bheld against\b": "compared with",
    r"\bto begin with\b": "at first",
    r"\bleast that was wanted\b|\bwhat it gave\b|\bwhat they reach holds\b": "required, result",
    r"\bstands? first\b|\bcomes? to stand\b": "comes first, is",
    r"\bsomebody(?! sent)": "someone",
    r"\bgo on with\b": "continue",
    r"\bread again\b|\bsure of itself\b": "measured again, overconfident",
    r"\bword too many\b|\blacks its value\b": "one argument too many, missing its value",
    r"\bother bits\b|\bwithout end\b|\bhand in\b": "different, too deep, pass",
    r"\bas sure as it is right\b": "well calibrated",
    r"\btake the folder away\b|\bstart the run anew\b": "delete, start a new run",
}

# Where a word is meant: path, and a part of the sentence.
MEANT: dict[str, tuple[str, ...]] = {
    # The name that `--example` had before; it still works.
    "src/tersenet/backprop/numbers/problem.py": ("write-up",),
    "src/tersenet/cli/commands/backprop/arguments.py": ("write-up",),
}


def texts():
    """Every text that a user reads: where it is, and the text."""
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "benchmarks" / "README.md"]):
        yield path, path.read_text(encoding="utf-8")
    for path in sorted(ROOT.glob("notebooks/*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            yield path, "".join(cell["source"])
    for path in sorted(ROOT.glob("src/tersenet/experiments/*.toml")):
        yield path, path.read_text(encoding="utf-8")
    for path in sorted([*ROOT.glob("src/**/*.py"), *ROOT.glob("benchmarks/*.py"), *ROOT.glob("docs/figures/*.py")]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield path, node.value


def found(pattern):
    """Where a pattern occurs: path, and the words around it."""
    for path, text in TEXTS:
        plain = " ".join(text.split())
        for match in re.finditer(pattern, plain, re.IGNORECASE):
            around = plain[max(0, match.start() - 40) : match.end() + 40]
            where = path.relative_to(ROOT).as_posix()
            if not any(part in around for part in MEANT.get(where, ())):
                yield f"{where}: …{around}…"


TEXTS = list(texts())


@pytest.mark.parametrize("pattern", WORDS, ids=[pattern[:24] for pattern in WORDS])
def test_a_word_of_the_old_dialect_no_longer_occurs(pattern):
    places = list(found(pattern))
    assert not places, f"write {WORDS[pattern]!r} instead:\n" + "\n".join(places)


def test_the_source_documents_are_numbered_on_one_page_alone():
    """What readers meet are networks by name; 000 to 004 are internal numbers."""
    numbered = re.compile(r"\b(?:document|write-up|source|course)s? `?00[0-4]\b|\b00[0-4]: the\b")
    assert [path for path, text in TEXTS if numbered.search(text) and path != ROOT / PROVENANCE] == []


def test_the_scan_reads_what_users_read():
    read = {path.relative_to(ROOT).as_posix() for path, _ in TEXTS}
    assert {"README.md", "docs/index.md", "notebooks/first_network.ipynb", "src/tersenet/cli/main.py"} <= read
    assert re.search(next(iter(WORDS)), "all were read rightly")
