"""The server answers its own pages and refuses everything else; nothing that a request says reaches the disk."""

import http.client
import json
import socket
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from tersenet.cli import main
from tersenet.evaluation import guesses
from tersenet.pages import write_report
from tersenet.runs import Experiment, Run, list_runs, measure_run, start_run
from tersenet.training import Recipe
from tersenet.web import RunsReader, runs_data

PORT = 8765
OWN = f"127.0.0.1:{PORT}"
HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture(scope="module")
def ask(tmp_path_factory, serving):
    """A function that sends exactly what it is given and gives status, headers and text; PORT stands for the port."""
    folder = tmp_path_factory.mktemp("asked")
    (folder / "secret.txt").write_text("secret")
    with serving(folder / "runs") as (port, _):

        def asked(path, method="GET", body=None, **headers):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            given = {"Host": f"127.0.0.1:{PORT}"} | {name.replace("_", "-"): value for name, value in headers.items()}
            for name, value in given.items():
                connection.putheader(name, value.replace(str(PORT), str(port)))
            connection.endheaders(body)
            answer = connection.getresponse()
            text = answer.read().decode()
            connection.close()
            return answer.status, answer.headers, text

        yield asked


HOSTS = [
    "evil.example",
    "127.0.0.1",
    f"127.0.0.1.evil.example:{PORT}",
    f"evil@127.0.0.1:{PORT}",
    "localhost",
    "0.0.0.0:8765",
]
HOSTS += [f"127.0.0.1:{PORT + 1}", f"127.0.0.1:{PORT}.", f"127.1:{PORT}", f"[::]:{PORT}", f"192.168.0.1:{PORT}", ""]
ORIGINS = [
    "http://evil.example",
    "null",
    f"https://{OWN}",
    "http://127.0.0.1",
    f"http://{OWN}.evil.example",
    "file://",
    "",
]
METHODS = ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"]
PATHS = [
    "/../secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e/secret.txt",
    "/%2e%2e%2fsecret.html",
    "/%252e%252e%252fsecret.html",
    "/..;/secret.txt",
    "/..%5csecret.html",
    "/....//secret.txt",
    "//etc/passwd",
    "/etc/passwd.html",
    "/%00.html",
    "/draw.html%00",
    "/draw.html/..",
    "/runs/../secret.html",
    "/runs.json/x",
    "/pages/engine/worker.js",
    "/__init__.py",
    "/constructor.html",
    "/\\..\\secret.html",
    "/~root.html",
    "/file:%2f%2f%2fetc%2fpasswd.html",
]


@pytest.mark.parametrize("host", HOSTS)
def test_a_foreign_host_is_refused(ask, host):
    assert ask("/runs.json", Host=host)[0] == 421


@pytest.mark.parametrize("host", [OWN, f"localhost:{PORT}", f"[::1]:{PORT}", f"LOCALHOST:{PORT}"])
def test_the_machine_s_own_names_are_answered(ask, host):
    assert ask("/runs.json", Host=host)[0] == 200


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_foreign_origin_is_refused(ask, origin):
    assert ask("/runs.json", Origin=origin)[0] == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "?"])
def test_what_another_page_loads_is_refused_but_a_link_may_lead_here(ask, site):
    assert ask("/runs.json", Sec_Fetch_Site=site)[0] == 403
    opened = {"Sec_Fetch_Site": site, "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    assert ask("/backprop.html", **opened)[0] == 200
    assert ask("/backprop.html", **{**opened, "Sec_Fetch_Dest": "iframe"})[0] == 403


@pytest.mark.parametrize("method", METHODS)
def test_nothing_can_be_changed(ask, method):
    assert ask("/runs.json", method)[0] == 405


@pytest.mark.parametrize("path", PATHS)
def test_no_path_reaches_the_disk(ask, path):
    status, _, text = ask(path)
    assert status == 404
    assert "secret" not in text
    assert "root:" not in text


def test_bodies_and_long_addresses_are_refused(ask):
    assert ask("/runs.json", body=b"x" * 10, Content_Length="10")[0] == 413
    assert ask("/runs.json", Content_Length="99999999999999")[0] == 413
    assert ask("/runs.json", body=b"0\r\n\r\n", Transfer_Encoding="chunked")[0] == 413
    assert ask("/runs.json?" + "x" * 3000)[0] == 414
    assert ask("/" + "x" * 1000)[0] == 414


def test_every_answer_has_the_headers_that_keep_others_out(ask):
    for path, host in (("/", OWN), ("/draw.html", OWN), ("/runs.json", OWN), ("/none", OWN), ("/runs.json", "evil")):
        _, headers, _ = ask(path, Host=host)
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["content-security-policy"] == "frame-ancestors 'none'"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers


@pytest.fixture(scope="module")
def runs_dir(tmp_path_factory, picture_folder):
    """Two runs, and a folder that should hold one and cannot be read."""
    folder = tmp_path_factory.mktemp("served") / "runs"
    for seed in (0, 1):
        network, rate = ("4C5s2 R 2N", 0.2) if seed else ("2C5s2 R 2N", 0.001)
        recipe = Recipe(epochs=2, learning_rate=rate, averaging=0.0)
        start_run(
            Experiment(network=network, data=f"folder:{picture_folder}", seed=seed, training=recipe), runs_dir=folder
        )
    (folder / HOSTILE.replace("/", "")).mkdir()
    (folder / HOSTILE.replace("/", "") / "experiment.toml").write_text("not toml = [")
    return folder


@pytest.fixture(scope="module")
def served(runs_dir, serving):
    """The address of a server over the runs."""
    with serving(runs_dir) as (port, _):
        yield f"http://127.0.0.1:{port}"


def sound_runs(runs_dir):
    return [run for run in list_runs(runs_dir) if run.name.startswith("net-")]


def test_slow_and_broken_requests_do_not_stop_it(served):
    port = int(served.rpartition(":")[2])
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]
    for connection in slow:
        connection.sendall(b"GET /runs.json HTTP/1.1\r\nHost: ")
    for raw in (b"\x00\x01\x02\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET " + b"/a" * 50_000 + b" HTTP/1.1\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port)) as broken:
            broken.sendall(raw)
            broken.settimeout(5)
            assert b"200 OK" not in broken.recv(200)
    two_hosts = f"GET /runs.json HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nHost: evil\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(two_hosts)
        assert b"200 OK" not in connection.recv(200)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET /runs.json HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        assert b"200 OK" in connection.recv(200)
    for connection in slow:
        connection.close()


def test_the_page_of_runs_sorts_filters_and_shows_hostile_names_as_text(served, page_at, axe):
    page = page_at(served + "/")
    assert page.text_content("#summary").startswith("2 of 2 runs and groups")
    assert HOSTILE.replace("/", "") in page.text_content("#damaged")
    names = page.locator("#table tbody td:nth-child(2)")
    first = names.all_text_contents()
    page.click("thead button >> text=run")
    assert names.all_text_contents() == first[::-1]
    page.fill("#filter", first[0])
    assert names.all_text_contents() == [first[0]]
    page.fill("#filter", "nothing of this name")
    assert names.count() == 0
    page.fill("#filter", "")
    page.check("#table tbody input >> nth=0")
    assert page.locator("#accuracies polyline").count() == 1
    assert axe(page) == []


def test_every_page_works_over_http_and_in_390_pixels(served, page_at):
    for name in ("draw", "lab", "backprop", "runs"):
        page = page_at(f"{served}/{name}.html", width=390)
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_run_that_begins_elsewhere_appears_by_itself(served, page_at, runs_dir, picture_folder):
    page = page_at(served + "/")
    before = page.locator("#table tbody tr").count()
    start_run(
        Experiment(network="4C5s2 R 2N", data=f"folder:{picture_folder}", seed=7, training=Recipe(epochs=1)),
        runs_dir=runs_dir,
    )
    page.locator("#table tbody tr").nth(before).wait_for(timeout=15_000)


def test_no_path_of_the_machine_is_in_what_is_served(runs_dir, picture_folder):
    text = json.dumps(runs_data(runs_dir))
    assert str(runs_dir) not in text
    assert str(picture_folder) not in text


def test_two_runs_are_compared_by_settings_network_and_pictures(served, page_at, runs_dir):
    page = page_at(served + "/")
    one, other = (Run(runs_dir / name) for name in ("net-626-1", "net-1252-1"))
    for run in (one, other):
        page.check(f"input[aria-label='curve of {run.name}']")
    section = page.locator("#comparison")
    assert section.locator("del").all_text_contents() == ["2C5s2"]
    assert section.locator("ins").all_text_contents() == ["4C5s2"]
    cells = section.locator("tr", has_text="training.learning_rate").locator("td").all_text_contents()
    assert cells == ["0.001", "0.2"]
    section.get_by_text("Show the pictures").click()
    section.get_by_text("McNemar").wait_for(timeout=30_000)
    right = [
        guesses(found.logits) == found.labels for found in (measure_run(run, run.data()) for run in (one, other))
    ]
    repaired, broken = (int(which.sum()) for which in (~right[0] & right[1], right[0] & ~right[1]))
    assert section.locator("h3").all_text_contents()[:2] == [
        f"Repaired by {other.name}: {repaired}",
        f"Broken by {other.name}: {broken}",
    ]
    assert section.locator(".mistakes").first.locator("canvas").count() == min(40, repaired)


def test_a_run_s_report_is_served_without_rights_and_only_that_of_a_listed_run(served, page_at, runs_dir):
    run = sound_runs(runs_dir)[0]
    port = int(served.rpartition(":")[2])

    def report(name):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/report?run=" + quote(name, safe=""))
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.headers, text

    assert report(run.name)[0] == 404  # it has none yet
    (run.path / "report.html").symlink_to(run.path / "experiment.toml")
    assert report(run.name)[0] == 404
    (run.path / "report.html").unlink()
    write_report(run)
    status, headers, text = report(run.name)
    assert (status, text) == (200, (run.path / "report.html").read_text(encoding="utf-8"))
    assert "sandbox allow-scripts" in ", ".join(headers.get_all("content-security-policy"))
    for name in (
        "../runs/" + run.name,
        run.name + "/../" + run.name,
        "/etc",
        "",
        ".",
        run.name + "\0",
        str(run.path),
    ):
        assert report(name)[0] == 404
    page = page_at(served + "/")
    page.click(f"td a >> text={run.name}")
    page.locator("#curves .panel").first.focus()  # its own script runs
    assert page.evaluate("self.origin") == "null"
    hostile = "<script>document.title = 'executed'</script><p id=there>here</p>"
    (run.path / "report.html").write_text(hostile, encoding="utf-8")
    page = page_at(f"{served}/report?run={run.name}", expected=["Content Security Policy"])
    page.locator("#there").wait_for()
    assert page.title() != "executed"


def test_runs_that_cannot_be_compared_are_said(served):
    port = int(served.rpartition(":")[2])
    for query in ("one=a&other=b", "one=..%2f..&other=%00", ""):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", f"/pictures.json?{query}")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (404, b"There is no such run.")
        connection.close()


@pytest.fixture(scope="module")
def many_runs(runs_dir, tmp_path_factory):
    """1,000 run folders: copies of one."""
    folder, first = tmp_path_factory.mktemp("many") / "runs", sound_runs(runs_dir)[0]
    for number in range(1, 1001):
        copy = folder / f"net-7-{number}"
        copy.mkdir(parents=True)
        for name in ("experiment.toml", "environment.json", "metrics.csv", "result.json", "status.json"):
            (copy / name).write_bytes((first.path / name).read_bytes())
    return folder


def test_a_thousand_runs_are_shown_and_sort_and_what_changes_is_read_again(many_runs, serving, page_at):
    reader = RunsReader(many_runs)
    began = time.perf_counter()
    first = reader.data()
    cold = time.perf_counter() - began
    began = time.perf_counter()
    assert reader.data() == first
    assert time.perf_counter() - began < cold / 3  # nothing is read twice
    (many_runs / "net-7-500" / "result.json").unlink()
    states = {row["run"]: row["state"] for row in reader.data()["rows"]}
    assert (states["net-7-500"], states["net-7-501"], len(states)) == ("interrupted", "finished", 1000)
    with serving(many_runs) as (port, _):
        page = page_at(f"http://127.0.0.1:{port}/")
        assert page.text_content("#summary").startswith("1,000 of 1,000 runs")
        page.click("thead button >> text=run")
        assert page.locator("#table tbody td:nth-child(2)").first.text_content() == "net-7-1000"
        page.fill("#filter", "interrupted")
        assert page.locator("#table tbody tr").count() == 1
        page.goto("about:blank")  # before the server ends, which the page would ask in vain


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (390, "light")])
def test_nothing_of_the_page_of_runs_is_cut(served, page_at, axe, width, scheme):
    page = page_at(served + "/", width=width, color_scheme=scheme)
    for box in page.locator("#table tbody input").all()[:2]:
        box.check()
    page.click("#front summary")
    assert "NeuralGolfing" not in page.text_content("#front")  # records are of MNIST
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert axe(page) == []


def test_a_port_in_use_is_said(capsys, tmp_path):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        assert main(["serve", str(tmp_path), "--port", str(held.getsockname()[1]), "--no-browser"]) == 1
    assert "The port cannot be used." in capsys.readouterr().err
    assert main(["serve", str(tmp_path), "--port", "99999", "--no-browser"]) == 1
    assert Path(tmp_path).is_dir()
