"""The engine computes the network at hand, whatever was done to it since it was built."""

import copy
import os
import threading
import warnings

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import prune

from tersenet import build, evaluate
from tersenet.engine import compile_network, library, plan, refusal
from tersenet.evaluation import predict_logits

pytestmark = pytest.mark.skipif(library() is None, reason="no C++ compiler here")

NET = "6C3 BN R MP2 D.2 8C3p1b LR.1 BN DD.1 AP2 9C3 BN R GAP 12N BN R 10Nb"
CONV, NORM, RELU, POOL, DROP, BIASED, LEAKY, MEAN, DENSE = 0, 1, 2, 3, 4, 5, 6, 9, 14


def a_network(notation=NET):
    torch.manual_seed(0)
    model = build(notation)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d | nn.BatchNorm1d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias)
            nn.init.normal_(module.running_mean, 0, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return model


def some_pictures(count=7, channels=1, size=28):
    return torch.randn(count, channels, size, size, generator=torch.Generator().manual_seed(1))


def put(place, layer):
    def change(model):
        model.layers[place] = layer

    return change


def set_to(place, **attributes):
    def change(model):
        for name, value in attributes.items():
            setattr(model.layers[place], name, value)

    return change


def pruned(model):
    prune.l1_unstructured(model.layers[BIASED], "weight", amount=0.5)


def pruned_for_good(model):
    pruned(model)
    prune.remove(model.layers[BIASED], "weight")


def weight_norm(model):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        nn.utils.weight_norm(model.layers[BIASED])


def parametrized(model):
    nn.utils.parametrizations.weight_norm(model.layers[BIASED])
    with torch.no_grad():
        model.layers[BIASED].parametrizations.weight.original0.mul_(2)


def tied(model):
    model.layers[DENSE - 1] = nn.Identity()
    model.layers[DENSE - 2].weight = nn.Parameter(model.layers[DENSE - 2].weight[:10].detach())
    model.layers[DENSE - 1] = nn.Linear(10, 10)


def sharing_memory(model):
    model.layers[NORM].bias.data = model.layers[NORM].weight.data


def in_another_order(model):
    model.to(memory_format=torch.channels_last)


def transposed(model):
    weight = model.layers[BIASED].weight
    weight.data = weight.data.transpose(0, 1).contiguous().transpose(0, 1)


def own_forward(model):
    model.layers[RELU].forward = torch.tanh


def own_forward_of_all(model):
    model.forward = lambda x: x.flatten(1)[:, :10]


def own_kernel(model):
    layer = model.layers[CONV]
    layer._conv_forward = lambda x, weight, bias: F.conv2d(x, 2 * weight)


def weight_that_hides_another(model):
    vars(model.layers[CONV])["weight"] = torch.ones(6, 1, 3, 3)


def another_parameter(model):
    model.layers[CONV].weight = nn.Parameter(torch.randn(6, 1, 3, 3))


def moved_weights(model):
    for weight in model.parameters():
        weight.data = 2 * weight.data


def other_statistics(model):
    model.layers[NORM].running_mean = torch.randn(6)
    model.layers[NORM].running_var.data = torch.rand(6) + 0.5


def a_subclass(model):
    class Doubled(nn.ReLU):
        def forward(self, input):  # noqa: A002
            return 2 * super().forward(input)

    model.layers[RELU] = Doubled()


def one_layer_more(model):
    model.layers.append(nn.Linear(10, 10))


def one_layer_less(model):
    del model.layers[DROP]


def hook(model):
    model.layers[CONV].register_forward_hook(lambda module, inputs, output: output + 1)


def pre_hook(model):
    model.register_forward_pre_hook(lambda module, inputs: (2 * inputs[0],))


def chain_hook(model):
    model.layers.register_forward_hook(lambda module, inputs, output: 3 * output)


def without_statistics(model):
    model.layers[NORM] = nn.BatchNorm2d(6, track_running_stats=False)


CHANGES = {
    "nothing": lambda model: None,
    "tanh for relu": put(RELU, nn.Tanh()),
    "another slope": put(LEAKY, nn.LeakyReLU(0.3)),
    "a slope set": set_to(LEAKY, negative_slope=0.5),
    "elu": put(RELU, nn.ELU()),
    "a subclass": a_subclass,
    "identity": put(RELU, nn.Identity()),
    "average for maximum": put(POOL, nn.AvgPool2d(2)),
    "overlapping windows": put(POOL, nn.MaxPool2d(3, stride=2, padding=1)),
    "windows that hang over": put(MEAN, nn.AvgPool2d(2, ceil_mode=True)),
    "divisor": set_to(MEAN, divisor_override=3),
    "pool of another stride": set_to(POOL, kernel_size=3),
    "another eps": set_to(NORM, eps=0.5),
    "no affine": put(NORM, nn.BatchNorm2d(6, affine=False)),
    "no statistics": without_statistics,
    "statistics not tracked": set_to(NORM, track_running_stats=False),
    "instance normalisation": put(NORM, nn.InstanceNorm2d(6)),
    "padding": set_to(CONV, padding=(1, 1)),
    "uneven padding": set_to(BIASED, padding=(1, 0)),
    "padding by reflection": put(BIASED, nn.Conv2d(6, 8, 3, padding=1, padding_mode="reflect")),
    "padding by name": put(BIASED, nn.Conv2d(6, 8, 3, padding="same")),
    "stride": set_to(CONV, stride=(2, 2)),
    "uneven stride": set_to(CONV, stride=(1, 2)),
    "dilation": set_to(CONV, dilation=(2, 2)),
    "a kernel that is not square": put(CONV, nn.Conv2d(1, 6, (3, 5), bias=False)),
    "groups": put(BIASED, nn.Conv2d(6, 8, 3, groups=2)),
    "pruned": pruned,
    "pruned for good": pruned_for_good,
    "weight norm": weight_norm,
    "parametrized": parametrized,
    "shared memory": sharing_memory,
    "channels last": in_another_order,
    "transposed": transposed,
    "own forward": own_forward,
    "own forward of all": own_forward_of_all,
    "own kernel": own_kernel,
    "a hidden weight": weight_that_hides_another,
    "another parameter": another_parameter,
    "moved weights": moved_weights,
    "other statistics": other_statistics,
    "one layer more": one_layer_more,
    "one layer less": one_layer_less,
    "hook": hook,
    "pre-hook": pre_hook,
    "hook on the chain": chain_hook,
    "no bias": lambda model: setattr(model.layers[DENSE], "bias", None),
    "dropout of another rate": set_to(DROP, p=0.9),
    "another forward of the class": lambda model: None,
}


@pytest.fixture(params=sorted(CHANGES))
def changed(request, monkeypatch):
    """A network, what is done to it, and whatever has to be undone."""
    if request.param == "another forward of the class":
        return a_network(), lambda model: monkeypatch.setattr(nn.ReLU, "forward", lambda self, x: x.abs())
    return a_network(), CHANGES[request.param]


def agree(found, expected):
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_a_block_that_was_changed_is_left_to_torch_or_followed():
    for line in ("4C3 [4C3p1 R] GAP 10N", "4C3 [4C1 + 4C1] GAP 10N", "4C3 [4C1 & ] GAP 10N", "4C3 (4C3 R)*2 10N"):
        model = a_network(line).eval()
        compiled = compile_network(model)
        block = model.layers[1]
        with torch.no_grad():
            agree(compiled(some_pictures()), model(some_pictures()))
            if hasattr(block, "times"):
                block.times = 3
                model.layers[2] = nn.Linear(4 * 20 * 20, 10)
            else:
                block.register_forward_hook(lambda module, inputs, output: 2 * output)
                assert refusal(model) == f"layers.1 ({type(block).__name__}): hooks"
            agree(compiled(some_pictures()), model(some_pictures()))


def test_a_network_that_was_changed_is_measured_as_it_is(changed):
    model, change = changed
    change(model)
    pictures = some_pictures()
    logits, _ = predict_logits(model, [(pictures, torch.zeros(7, dtype=torch.int64))])
    with torch.no_grad():
        agree(logits, model.eval()(pictures))


def test_a_network_that_is_changed_after_it_was_compiled_is_compiled_anew_or_left_to_torch(changed):
    model, change = changed
    compiled = compile_network(model.eval(), workers=2)
    pictures = some_pictures()
    with torch.no_grad():
        agree(compiled(pictures), model(pictures))
        change(model)
        compiled.eval()
        agree(compiled(pictures), model(pictures))
        agree(compiled(some_pictures(40)), model(some_pictures(40)))


@pytest.mark.parametrize(
    "name", ["momentum", "another eps", "no affine", "pruned", "hook", "moved weights", "padding"]
)
def test_what_was_changed_also_learns_as_torch_learns(name):
    change = set_to(NORM, momentum=0.7) if name == "momentum" else CHANGES[name]
    notation = NET.replace("D.2 ", "D0 ").replace("DD.1", "DD0")
    theirs, ours = a_network(notation), a_network(notation)
    compiled = compile_network(ours)
    compiled(some_pictures(3)).sum().backward()
    theirs(some_pictures(3)).sum().backward()
    for model in (theirs, ours):
        change(model)
        model.zero_grad()
    pictures, labels = some_pictures(20), torch.arange(20) % 10
    F.cross_entropy(theirs(pictures), labels).backward()
    F.cross_entropy(compiled(pictures), labels).backward()
    for mine, reference in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, reference.grad, rtol=1e-3, atol=1e-4)
    for mine, reference in zip(ours.buffers(), theirs.buffers(), strict=True):
        torch.testing.assert_close(mine, reference, rtol=1e-4, atol=1e-4)


def test_backward_hooks_and_hooks_on_every_module_are_heard():
    heard = []
    model = a_network()
    model.layers[RELU].register_full_backward_hook(lambda *_: heard.append("backward"))
    assert plan(model) is None
    assert refusal(model) == "layers.2 (ReLU): hooks"
    every = nn.modules.module.register_module_forward_hook(lambda *_: heard.append("forward"))
    try:
        evaluate(a_network(), [(some_pictures(), torch.zeros(7, dtype=torch.int64))])
    finally:
        every.remove()
    assert "forward" in heard
    assert plan(a_network()) is not None


def test_a_tied_weight_is_left_to_torch():
    model = build("8C3p1 8C3p1 8C3p1 GAP 10N")
    model.layers[2].weight = model.layers[1].weight
    assert refusal(model) == "weights that are tied"


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bfloat16])
def test_a_network_of_another_precision_is_measured_in_it(kind):
    model = a_network().to(kind)
    assert plan(model) is None
    found = evaluate(model, [(some_pictures(), torch.zeros(7, dtype=torch.int64))])
    with torch.no_grad():
        logits = model.eval()(some_pictures().to(kind))
    assert found.correct == (logits.argmax(1) == 0).sum()


@pytest.mark.parametrize("place", [NORM, 11])
def test_normalisation_frozen_in_eval_does_not_move(place):
    model = a_network().train()
    compiled = compile_network(model)
    frozen = model.layers[place].eval()
    before = copy.deepcopy(frozen.state_dict())
    compiled(some_pictures()).sum().backward()
    compiled.train()
    frozen.eval()
    compiled(some_pictures()).sum().backward()
    for name, tensor in frozen.state_dict().items():
        assert torch.equal(tensor, before[name]), name


def test_a_pass_in_training_mode_is_counted_whether_or_not_a_gradient_is_wanted():
    theirs, ours = a_network(), a_network()
    with torch.no_grad():
        theirs(some_pictures())
        compile_network(ours)(some_pictures())
    assert ours.layers[NORM].num_batches_tracked == theirs.layers[NORM].num_batches_tracked == 1


@pytest.mark.parametrize(
    "pictures",
    [
        some_pictures(channels=3),
        some_pictures(size=3),
        some_pictures().double(),
        (some_pictures() * 9).to(torch.uint8),
        some_pictures()[0, 0],
        torch.zeros(20_000, 1, 1, 1),
    ],
    ids=["three channels", "too small", "float64", "bytes", "no channels", "one pixel"],
)
def test_pictures_that_torch_refuses_are_refused(pictures):
    model = a_network().eval()
    compiled = compile_network(model)
    with torch.no_grad():
        compiled(some_pictures())
        with pytest.raises((RuntimeError, ValueError)) as theirs:
            model(pictures)
        with pytest.raises((RuntimeError, ValueError)) as ours:
            compiled(pictures)
    assert str(ours.value) == str(theirs.value)


def test_pictures_of_another_size_are_measured_where_the_network_takes_them():
    model = a_network("6C3 BN R GAP 10Nb").eval()
    compiled = compile_network(model)
    with torch.no_grad():
        agree(compiled(some_pictures(size=20)), model(some_pictures(size=20)))
        assert compiled(some_pictures(0)).shape == (0, 10)
        agree(compiled(some_pictures().to(memory_format=torch.channels_last)), model(some_pictures()))


@pytest.mark.parametrize("training", [True, False])
def test_the_gradient_with_respect_to_the_pictures_is_torchs(training):
    theirs, ours = (a_network(NET.replace("D.2", "D0").replace("DD.1", "DD0")).train(training) for _ in range(2))
    pictures = [some_pictures().requires_grad_() for _ in range(2)]
    for run, given, model in ((theirs, pictures[0], theirs), (compile_network(ours), pictures[1], ours)):
        run(given)[:, 3].sum().backward()
        assert given.grad is not None
        assert model.layers[0].weight.grad is not None
    torch.testing.assert_close(pictures[1].grad, pictures[0].grad, rtol=1e-3, atol=1e-5)
    for mine, reference in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, reference.grad, rtol=1e-3, atol=1e-4)


def test_torchs_default_type_changes_nothing():
    model, pictures = a_network().eval(), some_pictures()
    with torch.no_grad():
        expected = model(pictures)
        torch.set_default_dtype(torch.float64)
        try:
            found = compile_network(model)(pictures)
        finally:
            torch.set_default_dtype(torch.float32)
    assert found.dtype is torch.float32
    agree(found, expected)


def test_autocast_is_torchs_own():
    model = a_network().eval()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        assert compile_network(model)(some_pictures()).dtype is torch.bfloat16


def test_a_copy_has_an_engine_and_weights_of_its_own():
    compiled = compile_network(a_network().eval())
    with torch.no_grad():
        expected = compiled(some_pictures())
        twin = copy.deepcopy(compiled)
        for weight in compiled.network.parameters():
            weight.zero_()
        agree(twin(some_pictures()), expected)
        del compiled
        agree(twin(some_pictures()), expected)


def test_one_compiled_network_serves_many_threads():
    model = a_network().eval()
    compiled = compile_network(model, workers=2)
    batches = [some_pictures(count) for count in (1, 40, 3, 90)]
    with torch.no_grad():
        expected = [model(batch) for batch in batches]
    wrong = []

    def serve(batch, answer):
        with torch.no_grad():
            for _ in range(25):
                right = torch.allclose(compiled(batch), answer, rtol=1e-4, atol=1e-4)
                wrong.extend([] if right else [len(batch)])

    threads = [threading.Thread(target=serve, args=pair) for pair in zip(batches, expected, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Python's own, where threads are there at a fork
def test_a_forked_child_computes_what_its_parent_computes():
    compiled = compile_network(a_network().eval(), workers=2)
    with torch.no_grad():
        expected = compiled(some_pictures())
        child = os.fork()
        if child == 0:
            good = False
            try:
                good = torch.equal(compiled(some_pictures()), expected)
                del compiled
            finally:
                os._exit(0 if good else 1)
        _, status = os.waitpid(child, 0)
    assert status == 0
