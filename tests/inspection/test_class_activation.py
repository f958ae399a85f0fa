"""Class activation maps add up to the logits where they are called exact, and say so where they are not."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tersenet import TersenetError, class_activation_maps
from tersenet.networks import build

EXACT = {
    "gap, dense": "6C3 BN R MP2 8C3 R GAP 10Nb",
    "gap, 1×1 convolution": "6C3 BN R MP2 8C3 R BN GAP 10C1",
    "class maps, gap": "6C3 R BN MP2 8C3 R D.3 10C1b GAP",
    "gap, two dense layers without a bend": "6C3 R GAP 7Nb 10Nb",
    "gap, batch normalisation, dense": "6C3 R GAP BN 10N",
    "flattened": "6C3 R MP4 10Nb",
    "a convolution over the whole map": "6C3 R MP8 10C3b",
}
APPROXIMATE = {
    "hidden dense layer": "6C3 R MP4 12N R 10N",
    "global maximum": "6C3 R GMP 10N",
    "ReLU on the logits": "6C3 R GAP 10C1 R",
}


def trained(notation):
    """A network in double precision whose running statistics are not those of a fresh one."""
    torch.manual_seed(2)
    model = build(notation).double()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                for figures in (module.running_mean, module.weight, module.bias):
                    figures.normal_()
                module.running_var.uniform_(0.5, 2)
    return model.eval()


def pictures():
    return torch.randn(4, 1, 28, 28, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


@pytest.mark.parametrize("notation", EXACT.values(), ids=EXACT)
def test_the_mean_of_a_map_plus_the_bias_is_the_logit(notation):
    model, x = trained(notation), pictures()
    found = class_activation_maps(model, x)
    assert found.method == "exact"
    torch.testing.assert_close(found.maps.mean((2, 3)) + found.bias, model(x), rtol=0, atol=1e-12)


def test_behind_a_gap_it_is_the_map_of_zhou():
    """M_c = Σ_k w_ck A_k, with the dense layer's own weights."""
    model, x = trained("6C3 BN R MP2 8C3 R GAP 10Nb"), pictures()
    maps = model.layers[:6](x)
    dense = model.layers[-1]
    found = class_activation_maps(model, x)
    torch.testing.assert_close(found.maps, torch.einsum("kc,nchw->nkhw", dense.weight, maps), rtol=0, atol=1e-12)
    torch.testing.assert_close(found.bias, dense.bias, rtol=0, atol=1e-12)
    assert found.layer.name == "ReLU-6"


@pytest.mark.parametrize("notation", APPROXIMATE.values(), ids=APPROXIMATE)
def test_a_rest_that_is_not_affine_is_called_an_approximation(notation):
    found = class_activation_maps(trained(notation), pictures())
    assert found.method == "Grad-CAM"
    assert found.bias is None
    assert float(found.maps.min()) >= 0


def test_grad_cam_is_that_of_selvaraju():
    """ReLU(Σ_k α_ck A_k), α the mean slope: computed here with torch's autograd through the layers by hand."""
    model, x = trained("6C3 R MP4 12N R 10N"), pictures()[:1]
    maps = model.layers[:3](x).detach().requires_grad_()
    hidden = (maps.flatten(1) @ model.layers[3].weight.T).relu()
    logits = hidden @ model.layers[5].weight.T
    expected = []
    for number in range(10):
        [slope] = torch.autograd.grad(logits[0, number], maps, retain_graph=True)
        expected.append((slope.mean((2, 3), keepdim=True) * maps).sum(1).relu()[0])
    found = class_activation_maps(model, x)
    torch.testing.assert_close(found.maps[0], torch.stack(expected).detach(), rtol=0, atol=1e-12)


def test_a_path_around_the_maps_is_not_exact():
    class Around(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution, self.dense = nn.Conv2d(1, 4, 3), nn.Linear(4, 3)

        def forward(self, x):
            maps = self.convolution(x).relu()
            return self.dense(maps.mean((2, 3))) + x.mean((1, 2, 3)).unsqueeze(1)

    assert class_activation_maps(Around(), torch.randn(2, 1, 28, 28)).method == "Grad-CAM"


@pytest.mark.parametrize("dim", [0, 1])
def test_a_softmax_at_the_end_is_left_out(dim):
    class Ending(nn.Module):
        def __init__(self, ends):
            super().__init__()
            self.body, self.ends = trained("6C3 R GAP 10Nb"), ends

        def forward(self, x):
            return F.log_softmax(self.body(x), dim=dim) if self.ends else self.body(x)

    with_softmax = class_activation_maps(Ending(ends=True), pictures())
    without = class_activation_maps(Ending(ends=False), pictures())
    assert with_softmax.method == "exact"
    torch.testing.assert_close(with_softmax.maps, without.maps)
    torch.testing.assert_close(with_softmax.logits, without.logits)


def test_single_precision_is_told_from_a_bend():
    for notation, method in (("6C3 BN R MP2 8C3 R GAP 10Nb", "exact"), ("6C3 R GAP 10C1 R", "Grad-CAM")):
        assert class_activation_maps(trained(notation).float(), pictures().float()).method == method


def test_a_map_lies_on_the_picture_where_its_positions_look():
    """One bright spot stays where it is, though unpadded layers have made the map smaller than the picture."""
    model = build("1C3 R 1C3 R MP2 GAP 2N", classes=2).double()
    with torch.no_grad():
        for weights in (model.layers[0].weight, model.layers[2].weight):
            weights.zero_()[..., 1, 1] = 1.0
        model.layers[-1].weight.fill_(1.0)
    for row, column in ((6, 20), (20, 6), (13, 13)):
        x = torch.zeros(1, 1, 28, 28, dtype=torch.float64)
        x[0, 0, row, column] = 1.0
        drawn = class_activation_maps(model, x).on_input(28, 28)[0, 0]
        assert drawn.shape == (28, 28)
        peak = (drawn == drawn.max()).nonzero().double().mean(0)
        assert (peak - torch.tensor([row, column])).abs().max() <= 1.0
    # The middle of a pooled position lies a quarter of a step off the pixels beside it, on either axis.
    assert drawn.max() == pytest.approx(0.75 * 0.75)


def test_a_layer_of_choice_and_one_without_maps():
    model = trained("6C3 R MP4 10Nb")
    assert class_activation_maps(model, pictures(), layer="Conv2d-1").method == "Grad-CAM"
    with pytest.raises(TersenetError, match="has no maps"):
        class_activation_maps(model, pictures(), layer="Linear-4")
    with pytest.raises(TersenetError, match="no such layer"):
        class_activation_maps(model, pictures(), layer="Conv2d-9")


def test_a_network_without_maps_is_said():
    with pytest.raises(TersenetError, match="no feature maps"):
        class_activation_maps(build("12N R 10N"), torch.zeros(1, 28, 28))
