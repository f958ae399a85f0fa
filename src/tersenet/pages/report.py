"""Write the report of a run into its folder."""

from __future__ import annotations

from pathlib import Path

from tersenet.analysis import read_side
from tersenet.figures import data_title
from tersenet.pages.group_page import compose_group
from tersenet.pages.page import write_page
from tersenet.pages.run_facts import gather
from tersenet.pages.run_page import compose
from tersenet.runs import Group, Run, is_packaged, output_folder


def write_report(run: Run | Group, *, data_dir: Path | None = None) -> Path:
    """Measure a run, or the seeds of a group, on the test set and write the report into its folder.

    `report.html`, `report.md`, `report.json` and `figures/*.png`; the HTML file, whose path is returned, holds its
    pictures and needs nothing else. Each file is written whole or not at all, and what was there before is replaced.
    Raises `TersenetError` where no epoch (of a group: no seed) is done, or the data or the weights cannot be read.
    """
    if isinstance(run, Group):
        dataset = run.data(data_dir)
        blocks = compose_group(run, read_side(run, dataset), dataset)
        return write_page(run.path, "report", blocks, title=f"{run.name} on {data_title(dataset.name)}")
    material = gather(run, data_dir=data_dir)
    folder = output_folder(run, "report") if is_packaged(run) else run.path
    return write_page(folder, "report", compose(material), title=f"{run.name} on {material.data}")
