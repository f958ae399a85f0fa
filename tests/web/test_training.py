"""A page may have a network trained, as an ordinary run in a process of its own; without the token it may not."""

import http.client
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tersenet.cli import main
from tersenet.runs import list_runs
from tersenet.web import Trainings

EPOCHS = 8  # enough that the training goes on when a page has seen the first
STEPS, IMAGES = 120, 10_000  # batches of 500 in an epoch of the drawn digits, and test pictures
ORDER = {
    "notation": "gap-10nb",
    "data": "synthetic",
    "epochs": 2,
    "batch": 500,
    "optimizer": "sgd",
    "rate": 0.1,
    "augmentation": 0,
}


@pytest.fixture(scope="module")
def bad_data(tmp_path_factory):
    """A folder of data in which the set kmnist is broken."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "kmnist").mkdir()
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (folder / "kmnist" / f"{name}-ubyte").write_bytes(b"broken")
    return folder


@pytest.fixture(scope="module")
def place(tmp_path_factory, serving, bad_data):
    """Port, token and folder of a server over them."""
    runs_dir = tmp_path_factory.mktemp("trained") / "runs"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERSENET_DATA", str(bad_data))
        with serving(runs_dir) as (port, token):
            yield port, token, runs_dir


@pytest.fixture
def tell(place):
    """A function that sends a POST as the page does, headers changed by name (None: left out)."""
    port, token, _ = place

    def told(path, order=None, *, body=None, **changes):
        body = json.dumps({} if order is None else order).encode() if body is None else body
        headers = {
            "Host": f"127.0.0.1:{port}",
            "Origin": f"http://127.0.0.1:{port}",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "X-Tersenet-Token": token,
        } | {name.replace("_", "-"): value for name, value in changes.items()}
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    return told


def news(place):
    connection = http.client.HTTPConnection("127.0.0.1", place[0], timeout=60)
    connection.request("GET", "/training.json")
    found = json.loads(connection.getresponse().read())
    connection.close()
    return found


def wait_for(place, *states, epochs=0):
    until = time.monotonic() + 90
    while time.monotonic() < until:
        found = news(place)
        if found["state"] in states and len(found["epochs"]) >= epochs:
            return found
        assert found["state"] in (*states, "preparing", "running"), found["problem"]
        time.sleep(0.05)
    raise AssertionError(found)


EVIL = [
    ({"Origin": None}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": "http://evil.example"}, 403),
    ({"Origin": "http://localhost:1"}, 403),
    ({"Sec_Fetch_Site": "same-site"}, 403),
    ({"Sec_Fetch_Site": "none"}, 403),
    ({"X_Tersenet_Token": None}, 401),
    ({"X_Tersenet_Token": ""}, 401),
    ({"X_Tersenet_Token": "0123456789abcdee"}, 401),
    ({"Content_Type": "text/plain"}, 415),
    ({"Content_Type": None}, 415),
    ({"Content_Type": "application/x-www-form-urlencoded"}, 415),
    ({"Content_Length": "5000"}, 413),
    ({"Content_Length": "99999999999999"}, 413),
    ({"Content_Length": None, "Transfer_Encoding": "chunked"}, 413),
    ({"Host": "evil.example"}, 421),
]


@pytest.mark.parametrize(("changes", "status"), EVIL)
def test_whoever_is_not_a_page_of_this_server_changes_nothing(tell, place, changes, status):
    body = b"2\r\n{}\r\n0\r\n\r\n" if "Transfer_Encoding" in changes else None
    for path in ("/training/start", "/training/stop", "/training/go-on"):
        assert tell(path, ORDER, body=body, **changes)[0] == status
    assert news(place)["state"] == "nothing yet"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"notation": "model.py:Net"}, "model.py:Net"),
        ({"notation": "../../etc/passwd"}, "There is no such layer"),
        ({"notation": "8C3 BN Q"}, "There is no such layer"),
        ({"notation": "8C3 BN R"}, "1×1"),
        ({"notation": "9000N 9000N 10N"}, "too many parameters"),
        ({"notation": "R " * 5000}, "larger|cannot be read"),
        ({"data": "folder:/etc"}, "cannot be used"),
        ({"data": "auto"}, "cannot be used"),
        ({"optimizer": "__import__"}, "cannot be used"),
        ({"epochs": 100000}, "cannot be read"),
        ({"epochs": 1.5}, "cannot be read"),
        ({"rate": "NaN"}, "cannot be read"),
        ({"augmentation": -1}, "cannot be read"),
        ({"runs_dir": "/tmp"}, "cannot be read"),
    ],
)
def test_an_order_out_of_bounds_is_refused_in_words(tell, place, change, said):
    status, text = tell("/training/start", ORDER | change)
    assert status in (400, 413)
    assert re.search(said, text) or status == 413
    assert news(place)["state"] == "nothing yet"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 3000, b"\xff\xfe", b'{"notation": 3}'])
def test_what_is_no_order_is_refused(tell, body):
    assert tell("/training/start", body=body)[0] == 400


def test_a_body_that_does_not_come_is_not_waited_for(tell):
    began = time.monotonic()
    assert tell("/training/start", body=b"{", Content_Length="100")[0] == 408
    assert time.monotonic() - began < 20


def test_a_training_that_cannot_begin_says_why(tell, place):
    assert tell("/training/start", ORDER | {"data": "kmnist"})[0] == 200
    found = wait_for(place, "failed", "finished")
    assert (found["state"], found["run"]) == ("failed", None)
    assert "kmnist" in found["problem"]


def test_the_lab_trains_pauses_and_goes_on_and_all_is_an_ordinary_run(place, page_at, tell):
    port, token, runs_dir = place
    assert tell("/training/go-on")[0] == 409
    page = page_at(f"http://127.0.0.1:{port}/#token={token}")
    assert "token" not in page.url
    page.click("nav >> text=Lab")
    page.select_option("#data-set", "synthetic")
    page.fill("#batch", str(ORDER["batch"]))
    page.fill("input.notation >> nth=0", ORDER["notation"])
    page.fill("#epochs", str(EPOCHS))
    other = page_at(f"http://127.0.0.1:{port}/lab.html")  # without the token, it sees what goes on
    page.click("#train")
    page.get_by_text(re.compile("after epoch 1")).first.wait_for(timeout=60_000)
    assert tell("/training/start", ORDER)[0] == 409  # one at a time
    other.reload()
    other.get_by_text(re.compile("This is the run")).wait_for()
    page.click("#pause")
    page.get_by_text("interrupted: Go on continues it.").wait_for(timeout=30_000)
    (run,) = list_runs(runs_dir)
    assert run.state == "interrupted"
    page.click("#pause")
    page.get_by_text("finished.").wait_for(timeout=60_000)
    assert page.locator("#losses polyline").get_attribute("points").count(",") == EPOCHS * STEPS
    page.get_by_text(re.compile(rf"after epoch {EPOCHS}: [\d,]+ of 10,000")).wait_for()
    cells = page.locator("#confusion td").all_text_contents()
    assert sum(int(text) for text in cells if text != "·") == IMAGES
    assert (run.path / "report.html").is_file()
    found = news(place)
    assert found["state"] == "finished"
    assert (
        [row.epoch for row in run.metrics] == [epoch["epoch"] for epoch in found["epochs"]] == [*range(1, EPOCHS + 1)]
    )
    page.click("#as-run a")
    assert page.locator("#table tbody td:nth-child(2)").all_text_contents() == [run.name]
    # What the folder says of its command makes the same weights again.
    program, *words = run.environment.command_line
    assert program == "tersenet"
    assert main([*words, "--runs-dir", str(runs_dir / "again"), "--no-report"]) == 0
    (again,) = list_runs(runs_dir / "again")
    assert (again.path / "model.safetensors").read_bytes() == (run.path / "model.safetensors").read_bytes()


def test_what_was_told_beyond_the_last_whole_epoch_is_told_anew_when_it_goes_on(tmp_path):
    trainings = Trainings(tmp_path)

    def begin(*measured):
        trainings._take({"run": "net-1", "notice": None, "measured": list(measured)})

    def batches(epoch, *losses):
        trainings._take({"losses": [*losses], "epoch": epoch, "batch": len(losses), "batches": 2, "rate": 0.1})

    begin()
    batches(1, 0.9, 0.8)
    trainings._take({"measured": {"epoch": 1}})
    batches(2, 0.7)
    page = trainings.told()
    begin({"epoch": 1}, {"epoch": 2})  # the second epoch was whole, and was not told before the end
    assert trainings.told(page["number"], len(page["losses"]))["epochs"] == [{"epoch": 1}, {"epoch": 2}]
    begin({"epoch": 1})
    batches(2, 0.6)
    news = trainings.told(page["number"], len(page["losses"]))
    assert (news["first"], news["losses"], news["epochs"]) == (0, [0.9, 0.8, 0.6], [{"epoch": 1}])
    assert trainings.told(news["number"], 2)["losses"] == [0.6]


def test_a_page_without_the_token_is_told_where_it_is(place, page_at):
    page = page_at(f"http://127.0.0.1:{place[0]}/lab.html", expected=["401 (Unauthorized)"])
    page.click("#train")
    page.get_by_text("open the address that tersenet serve printed").wait_for()


def test_serve_prints_its_address_as_json_and_ends_on_ctrl_c(tmp_path):
    command = [sys.executable, "-m", "tersenet", "serve", str(tmp_path), "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        said = json.loads(process.stdout.readline())
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/#token=[0-9a-f]{32}", said["address"])
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=30)
    assert (process.returncode, rest) in ((0, ""), (130, "")), errors


def test_train_watch_opens_the_page_on_the_run(picture_folder, tmp_path, monkeypatch, capsys):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    words = ["train", "GAP 2Nb", "--data", f"folder:{picture_folder}", "--epochs", "1", "--runs-dir", str(tmp_path)]
    assert main([*words, "--no-report", "--watch"]) == 0
    (run,) = list_runs(Path(tmp_path))
    assert re.fullmatch(rf"http://127\.0\.0\.1:\d+/runs\.html#chosen={run.name}&token=[0-9a-f]+", opened[0])
    assert opened[0] in capsys.readouterr().out
