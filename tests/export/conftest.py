"""Networks of every layer kind, with weights and statistics as after a training."""

import pytest
import torch
from hypothesis import strategies as st
from torch import nn

from tersenet import TersenetError
from tersenet.networks import build, infer_shapes

SIDE = 12
LAYERS = [
    "6C3 BN R",
    "8C3p1b R BN",
    "5C3s2p1 BN SiLU",
    "8C3d2p2 BN GELU",
    "8C1 BN T",
    "DW3p1 BN R",
    "DW3s2p1b HS BN",
    "8C3p1g2 BN R",
    "8C1 R BN DD.1",
    "LR.1 BN",
    "PR",
    "ELU",
    "S BN",
    "T",
    "MP2",
    "MP3p1s2",
    "AP2",
    "AP3p1s1",
    "BN",
    "R",
    "D.1",
    "[8C3p1 BN R 8C3p1 BN] R",
    "[DW3p1 BN]",
    "(8C3p1 BN R)*3",
    "(8C3p1 R BN)*2",
    "([8C3p1 BN R])*2",
    "(8C3p1 BN R)x2",
    "[8C3p1 BN R & ]",
    "[8C1 BN & 4C3p1 BN R] R",
    "[8C1 BN + 8C3p1 BN] R",
]
ENDS = ["GAP 10Nb", "GMP 10N", "10N", "10C1 GAP", "12Nb R 10Nb", "10C1b BN GMP", "GAP BN 10N BN", "10N T"]


@st.composite
def _notations(draw, channels):
    """A network that works for pictures of 12×12."""
    words = ["8C3p1 BN R"] if draw(st.booleans()) else ["8C3p1b BN"]
    if draw(st.integers(0, 5)) == 0:
        words = []
    for word in [*draw(st.lists(st.sampled_from(LAYERS), min_size=1, max_size=5)), draw(st.sampled_from(ENDS))]:
        try:
            infer_shapes(" ".join([*words, word]), (channels, SIDE, SIDE))
        except TersenetError:
            continue
        words.append(word)
    notation = " ".join(words)
    try:
        infer_shapes(notation, (channels, SIDE, SIDE), 10)
    except TersenetError:
        notation = f"{notation} GAP 10N" if "N" not in words[-1] else "8C3 R GAP 10Nb"
        try:
            infer_shapes(notation, (channels, SIDE, SIDE), 10)
        except TersenetError:
            notation = "8C3p1 BN R GAP 10Nb"
    return notation


def _trained(notation, size, seed):
    """The network, as if trained: statistics and scales differ per channel, some scales are negative."""
    torch.manual_seed(seed)
    network = build(notation, size).eval()
    for module in network.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
            module.weight.data.normal_(1, 0.5)
            module.bias.data.normal_(0, 0.5)
    return network


@pytest.fixture(scope="session")
def notations():
    """A strategy of notations for pictures of so many channels."""
    return _notations


@pytest.fixture(scope="session")
def trained():
    """Makes a network of a notation with weights as after a training."""
    return _trained


@pytest.fixture(scope="session")
def drawn():
    """Draws pictures, uint8 `[N, H, W]` or `[N, C, H, W]`, half of them sparse."""

    def draw(count, size, seed):
        generator = torch.Generator().manual_seed(seed)
        images = torch.randint(256, (count, *size), dtype=torch.uint8, generator=generator)
        images[::2] *= torch.rand(images[::2].shape, generator=generator) < 0.3
        return images[:, 0] if size[0] == 1 else images

    return draw
