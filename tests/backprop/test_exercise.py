"""Exercises: the answers are the derivatives, a page checks them and hides them, variants share one key."""

import base64
import json
import re
import shutil
import subprocess
from xml.etree import ElementTree as ET

import pytest

from tersenet._errors import TersenetError
from tersenet.backprop import (
    MAZUR,
    answer_key,
    derive,
    descend,
    exercise_page,
    key_page,
    make_exercise,
    make_problem,
    make_variants,
    sheets_page,
    solution_page,
)
from tersenet.backprop.lessons.exercise import shown
from tersenet.cli.main import main

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


def body_of(page):
    """The page's body without its script, read by an XML parser."""
    body = page[page.index("<body>") : page.index("</html>")]
    return ET.fromstring(re.sub(r"<script>.*?</script>", "", body, flags=re.DOTALL))


def test_the_answers_are_those_of_sympy_and_of_the_descent():
    exercise = make_exercise(seed=11, learning_rate=0.5)
    answers = {blank.quantity: blank.answer for blank in exercise.blanks}
    after = descend(exercise.problem, steps=1, learning_rate=0.5)
    for name in exercise.problem.network.weight_names:
        assert answers[f"∂E_total/∂{name}"] == pytest.approx(derive(exercise.problem, name).by_sympy, rel=1e-12)
        assert answers[f"{name} after the step"] == after.column(name)[1]


def test_every_blank_of_the_page_has_a_named_field_a_verdict_and_a_way_to_show_its_answer():
    exercise = make_exercise(seed=3)
    body = body_of(exercise_page(exercise))
    fields = list(body.iter("input"))
    assert len(fields) == len(exercise.blanks)
    labels = {label.get("for") for label in body.iter("label")}
    verdicts = {span.get("id"): span for span in body.iter("span") if span.get("role") == "status"}
    for field in fields:
        assert field.get("id") in labels
        assert field.get("aria-describedby") in verdicts
    buttons = [button.get("aria-label") for button in body.iter("button") if button.get("aria-label")]
    assert buttons == [f"Show the answer to blank {number}" for number in range(1, len(fields) + 1)]
    assert [element.tag for element in body.iter() if re.fullmatch(r"h\d", element.tag)] == ["h1", *["h2"] * 4]


def test_a_look_at_the_page_or_its_source_gives_no_answer_away():
    exercise = make_exercise(seed=3)
    page = exercise_page(exercise)
    for blank in exercise.blanks:
        assert shown(blank.answer) not in page
        assert repr(blank.answer) not in page
    [key] = re.findall(r'data-key="([^"]+)"', page)
    assert json.loads(base64.b64decode(key)) == [blank.answer for blank in exercise.blanks]
    said = " ".join(" ".join(svg.itertext()) for svg in body_of(page).iter("svg"))
    assert f"{exercise.problem.values()['a_o1']:.4g}" not in said
    assert "data-key" not in sheets_page([exercise])


@pytest.mark.parametrize(
    "write", [exercise_page, solution_page, lambda one: sheets_page([one]), lambda one: key_page([one])]
)
def test_the_pages_are_well_formed_and_load_nothing(write):
    page = write(make_exercise(MAZUR))
    body_of(page)
    assert not re.search(r"https?:|<img|<link|@import|url\(|src=", page)
    assert '<html lang="en">' in page


def test_the_tolerance_is_said_and_grows_with_the_learning_rate():
    assert "An answer is correct within ±0.000002 of the exact value." in exercise_page(make_exercise())
    assert make_exercise(learning_rate=100.0).tolerance == pytest.approx(2e-4)


def test_thirty_variants_have_thirty_seeds_different_numbers_and_one_key():
    made = make_variants(30, seed=5)
    assert [one.seed for one in made] == list(range(5, 35))
    assert len({one.problem.weights for one in made}) == 30
    key = answer_key(made)
    assert "30 variants, seeds 5 to 34." in key
    rows = [line.split(" | ") for line in key.splitlines() if line.startswith("| ")]
    tables = [rows[start : start + 35] for start in range(0, len(rows), 35)]
    assert len(tables) == 5
    for place, one in enumerate(made):
        column = [row[2 + place % 6].rstrip(" |") for row in tables[place // 6]]
        assert column == [f"variant {place + 1}", *(shown(blank.answer) for blank in one.blanks)]
    page = key_page(made)
    assert page.count('<th scope="col">variant') == 30
    assert all(shown(blank.answer) in page for blank in made[29].blanks)


def test_variants_of_numbers_that_no_seed_draws_are_an_error():
    fixed = make_problem(weights=[0.1] * 8)
    with pytest.raises(TersenetError, match="all have the same numbers"):
        make_variants(3, lambda seed: make_exercise(fixed, seed=seed))
    with pytest.raises(TersenetError):
        make_variants(0)
    with pytest.raises(TersenetError):
        make_variants(10**9)


def test_a_class_is_written_into_one_folder(tmp_path, capsys):
    assert (
        main(["backprop", "exercise", "--out", str(tmp_path), "--format", "html", "--variants", "3", "--json"]) == 0
    )
    names = ["sheet-1.html", "sheet-2.html", "sheet-3.html", "sheets-to-print.html", "solution-key.html"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    content = json.loads(capsys.readouterr().out)
    assert [one["seed"] for one in content["variants"]] == [1, 2, 3]
    assert main(["backprop", "exercise", "--out", str(tmp_path / "md"), "--variants", "2", "--sizes", "2-1"]) == 0
    assert sorted(path.name for path in (tmp_path / "md").iterdir()) == [
        "sheet-1.md",
        "sheet-2.md",
        "solution-key.md",
    ]


def test_pages_without_a_folder_are_an_error_with_a_hint(capsys):
    for words in (["--format", "html"], ["--variants", "2"]):
        assert main(["backprop", "exercise", *words]) == 1
        assert "--out FOLDER" in capsys.readouterr().err


TRY = """
<script>
const fields = [...document.querySelectorAll("input")], values = VALUES;
fields.forEach((field, place) => {
  field.value = values[place] ?? "";
  field.dispatchEvent(new Event("change"));
});
document.querySelectorAll("button[aria-label]")[4].click();
const said = [...document.querySelectorAll(".verdict")].map((one) => one.textContent);
document.title = JSON.stringify([document.getElementById("score").textContent, ...said]);
</script>
"""


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not here (Debian: apt-get install chromium)")
def test_the_page_itself_tells_right_from_wrong_and_shows_an_answer_when_asked(tmp_path):
    exercise = make_exercise(seed=3)
    exact = [blank.answer for blank in exercise.blanks]
    values = [
        f"{exact[0]:.6f}",
        f"{exact[1] + 1.9e-6:.9f}",
        f"{exact[2] + 1e-5:.9f}",
        f"{exact[3]:.8f}".replace(".", ","),
    ]
    values += ["", "one half", shown(min(exact))]
    path = tmp_path / "sheet.html"
    path.write_text(exercise_page(exercise).replace("</main>", TRY.replace("VALUES", json.dumps(values)) + "</main>"))
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/browser"]
    done = subprocess.run([*command, "--dump-dom", path.as_uri()], capture_output=True, text=True, timeout=120)
    score, *said = json.loads(re.search(r"<title>(.*?)</title>", done.stdout)[1])
    assert said[:4] == ["✓ correct", "✓ correct", "✗ not yet", "✓ correct"]
    assert said[4] == f"answer: {shown(exact[4])}"
    assert said[5] == "✗ not a number"
    assert said[7:] == [""] * (len(exact) - 7)
    assert score == f"3 of {len(exact)} correct"
