"""A small world for the pages: every data set has its name, its files and its checks, and few pictures."""

import dataclasses
import functools
import hashlib
import http.server
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

TRAIN, TEST = 300, 100


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    """The four named sets as their homes would publish them, of few drawn digits, and a server that is their home."""
    from tersenet.data.drawn.synthetic import draw_synthetic
    from tersenet.data.named_sets import NAMED_SETS

    root = tmp_path_factory.mktemp("published")
    splits = draw_synthetic(train=TRAIN, test=TEST)
    handler = functools.partial(_Quiet, directory=root)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        home = f"http://127.0.0.1:{server.server_port}"
        yield root, splits, {name: _shrunk(named, root / name, splits, home) for name, named in NAMED_SETS.items()}
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def _shrunk(named, folder, splits, home):
    """`named` with the pictures of `splits`, its files in `folder`, its checksums those of the files."""
    from tersenet.data.formats.idx import read_idx, write_idx

    folder.mkdir()
    changed = {}
    for split, half in zip(splits, ("train", "test"), strict=True):
        for kind in ("images", "labels"):
            archive = getattr(named, f"{half}_{kind}")
            values = getattr(split, kind).squeeze(1).numpy() if kind == "images" else split.labels.numpy()
            if kind == "labels" and len(archive.shape) == 2:  # QMNIST: a table whose first column is the class
                values = np.repeat(values[:, None], archive.shape[1], axis=1)
            values = values.astype(np.int32 if "int" in archive.name else np.uint8)
            write_idx(folder / archive.name, values)
            plain = folder / "plain"
            write_idx(plain, read_idx(folder / archive.name))
            changed[f"{half}_{kind}"] = dataclasses.replace(
                archive,
                shape=values.shape,
                md5=hashlib.md5((folder / archive.name).read_bytes()).hexdigest(),
                sha256=archive.sha256 and hashlib.sha256(plain.read_bytes()).hexdigest(),
            )
            plain.unlink()
    return dataclasses.replace(named, homes=(f"{home}/{named.name}/",), **changed)


@pytest.fixture
def small_world(published, tmp_path, monkeypatch):
    """A scratch folder to work in, with few pictures wherever a data set is asked for by its name.

    `digit.png` is a picture of a digit, `my-digits/` a folder of such pictures, a sub-folder a class.
    """
    from tersenet.data.drawn import synthetic
    from tersenet.data.named_sets import NAMED_SETS
    from tersenet.figures import style

    root, splits, sets = published
    monkeypatch.setattr(style, "DOTS_PER_INCH", 48)  # small pictures: how figures look is tested elsewhere
    for name, named in sets.items():
        monkeypatch.setitem(NAMED_SETS, name, named)
    monkeypatch.setattr(synthetic, "load_synthetic", lambda *_: splits)
    monkeypatch.setattr(synthetic, "SHA256", synthetic.checksum(*splits))
    # The home folder is a new one; the cache, with the compiled engine in it, is the user's own.
    monkeypatch.setenv("XDG_CACHE_HOME", os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TERSENET_DATA", str(root))
    monkeypatch.setenv("COLUMNS", "80")
    scratch = tmp_path / "work"
    scratch.mkdir()
    monkeypatch.chdir(scratch)
    train, test = splits
    Image.fromarray(test.images[0, 0].numpy()).save("digit.png")
    for index, (picture, label) in enumerate(zip(train.images[:100], train.labels[:100].tolist(), strict=True)):
        folder = Path("my-digits", str(label))
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture[0].numpy()).save(folder / f"{index}.png")
    return scratch
