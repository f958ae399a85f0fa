"""Fetching against a local server: mirrors, checksums, cut connections, silence, and nothing half-written."""

import contextlib
import dataclasses
import gzip
import http.server
import shutil
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tersenet._errors import TersenetError
from tersenet.data import catalog, download, load_data
from tersenet.data.download import UnreachableError, fetch_set
from tersenet.data.named_sets import NAMED_SETS

pytestmark = pytest.mark.usefixtures("small_sets")


class Server:
    """Serves a folder under several first words of the path, each with its own way of going wrong."""

    def __init__(self, folder):
        self.folder, self.asked, self.failures_left = folder, [], 1
        self.stopped = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self):
                self.send_response(200)
                self.end_headers()

            def do_GET(self):
                outer.answer(self)

            def log_message(self, *args):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def home(self, manner):
        return f"http://127.0.0.1:{self.http.server_port}/{manner}/"

    def answer(self, request):
        _, manner, name = request.path.split("/")
        self.asked.append((manner, name))
        content = (self.folder / name).read_bytes()
        if manner == "flaky" and self.failures_left:
            self.failures_left -= 1
            manner = "overloaded"
        if manner in ("missing", "overloaded"):
            request.send_error({"missing": 404, "overloaded": 503}[manner])
            return
        sent = {
            "wrong": content[:-3] + b"???",
            "sign-in": b"<html>Please sign in to this network.</html>",
            "recompressed": gzip.compress(gzip.decompress(content), 1),
            "cut": content[: len(content) // 2],
        }.get(manner, content)
        if manner == "dripping-header":
            self.drip(request, b"HTTP/1.0 200 OK\r\nX-Long: " + b"x" * 100)
            return
        request.send_response(200)
        request.send_header("Content-Length", str(len(content) if manner == "cut" else len(sent)))
        request.end_headers()
        if manner == "dripping":
            self.drip(request, sent)
        elif manner == "silent":
            self.stopped.wait(20)
        else:
            request.wfile.write(sent)

    def drip(self, request, content):
        """A byte every twentieth of a second, for as long as anybody listens."""
        with contextlib.suppress(OSError):
            for byte in content:
                if self.stopped.wait(0.05):
                    return
                request.wfile.write(bytes([byte]))
                request.wfile.flush()


@pytest.fixture
def server(small_sets):
    server = Server(small_sets / "mnist")
    yield server
    server.stopped.set()
    server.http.shutdown()
    server.http.server_close()


@pytest.fixture
def refused():
    """A home at a port where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return f"http://127.0.0.1:{port}/"


@pytest.fixture
def silent():
    """A home that accepts the connection and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


def mnist_from(*homes):
    named = dataclasses.replace(NAMED_SETS["mnist"], homes=homes)
    NAMED_SETS["mnist"] = named  # the fixture puts the real one back
    return named


def names(folder):
    return sorted(path.name for path in folder.rglob("*")) if folder.exists() else []


ALL = sorted(archive.name for archive in NAMED_SETS["mnist"].archives)


def test_all_four_files_are_fetched_with_progress(server, tmp_path):
    told = []
    fetch_set(mnist_from(server.home("good")), tmp_path / "to", progress=lambda *words: told.append(words))
    assert names(tmp_path / "to") == ALL
    for name in ALL:
        assert (tmp_path / "to" / name).read_bytes() == (server.folder / name).read_bytes()
        size = (server.folder / name).stat().st_size
        assert (name, size, size) in told


@pytest.mark.parametrize("manner", ["missing", "overloaded", "wrong", "sign-in", "cut"])
def test_the_second_mirror_serves_where_the_first_fails(server, tmp_path, manner):
    home = fetch_set(mnist_from(server.home(manner), server.home("good")), tmp_path / "to", pause=0)
    assert home == server.home("good")
    assert names(tmp_path / "to") == ALL


def test_the_second_mirror_serves_where_the_first_is_down(server, tmp_path, refused):
    assert fetch_set(mnist_from(refused, server.home("good")), tmp_path / "to") == server.home("good")


def test_a_failure_that_passes_is_tried_again(server, tmp_path):
    fetch_set(mnist_from(server.home("flaky")), tmp_path / "to", pause=0)
    assert names(tmp_path / "to") == ALL


def test_a_file_that_a_server_does_not_have_is_not_asked_for_twice(server, tmp_path):
    with pytest.raises(UnreachableError, match="404"):
        fetch_set(mnist_from(server.home("missing")), tmp_path / "to", pause=0)
    assert len(server.asked) == 1


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
@pytest.mark.parametrize("manner", ["wrong", "sign-in"])
def test_other_bytes_than_the_published_ones_are_refused(server, small_sets, tmp_path, manner, name):
    """By the SHA-256 of the payload for MNIST, by the MD5 of the archive for the others."""
    server.folder = small_sets / name
    named = dataclasses.replace(NAMED_SETS[name], homes=(server.home(manner),))
    with pytest.raises(TersenetError, match="not the published") as caught:
        fetch_set(named, tmp_path / "to", pause=0)
    assert not isinstance(caught.value, UnreachableError)
    assert server.home(manner) in caught.value.got
    assert names(tmp_path / "to") == []


def test_any_gzip_of_mnist_s_payload_will_do(server, tmp_path):
    fetch_set(mnist_from(server.home("recompressed")), tmp_path / "to")
    assert names(tmp_path / "to") == ALL


def test_a_cut_connection_leaves_nothing_and_loses_nothing(server, tmp_path):
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / ALL[0]).write_text("what was there")
    with pytest.raises(UnreachableError, match="cut off"):
        fetch_set(mnist_from(server.home("cut")), tmp_path / "to", pause=0)
    assert names(tmp_path / "to") == ALL[:1]
    assert (tmp_path / "to" / ALL[0]).read_text() == "what was there"


def test_without_a_network_the_error_comes_at_once(tmp_path, refused):
    start = time.perf_counter()
    with pytest.raises(UnreachableError, match="connection refused") as caught:
        fetch_set(mnist_from(refused, refused + "2/"), tmp_path / "to")
    assert time.perf_counter() - start < 2
    assert "TERSENET_DATA" in caught.value.hint
    assert not (tmp_path / "to").exists()


def test_silence_is_waited_for_once_for_all_mirrors_together(tmp_path, silent):
    start = time.perf_counter()
    with pytest.raises(UnreachableError, match="no answer"):
        fetch_set(mnist_from(*(f"{silent}{n}/" for n in range(4))), tmp_path / "to", connect_seconds=0.3)
    assert 0.2 < time.perf_counter() - start < 1.2


@pytest.mark.parametrize("manner", ["silent", "dripping", "dripping-header"])
def test_a_server_that_is_silent_or_drips_is_given_up(server, tmp_path, monkeypatch, manner):
    monkeypatch.setattr(download, "SLOW_SECONDS", 0.4)
    monkeypatch.setattr(download, "PATIENCE", 0.5)
    start = time.perf_counter()
    with pytest.raises(UnreachableError, match=r"silent|slowly|in time") as caught:
        fetch_set(mnist_from(server.home(manner)), tmp_path / "to", pause=0)
    assert time.perf_counter() - start < 5
    assert names(tmp_path / "to") == []
    assert len(caught.value.got.splitlines()) <= 2


def test_the_next_mirror_serves_where_the_first_drips(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "SLOW_SECONDS", 0.4)
    named = mnist_from(server.home("dripping"), server.home("good"))
    assert fetch_set(named, tmp_path / "to", pause=0) == server.home("good")


def test_a_silent_mirror_does_not_hold_up_one_that_answers(server, tmp_path, silent):
    start = time.perf_counter()
    fetch_set(mnist_from(silent, server.home("good")), tmp_path / "to", connect_seconds=5)
    assert time.perf_counter() - start < 4


def test_several_fetches_into_one_folder_do_not_disturb_each_other(server, tmp_path):
    named = mnist_from(server.home("good"))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: fetch_set(named, tmp_path / "to"), range(4)))
    assert names(tmp_path / "to") == ALL
    assert all((tmp_path / "to" / name).read_bytes() == (server.folder / name).read_bytes() for name in ALL)


def load(name, tmp_path, **more):
    return load_data(name, cache_dir=tmp_path / "cache", connect_seconds=0.5, **more)


@pytest.fixture
def drawn(monkeypatch):
    """A few drawn digits in place of the 70,000, which take seconds."""
    import tersenet.data.drawn.synthetic as synthetic

    monkeypatch.setattr(synthetic, "load_synthetic", lambda _: synthetic.draw_synthetic(train=6, test=3))


def test_a_set_is_fetched_once_and_then_read_from_the_cache(server, tmp_path):
    mnist_from(server.home("good"))
    assert len(load("mnist", tmp_path).train) == 24
    fetched = len(server.asked)
    again = load("mnist", tmp_path)
    assert len(server.asked) == fetched == 4
    assert str(tmp_path / "cache") in again.source


def test_a_fetch_that_was_interrupted_goes_on_where_it_was(server, tmp_path):
    (tmp_path / "cache" / "mnist").mkdir(parents=True)
    shutil.copy(server.folder / ALL[0], tmp_path / "cache" / "mnist")
    mnist_from(server.home("good"))
    load("mnist", tmp_path)
    assert sorted(name for _, name in server.asked) == ALL[1:]


@pytest.mark.parametrize("manner", ["good", "cut", "missing"])
def test_auto_is_mnist_where_it_can_be_fetched_else_synthetic_with_a_notice(server, tmp_path, drawn, manner):
    mnist_from(server.home(manner))
    dataset = load("auto", tmp_path)
    assert dataset.name == ("mnist" if manner == "good" else "synthetic")
    assert (dataset.notice is None) == (manner == "good")
    if dataset.notice:
        assert "NOT the MNIST digits" in dataset.notice
        assert dataset.notice.count("\n") == 1


def test_auto_without_a_network_is_synthetic(tmp_path, drawn, refused):
    mnist_from(refused)
    dataset = load("auto", tmp_path)
    assert dataset.name == "synthetic"
    assert "connection refused" in dataset.notice


def test_auto_never_fetches_where_it_may_not(server, tmp_path, drawn):
    mnist_from(server.home("good"))
    assert load("auto", tmp_path, download=False).name == "synthetic"
    assert server.asked == []


def test_auto_refuses_other_bytes_than_mnist_s(server, tmp_path, drawn):
    """Somebody answers in the home's place: that is told, not passed over."""
    mnist_from(server.home("sign-in"))
    with pytest.raises(TersenetError, match="not the published"):
        load("auto", tmp_path)


def test_a_cache_that_cannot_be_written_is_an_error_for_mnist_and_passed_by_for_auto(server, tmp_path, drawn):
    (tmp_path / "cache").write_text("a file in the folder's place")
    mnist_from(server.home("good"))
    with pytest.raises(TersenetError, match="cache folder cannot be written"):
        load("mnist", tmp_path)
    dataset = load("auto", tmp_path)
    assert dataset.name == "mnist"
    assert "not kept" in dataset.source


def test_no_connection_for_a_set_asked_for_by_name_is_an_error(tmp_path, refused):
    mnist_from(refused)
    with pytest.raises(TersenetError, match="cannot be reached"):
        load("mnist", tmp_path)


def test_fetch_data_replaces_a_damaged_file_in_the_cache_and_nothing_else(server, tmp_path):
    mnist_from(server.home("good"))
    cache = tmp_path / "cache"
    catalog.fetch_data("mnist", cache_dir=cache)
    (cache / "mnist" / ALL[1]).write_bytes(b"damaged")
    fetched = catalog.fetch_data("mnist", cache_dir=cache)
    assert fetched.files == (ALL[1],)
    assert catalog.fetch_data("mnist", cache_dir=cache).files == ()


def test_fetch_data_does_not_touch_a_damaged_file_elsewhere(server, tmp_path):
    mnist_from(server.home("good"))
    shutil.copytree(server.folder, tmp_path / "mine" / "mnist")
    (tmp_path / "mine" / "mnist" / ALL[1]).write_bytes(b"damaged")
    with pytest.raises(TersenetError):
        catalog.fetch_data("mnist", data_dir=tmp_path / "mine", cache_dir=tmp_path / "cache")
    assert (tmp_path / "mine" / "mnist" / ALL[1]).read_bytes() == b"damaged"
    catalog.fetch_data("mnist", into=tmp_path / "mine", cache_dir=tmp_path / "cache")
    assert len(load("mnist", tmp_path, data_dir=tmp_path / "mine").test) == 12


def test_a_folder_that_cannot_be_written_is_an_error(server, tmp_path):
    mnist_from(server.home("good"))
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(TersenetError, match="cannot be written"):
        catalog.fetch_data("mnist", into=tmp_path / "file", cache_dir=tmp_path / "cache")
