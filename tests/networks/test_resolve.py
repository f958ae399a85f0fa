"""Where a network is asked for: a known name, then a file and a name in it, else notation."""

import pytest
import torch
from torch import nn

from tersenet._errors import TersenetError
from tersenet.networks import NETWORKS, find_network

FILE = """
import torch
from torch import nn
from beside import CHANNELS

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        head = nn.Conv2d(1, CHANNELS, 3), nn.AdaptiveAvgPool2d(1)
        self.layers = nn.Sequential(*head, nn.Flatten(), nn.Linear(CHANNELS, 10))

    def forward(self, x):
        return self.layers(x)

def make():
    return Net()

class Picky(nn.Module):
    def __init__(self, classes):
        super().__init__()

def nothing():
    return None

ready = Net()
five = 5
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "beside.py").write_text("CHANNELS = 6\n")
    (tmp_path / "beside.txt").write_text("")
    path = tmp_path / "model.py"
    path.write_text(FILE)
    return path


@pytest.mark.parametrize("name", NETWORKS)
def test_a_known_name_comes_first(name):
    design = find_network(name)
    assert (design.name, design.notation) == (name, design.module.notation)
    assert design.notation == NETWORKS[name].notation
    assert find_network(f" {name.upper()} ").name == name


def test_a_typed_network_is_named_by_its_parameters():
    design = find_network("8c3-bn-r-gap-10nb")
    assert (design.name, design.notation) == ("net-178", "8C3 BN R GAP 10Nb")


def test_input_and_classes_are_heeded():
    assert find_network("gap-14320", (1, 32, 32)).module(torch.zeros(2, 1, 32, 32)).shape == (2, 10)
    assert find_network("8C3 GAP 47N", (3, 28, 28), 47).module(torch.zeros(2, 3, 28, 28)).shape == (2, 47)
    with pytest.raises(TersenetError, match="wrong number of classes"):
        find_network("8C3 GAP 10N", classes=47)
    assert find_network("gap-14320", classes=47).module(torch.zeros(2, 1, 28, 28)).shape == (2, 47)


@pytest.mark.parametrize("name", ["Net", "make", "ready"])
def test_anyones_module_comes_from_a_file(file, name):
    design = find_network(f"{file}:{name}")
    assert (design.name, design.notation) == (name, None)
    assert isinstance(design.module, nn.Module)
    assert design.module(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("{file}:Nett", "did you mean Net?"),
        ("{file}:five", "of type int"),
        ("{file}:nothing", "nothing() does not return a network"),
        ("{file}:", "no name after the colon"),
        ("", "No network is named."),
        ("  ", "No network is named."),
        ("{folder}/beside.txt:Net", "not a Python file"),
        ("{file}:Picky", "Picky needs classes"),
        ("{file}", "expected: model.py:Net"),
        ("{folder}/none.py:Net", "no such file"),
        ("{folder}:Net", "no such file"),
        ("gap-14321", "did you mean gap-14320?"),
        ("funnel", "did you mean funnel-18937?"),
        ("resnet18", "tersenet networks"),
        ("16C3 MB2", "did you mean MP2?"),
    ],
)
def test_what_cannot_be_found_says_what_would_fit(file, spec, says):
    with pytest.raises(TersenetError) as caught:
        find_network(spec.format(file=file, folder=file.parent))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "text", ["x = 1\n1 / 0\n", "def broken(:\n", "import sys\nsys.exit(3)\n", "import nowhere_at_all\n"]
)
def test_a_file_that_cannot_be_run_says_why_and_where(tmp_path, text):
    path = tmp_path / "broken.py"
    path.write_text(text)
    with pytest.raises(TersenetError, match="cannot be run") as caught:
        find_network(f"{path}:Net")
    assert "broken.py" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import tqdm_of_mars\n", "pip install tqdm_of_mars"),
        ("from cv2_absent.x import y\n", "pip install cv2_absent"),
        ("raise ModuleNotFoundError('no', name='cv2')\n", "pip install opencv-python-headless"),
        ("raise ModuleNotFoundError('no', name='torchvision')\n", "remove the import"),
        ("import sys\nsys.exit(0)\n", "it called sys.exit(0)"),
    ],
)
def test_a_missing_import_is_told_how_to_get_and_an_exit_is_called_one(tmp_path, text, says):
    path = tmp_path / "lacking.py"
    path.write_text(text)
    with pytest.raises(TersenetError, match="cannot be run") as caught:
        find_network(f"{path}:Net")
    assert says in str(caught.value)


def test_a_network_that_exits_while_it_is_made_is_an_error(tmp_path):
    path = tmp_path / "exits.py"
    path.write_text("import sys\n\ndef make():\n    sys.exit(0)\n")
    with pytest.raises(TersenetError, match=r"make\(\) failed") as caught:
        find_network(f"{path}:make")
    assert "line 4" in str(caught.value)
