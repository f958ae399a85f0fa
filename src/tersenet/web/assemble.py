"""A page from its parts, as one file that needs nothing else."""

from __future__ import annotations

import json
import posixpath
import re
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

from tersenet._look import css_variables

PAGES_FOLDER = Path(__file__).with_name("pages")

_IMPORT = re.compile(r'^import \{([^}]*)\} from "([^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?function\*?|class|const|let) (\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Page:
    """A page: its file's name, its title, and the folder of its `page.html` and `main.js`."""

    name: str
    title: str
    folder: str


PAGES = {
    page.name: page
    for page in (
        Page("draw", "Draw", "draw"),
        Page("lab", "Lab", "lab"),
        Page("backprop", "Backpropagation", "backprop"),
        Page("runs", "Runs", "runs"),
    )
}


def whole_page(name: str, data: Any) -> str:
    """A page as one file, which also works from a double click: no module or request is left in it.

    `data` is what Python gives the page: JSON. The page has two scripts, the data and the program.

    >>> page = whole_page("backprop", {"examples": {}, "errata": []})
    >>> page.count("<script"), "import " in page.split("<script>")[1].split("*/")[0]
    (2, False)
    """
    page = PAGES[name]
    script = f"\n{joined(f'{page.folder}/main.js')}"
    allowed = "'sha256-" + b64encode(sha256(script.encode()).digest()).decode() + "'"
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; worker-src blob:;"
        " connect-src 'self';"
        " base-uri 'none'; form-action 'none'"
    )
    head = f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n<style>\n{style()}</style>'
    return _page(page, data, head, f"<script>{script}</script>")


def style() -> str:
    """The style sheet of all pages."""
    return css_variables() + (PAGES_FOLDER / "style.css").read_text(encoding="utf-8")


def joined(entry: str) -> str:
    """A module and all that it imports as one plain script: each becomes a function that gives what it exports.

    >>> joined("engine/random.js").splitlines()[2]
    'modules["engine/random.js"] = (() => {'
    """
    parts = ['"use strict";', "const modules = {};"]
    for path in modules_of(entry):
        source = (PAGES_FOLDER / path).read_text(encoding="utf-8")
        if "</script" in source:
            raise ValueError(f"{path} would end its own script")
        names = [name for _, name in _EXPORT.findall(source)]
        source = _IMPORT.sub(lambda found, path=path: _taken(found, path), source)  # type: ignore[misc]
        source = _EXPORT.sub(r"\1 \2", source)
        parts.append(f'modules["{path}"] = (() => {{\n{source}return {{ {", ".join(names)} }};\n}})();')
    return "\n".join(parts) + "\n"


def modules_of(entry: str) -> list[str]:
    """A module's path and those of all that it imports, each after what it imports itself.

    >>> modules_of("engine/layers/map_dropout.js")[-2:]
    ['engine/layers/dropout.js', 'engine/layers/map_dropout.js']
    """
    found: list[str] = []

    def visit(path: str, above: tuple[str, ...]) -> None:
        if path in above:
            raise ValueError(" imports ".join((*above[above.index(path) :], path)))
        if path not in found:
            for _, other in _IMPORT.findall((PAGES_FOLDER / path).read_text(encoding="utf-8")):
                visit(_resolved(path, other), (*above, path))
            found.append(path)

    visit(entry, ())
    return found


def _resolved(path: str, other: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), other))


def _taken(found: re.Match[str], path: str) -> str:
    names = ", ".join(each.strip().replace(" as ", ": ") for each in found[1].split(",") if each.strip())
    return f'const {{ {names} }} = modules["{_resolved(path, found[2])}"];\n'


def _page(page: Page, data: Any, head: str, script: str) -> str:
    body = (PAGES_FOLDER / page.folder / "page.html").read_text(encoding="utf-8")
    links = "".join(
        f'<a href="{other.name}.html"{" aria-current=page" if other is page else ""}>{escape(other.title)}</a>'
        for other in PAGES.values()
    )
    content = json.dumps(data, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(page.title)} · Tersenet</title>
<link rel="icon" href="data:,">
{head}
</head>
<body>
<a class="skip" href="#main">To the page</a>
<header class="top"><b>Tersenet</b><nav aria-label="Pages">{links}</nav></header>
<main id="main">
<noscript><p class="complaint">This page computes in the browser: it needs JavaScript.</p></noscript>
{body}</main>
<script type="application/json" id="data">{content}</script>
{script}
</body>
</html>
"""
