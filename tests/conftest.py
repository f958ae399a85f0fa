"""What several tests share: MNIST where it is at hand, and a folder of pictures that takes a second to learn."""

import os
import random
import signal
from contextlib import suppress

# The tests run one process a core: more threads each would only get in each other's way.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# What nobody expected is shown as it is, not as the one message that users get.
os.environ.setdefault("TERSENET_TRACEBACK", "1")

# Where the tests run in the background of a shell, or under nohup, these are ignored, and children inherit that.
with suppress(ValueError):  # only the main thread may
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)

from pathlib import Path

import pytest
from PIL import Image, ImageDraw


@pytest.fixture(autouse=True, scope="session")
def users_own_data(tmp_path_factory):
    """The code that tests trust is not trusted by whoever runs them."""
    before = os.environ.get("XDG_DATA_HOME")
    os.environ["XDG_DATA_HOME"] = str(tmp_path_factory.mktemp("data-home"))
    yield
    os.environ.pop("XDG_DATA_HOME")
    if before is not None:
        os.environ["XDG_DATA_HOME"] = before


@pytest.fixture(scope="session")
def mnist():
    """The real MNIST, or a skip where TERSENET_DATA names no folder that holds it."""
    folder = os.environ.get("TERSENET_DATA")
    if not folder or not Path(folder, "mnist").is_dir():
        pytest.skip("TERSENET_DATA names no folder with mnist/")
    from tersenet.data import load_data

    return load_data("mnist")


@pytest.fixture(scope="session")
def picture_folder(tmp_path_factory):
    """A folder of small pictures of two classes."""
    folder = tmp_path_factory.mktemp("pictures")
    numbers = random.Random(0)
    for kind in ("bar", "ring"):
        (folder / kind).mkdir()
        for index in range(40):
            picture = Image.new("L", (28, 28))
            x, y = numbers.randint(4, 10), numbers.randint(4, 10)
            draw = ImageDraw.Draw(picture)
            if kind == "bar":
                draw.rectangle((x, y, x + 3, y + 12), fill=255)
            else:
                draw.ellipse((x, y, x + 12, y + 12), outline=255, width=2)
            picture.save(folder / kind / f"{index}.png")
    return folder
