"""Write the report of a run into its folder."""

from __future__ import annotations

from pathlib import Path

from tersenet._files import write_whole
from tersenet.reports.blocks import Picture
from tersenet.reports.content import compose
from tersenet.reports.html import to_html
from tersenet.reports.markdown import to_markdown
from tersenet.reports.material import gather
from tersenet.runs import Run


def write_report(run: Run, *, data_dir: Path | None = None) -> Path:
    """Measure a run on its test set and write `report.md`, `report.html` and `figures/*.png`; return the HTML's path.

    The HTML file holds its pictures and needs nothing else. Each file is written whole or not at all, and what was
    there before is replaced. Raises `TersenetError` where no epoch is done, or the data or the weights cannot be
    read.
    """
    material = gather(run, data_dir=data_dir)
    blocks = compose(material)
    figures = run.path / "figures"
    pictures = [block for block in blocks if isinstance(block, Picture)]
    for picture in pictures:
        write_whole(figures / f"{picture.key}.png", picture.png)
    write_whole(run.path / "report.md", to_markdown(blocks))
    return write_whole(run.path / "report.html", to_html(blocks, title=f"{run.name} on {material.data}"))
