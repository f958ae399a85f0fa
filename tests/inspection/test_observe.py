"""What each layer gives is kept as it is then, whoever wrote the layers, and the module is left as it was."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tersenet import TersenetError
from tersenet.inspection import observe
from tersenet.inspection.observe import answer_from, find_layer, output_of
from tersenet.networks import build, summarize


class Own(nn.Module):
    """Layers called as functions, one that writes into what it is given, a softmax at the end."""

    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(1, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.relu = nn.ReLU(inplace=True)
        self.dense = nn.Linear(4, 3)

    def forward(self, x):
        x = self.relu(self.norm(self.convolution(x)))
        x = F.relu(F.max_pool2d(x, 2) - 0.1)
        return F.log_softmax(self.dense(x.mean((2, 3))), dim=1)


def pictures(count=3, size=28):
    return torch.randn(count, 1, size, size, generator=torch.Generator().manual_seed(1))


NETWORKS = ["4C3 R [4C3p1 BN R] MP2 GAP 10N", "4C3 BN D.5 (4C3p1 R)*2 MP2 6N R 10Nb", Own]


def network(spec):
    torch.manual_seed(0)
    return (spec() if isinstance(spec, type) else build(spec)).train()


def test_outputs_are_those_that_torch_computes():
    model = network(Own).eval()
    x = pictures()
    convolved = F.conv2d(x, model.convolution.weight, model.convolution.bias)
    normed = model.norm(convolved)
    pooled = F.max_pool2d(normed.relu(), 2)
    expected = [convolved, normed, normed.relu(), pooled, (pooled - 0.1).relu()]
    layers = observe(model, x)
    assert [layer.name for layer in layers[:5]] == ["Conv2d-1", "BatchNorm2d-2", "ReLU-3", "MaxPool2d-4", "ReLU-5"]
    for layer, output in zip(layers, expected, strict=False):
        torch.testing.assert_close(layer.output, output)


@pytest.mark.parametrize("spec", NETWORKS)
def test_rows_are_those_of_the_summary(spec):
    model = network(spec)
    rows = summarize(model).layers
    layers = observe(model, pictures())
    assert [(layer.type, tuple(layer.output.shape[1:])) for layer in layers] == [
        (row.type, row.output_shape) for row in rows
    ]


@pytest.mark.parametrize("spec", NETWORKS)
def test_every_layer_can_be_read_again_and_put_back(spec):
    model, x = network(spec), pictures()
    answer = network(spec).eval()(x)
    # Past a residual block the input no longer shows through, so that another may lie underneath.
    bypassed = ("layers.2.body.0", "layers.2.body.1", "layers.2.body.2") if spec == NETWORKS[0] else ()
    for layer in observe(model, x):
        torch.testing.assert_close(output_of(model, x, layer), layer.output)
        underneath = x if layer.path in bypassed else torch.zeros_like(x)
        torch.testing.assert_close(answer_from(model, underneath, layer, layer.output), answer)


@pytest.mark.parametrize("spec", NETWORKS)
def test_the_module_is_left_as_it_was(spec):
    model = network(spec)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    before = torch.random.get_rng_state()
    [output_of(model, pictures(), layer) for layer in observe(model, pictures())]
    assert all(module.training for module in model.modules())
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(module.inplace for module in model.modules() if module is getattr(model, "relu", None))


def test_what_a_unit_sees_is_where_its_gradient_lives():
    model = build("3C5s2p1 T 3C3d2 T MP2 4C3 GAP 10N", (1, 40, 40)).double()
    x = pictures(1, 40).double().requires_grad_()
    for layer in observe(model, x.detach()):
        if not layer.has_maps:
            continue
        modules = dict(model.named_modules())
        for row, column in ((0, 0), (1, 2), (layer.output.shape[2] - 1, layer.output.shape[3] - 1)):
            kept = []
            hook = modules[layer.path].register_forward_hook(lambda module, given, made, kept=kept: kept.append(made))
            model.eval()(x)
            hook.remove()
            [slope] = torch.autograd.grad(kept[0][0, :, row, column].sum(), x)
            touched = slope[0, 0].nonzero()
            square = layer.square(row, column)
            # Max pooling passes the slope to one position of four: behind it the support only lies within.
            low, high = touched.min(0).values.tolist(), touched.max(0).values.tolist()
            assert max(square.top, 0) <= low[0]
            assert high[0] <= min(square.bottom, 39)
            if "MaxPool2d" not in [each.type for each in observe(model, x.detach())[: layer.number]]:
                hull = [max(square.top, 0), max(square.left, 0), min(square.bottom, 39), min(square.right, 39)]
                assert [*low, *high] == hull


def test_a_layer_is_found_by_name_number_and_module():
    layers = observe(build("4C3 R GAP 10N"), pictures())
    assert {find_layer(layers, word).number for word in ("ReLU-2", "relu-2", 2, "2", "layers.1")} == {2}
    with pytest.raises(TersenetError, match="no such layer") as caught:
        find_layer(layers, "relu2")
    assert "ReLU-2" in caught.value.hint


@pytest.mark.parametrize("x", [torch.zeros(28, 28), torch.zeros(0, 1, 28, 28), torch.zeros(1, 1, 28, 28).byte()])
def test_what_is_no_picture_is_said(x):
    with pytest.raises(TersenetError, match="not pictures"):
        observe(build("4C3 GAP 10N"), x)


def test_pictures_of_another_size_are_an_error_of_the_users():
    with pytest.raises(TersenetError, match="cannot take this input"):
        observe(build("4C3 R 10N"), torch.zeros(1, 20, 20))
