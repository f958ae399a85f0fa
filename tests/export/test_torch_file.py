"""The exported Python file: plain PyTorch, without Tersenet, the same logits to the bit."""

import importlib.util
import re

import pytest
import torch
from safetensors.torch import save_file

from tersenet.export import ExportFacts, torch_file

NOTATIONS = [
    "8C3p1 BN R [8C3p1 BN R 8C3p1 BN] R MP2 D.1 [4C1 BN & 4C3p1 & ] (16C3p1 BN SiLU)*2 [16C1 + ] AP2 DD.1 GAP 10Nb",
    "(8C3 LR.1 GN4)x2 (8C3p1 PR LN)x2 GELU T HS ELU S DW3s2 GMP 12N BN R 10N",
    "10C3 R GAP",
]


@pytest.mark.parametrize("notation", NOTATIONS)
def test_the_file_gives_the_networks_own_logits(trained, drawn, tmp_path, notation):
    network = trained(notation, (1, 12, 12), 0)
    said = ExportFacts(run="r", network=notation, data="d", classes=tuple("0123456789"), weights_sha256="0")
    text = torch_file(network, said, "reader", [0.1307], [0.3081])
    assert "tersenet" not in re.sub(r"Tersenet", "", text)
    (tmp_path / "reader.py").write_text(text)
    save_file(
        {name: each.contiguous() for name, each in network.state_dict().items()}, tmp_path / "reader.safetensors"
    )
    spec = importlib.util.spec_from_file_location("reader", tmp_path / "reader.py")
    reader = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reader)
    pixels = drawn(5, (1, 12, 12), 1).unsqueeze(1)
    with torch.no_grad():
        assert torch.equal(reader.load()(reader.prepare(pixels)), network((pixels.float() / 255 - 0.1307) / 0.3081))
    assert max(map(len, text.splitlines())) <= 160
