"""What leaves `docs/`: links to notebooks, which the site gets copies of, links to sources, which it only names."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\[([^\]]*)\]\(((?:\.\./)+[^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, *, config: Any) -> Files:
    """Put the notebooks among the site's files."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        files.append(File.generated(config, f"notebooks/{path.name}", abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Lead links to notebooks to their copies; turn links to other files of the project into their names."""
    folder = PurePosixPath(page.file.src_uri).parent

    def replaced(match: re.Match[str]) -> str:
        text, target = match[1], os.path.normpath(PurePosixPath("docs") / folder / match[2])
        if target.startswith("docs/"):
            return match[0]
        if not (ROOT / target).exists():
            raise FileNotFoundError(f"{page.file.src_uri} links to {target}, which is not there")
        if target.startswith("notebooks/"):
            return f"[{text}]({os.path.relpath(target, folder)})"
        return text if target in text else f"{text} (`{target}`)"

    return LINK.sub(replaced, markdown)


def on_post_build(*, config: Any) -> None:
    """Keep browsers from fetching anything: what the theme loads for its search from elsewhere is `site.js` here."""
    site = Path(config.site_dir)
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        ours = os.path.relpath(site / "site.js", page.parent)
        page.write_text(text.replace("https://unpkg.com/iframe-worker/shim", ours), encoding="utf-8")
