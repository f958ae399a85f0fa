"""The workbook: its formulas, recalculated by LibreOffice alone, give Python's numbers; its cached values are there
without."""

import functools
import re
import shutil
import subprocess
import zipfile
from dataclasses import replace

import numpy as np
import openpyxl
import pytest

from tersenet._errors import TersenetError
from tersenet.backprop import COURSE, MAZUR, descend, make_problem, write_workbook
from tersenet.backprop.lessons.errata import printed_cells
from tersenet.backprop.workbook.descent_sheet import central_differences

SOFFICE = shutil.which("soffice")
needs_libreoffice = pytest.mark.skipif(
    SOFFICE is None, reason="LibreOffice is not here (Debian: apt-get install libreoffice-calc-nogui)"
)


def without_values(source, target, changes=()):
    """The workbook with every cached value of a formula taken out and some numbers of the sheet Descent or Study
    changed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            content = old.read(item.filename)
            if item.filename.startswith("xl/worksheets/sheet"):
                text = re.sub(r"(<c [^>]*?)(?: t=\"\w+\")?>(<f>[^<]*</f>)<v>[^<]*</v>", r"\1>\2", content.decode())
                for sheet, cell, value in changes:
                    if item.filename.endswith(f"sheet{sheet}.xml"):
                        text, count = re.subn(rf'(<c r="{cell}"[^>]*><v>)[^<]*', rf"\g<1>{value!r}", text)
                        assert count == 1
                content = text.encode()
            new.writestr(item, content)
    return target


def recalculated(files, folder):
    """The workbooks as LibreOffice calculates them, by name."""
    out = folder / "out"
    profile = f"-env:UserInstallation=file://{folder}/profile"
    command = [SOFFICE, profile, "--headless", "--convert-to", "xlsx", "--outdir", str(out), *map(str, files)]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    return {file.name: openpyxl.load_workbook(out / file.name, data_only=True) for file in files}


@functools.cache
def numbers_of(sheet):
    return list(sheet.iter_rows(values_only=True))


def rows_of(sheet, header, columns, count, occurrence=0):
    """The numbers under the header row that begins with `header`, `[rows, columns]`."""
    rows = numbers_of(sheet)
    top = [place for place, row in enumerate(rows) if row[0] == header][occurrence]
    names = list(rows[top])
    picked = [[row[names.index(name)] for name in columns] for row in rows[top + 1 : top + 1 + count]]
    return np.array(picked, dtype=float)


def check(book, problem, rate, rates, steps):
    """Every number of a workbook against Python's."""
    truth = descend(problem, steps=steps, learning_rate=rate)
    found = rows_of(book["Descent"], "step", truth.columns, steps + 1)
    np.testing.assert_allclose(found, truth.rows, rtol=0, atol=1e-12)
    names = problem.network.parameter_names
    quotients = rows_of(book["Descent"], "step", [f"by difference {name}" for name in names], steps + 1)
    np.testing.assert_allclose(quotients, central_differences(problem, truth), rtol=0, atol=1e-9)
    slopes = np.stack([truth.column(f"dE/d{name}") for name in names], axis=1)
    np.testing.assert_allclose(quotients, slopes, rtol=0, atol=1e-8)
    deviations = rows_of(book["Descent"], "step", [f"deviation {name}" for name in names], steps + 1)
    np.testing.assert_allclose(deviations, quotients - slopes, rtol=0, atol=1e-9)
    for place, one in enumerate(rates):
        truth = descend(problem, steps=steps, learning_rate=one)
        losses = rows_of(book["Study"], "step", [f"rate {one:g}"], steps + 1)[:, 0]
        np.testing.assert_allclose(losses, truth.column("E_total"), rtol=0, atol=1e-12)
        work = rows_of(book["Study work"], "step", truth.columns, steps + 1, occurrence=place)
        np.testing.assert_allclose(work, truth.rows, rtol=0, atol=1e-12)


def no_cell_is_wrong(book):
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    return not any(isinstance(cell.value, str) and cell.value.startswith("#") for cell in cells)


@needs_libreoffice
def test_libreoffice_alone_calculates_what_python_calculates_and_follows_what_a_reader_changes(tmp_path):
    rates = (0.1, 1.0, 2.0, 100.0)
    default = write_workbook(tmp_path / "default.xlsx", rates=rates)
    plain = without_values(default, tmp_path / "plain.xlsx")
    weights = (0.9, -0.4, 1.5, 0.25, -0.75, 2.0, 0.125, -1.0)
    cells = [(2, f"B{11 + place}", weight) for place, weight in enumerate(weights)]
    changes = [(2, "B5", 100.0), (2, "B9", 0.25), (3, "B4", 3.0), *cells]
    changed = without_values(default, tmp_path / "changed.xlsx", changes)
    general = make_problem(
        sizes="2-3-2", activation="tanh", loss="cross-entropy", biases=True, inputs=[0.1, 0.2, -0.3, 0.4]
    )
    other = without_values(
        write_workbook(tmp_path / "o.xlsx", general, steps=5, rates=(0.5, 4.0), learning_rate=2.0),
        tmp_path / "other.xlsx",
    )
    mazur = without_values(write_workbook(tmp_path / "m.xlsx", MAZUR, steps=5, rates=(0.5,)), tmp_path / "mazur.xlsx")
    books = recalculated([plain, changed, other, mazur], tmp_path)
    check(books["plain.xlsx"], COURSE, 1.0, rates, 68)
    moved = replace(COURSE, weights=weights, targets=((0.25, 0.5),))
    check(books["changed.xlsx"], moved, 100.0, (3.0, *rates[1:]), 68)
    check(books["other.xlsx"], general, 2.0, (0.5, 4.0), 5)
    check(books["mazur.xlsx"], MAZUR, 1.0, (0.5,), 5)
    assert all(no_cell_is_wrong(book) for book in books.values())
    errata = list(books["plain.xlsx"]["Errata"].iter_rows(values_only=True))
    numbers = [row[1:4] for row in errata if isinstance(row[1], float | int)]
    truth = [(cell.printed, cell.by_their_formula, cell.true) for cell in printed_cells()]
    np.testing.assert_allclose(np.array(numbers), truth, rtol=0, atol=1e-12)


@pytest.fixture(scope="module")
def default_book(tmp_path_factory):
    return write_workbook(tmp_path_factory.mktemp("workbook") / "lab.xlsx")


def test_a_viewer_that_cannot_calculate_shows_the_right_numbers(default_book):
    book = openpyxl.load_workbook(default_book, data_only=True)
    check(book, COURSE, 1.0, (0.1, 0.2, 0.5, 0.8, 1.0, 2.0, 1000.0), 68)
    assert no_cell_is_wrong(book)


def test_every_computed_number_is_a_live_formula(default_book):
    book = openpyxl.load_workbook(default_book)
    assert book.sheetnames == ["Network", "Descent", "Study", "Study work", "Errata"]
    rows = list(book["Descent"].iter_rows(values_only=True))
    top = next(place for place, row in enumerate(rows) if row[0] == "step")
    for row in rows[top + 1 : top + 70]:
        assert len([cell for cell in row if cell is not None]) == 1 + 31 + 16
        assert all(isinstance(cell, str) and cell.startswith("=") for cell in row[1:48])
    names = {"learning_rate", "epsilon", *(f"w_{n}" for n in range(1, 9)), "i_1", "i_2", "t_1", "t_2"}
    assert names <= set(book.defined_names)
    assert len(book["Descent"]._charts) == len(book["Study"]._charts) == 1
    assert len(book["Study"]._charts[0].series) == 7
    assert "EXP(-MAX(" in "".join(map(str, rows[top + 2]))


@pytest.mark.parametrize(
    ("path", "said"),
    [("missing/lab.xlsx", "cannot be written"), ("lab.txt", "ends in .xlsx"), ("folder.xlsx", "is a folder")],
)
def test_a_path_that_cannot_be_written_is_one_clear_error(tmp_path, path, said):
    (tmp_path / "folder.xlsx").mkdir()
    with pytest.raises(TersenetError, match=said):
        write_workbook(tmp_path / path, steps=1, rates=(1.0,))
    assert [file.name for file in tmp_path.iterdir()] == ["folder.xlsx"]


def test_a_network_whose_formulas_no_cell_can_hold_leaves_the_existing_file_untouched(tmp_path):
    path = tmp_path / "lab.xlsx"
    path.write_text("precious")
    with pytest.raises(TersenetError, match="too large for a spreadsheet"):
        write_workbook(path, make_problem(sizes="4-16-16-16-4"), steps=1, rates=(1.0,))
    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]
