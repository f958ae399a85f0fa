"""The layer table counts what torch's own counter counts, of any module, and leaves the module as it was."""

import re
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings, strategies as st
from torch import nn
from torch.nn.utils import parametrizations, prune
from torch.utils.flop_counter import FlopCounterMode

from tersenet._errors import TersenetError
from tersenet.networks import NETWORKS, build, format_summary, summarize

GOLDEN = Path(__file__).parent / "golden"


def multiplications(model, size):
    """Multiply-adds for one picture as torch's own counter has them: half its floating-point operations."""
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        model.eval()(torch.zeros(1, *size))
    return counter.get_total_flops() // 2


@pytest.mark.parametrize("name", NETWORKS)
def test_macs_of_the_named_networks_are_torchs(name):
    model = build(NETWORKS[name].notation)
    assert summarize(model).macs == multiplications(model, (1, 28, 28))


@given(
    st.lists(
        st.sampled_from(
            ["4C3p1b", "8C3s2p1", "6C1", "DW3p1", "[DW3p1]", "BN R", "(6C3p1)x2", "MP2s1", "6C3p1g2", "D.1"]
        ),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=25, deadline=None)
def test_macs_of_whatever_network_are_torchs(words):
    text = "6C3 " + " ".join(word if word != "6C3p1g2" else "6C1 6C3p1g2" for word in words) + " 12Nb R 10N"
    text = text.replace("(6C3p1)x2", "6C1 (6C3p1)*2")
    model = build(text)
    summary = summarize(model)
    assert summary.macs == multiplications(model, (1, 28, 28))
    assert sum(row.parameters for row in summary.layers) == sum(p.numel() for p in model.parameters())


class Functional(nn.Module):
    """Layers called as functions, one layer called twice, one never, and weights of its own."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 6, 3, bias=False)
        self.again = nn.Conv2d(6, 6, 3, padding=1)
        self.kernel = nn.Parameter(torch.randn(4, 6, 3, 3))
        self.scale = nn.Parameter(torch.ones(4, 1, 1))
        self.table = nn.Parameter(torch.randn(4, 10))
        self.never = nn.Linear(3, 3)
        self.frozen = nn.BatchNorm2d(4)
        self.frozen.requires_grad_(False)

    def forward(self, x):
        x = F.relu(self.first(x))
        x = self.again(self.again(x))
        x = F.max_pool2d(x, 2)
        x = self.frozen(F.conv2d(x, self.kernel) * self.scale)
        x = F.dropout(F.avg_pool2d(x, 11).flatten(1), 0.1, self.training)
        return F.log_softmax(x @ self.table, dim=1)


def test_layers_called_as_functions_have_rows_by_the_names_of_their_layers():
    rows = summarize(Functional()).layers
    assert [row.type for row in rows] == [
        *("Conv2d", "ReLU", "Conv2d", "Conv2d", "MaxPool2d", "Conv2d", "BatchNorm2d", "AvgPool2d", "Dropout"),
        *("Linear", "LogSoftmax"),
    ]
    assert [row.output_shape for row in rows][-4:] == [(4, 1, 1), (4,), (10,), (10,)]


def test_functional_layers_and_shared_ones_are_counted_once():
    summary = summarize(Functional())
    by_row = [row.parameters for row in summary.layers]
    assert by_row == [54, 0, 330, 0, 0, 216, 8, 0, 0, 40, 0]
    assert [row.shared for row in summary.layers].index(True) == 3
    assert summary.parameters == sum(p.numel() for p in Functional().parameters())
    assert summary.unlisted_parameters == 4 + 12  # the scale, and the layer that is never called
    assert summary.parameters - summary.trainable_parameters == 8
    assert summary.macs == multiplications(Functional(), (1, 28, 28))


def test_a_whole_map_average_is_known_under_each_of_its_names():
    class Pool(nn.Module):
        def __init__(self, forward):
            super().__init__()
            self.forward = forward

    for pool in (lambda x: x.mean((2, 3)), lambda x: F.adaptive_avg_pool2d(x, 1), lambda x: F.avg_pool2d(x, 28)):
        assert [row.whole_map for row in summarize(Pool(pool)).layers] == [True]
    assert [row.whole_map for row in summarize(Pool(lambda x: F.avg_pool2d(x, 2))).layers] == [False]


def test_a_module_that_holds_only_weights_shows_the_functions_it_calls():
    class Bare(nn.Module):
        def __init__(self):
            super().__init__()
            self.kernel, self.table = nn.Parameter(torch.randn(4, 1, 3, 3)), nn.Parameter(torch.randn(10, 4))

        def forward(self, x):
            return F.linear(F.relu(F.conv2d(x, self.kernel)).mean((2, 3)), self.table)

    summary = summarize(Bare())
    assert [(row.type, row.parameters) for row in summary.layers] == [
        *(("Conv2d", 36), ("ReLU", 0), ("AdaptiveAvgPool2d", 0), ("Linear", 40)),
    ]
    assert summary.layers[-1].receptive_field == 28


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, at the first use of its compiler
def test_empty_containers_and_compiled_wrappers_have_no_rows():
    model = nn.Sequential(nn.Sequential(), nn.Conv2d(1, 2, 3))
    assert [row.type for row in summarize(model).layers] == ["Conv2d"]
    assert [row.type for row in summarize(torch.compile(model)).layers] == ["Conv2d"]


class Modelled(nn.Module):
    """Any function of the picture and of some weights, as a module."""

    def __init__(self, function, **weights):
        super().__init__()
        for name, shape in weights.items():
            setattr(self, name, nn.Parameter(0.1 * torch.randn(shape)))
        self.function = function

    def forward(self, x):
        return self.function(self, x)


def test_where_macs_are_not_known_there_is_a_dash_and_the_total_says_at_least():
    def forward(self, x):
        rows = x.flatten(1)[:, :4]
        return F.bilinear(rows, rows, self.w) @ self.v.T

    summary = summarize(Modelled(forward, w=(3, 4, 4), v=(10, 3)))
    assert [row.macs for row in summary.layers] == [None, 30]
    assert (summary.macs, summary.known_macs) == (None, 30)
    text = format_summary(summary)
    assert "≥ 30" in text
    assert re.search("^MACs +at least 30$", text, re.MULTILINE)


def test_what_is_multiplied_outside_torch_makes_the_total_a_lower_bound():
    def forward(self, x):
        hidden = torch.from_numpy(x.flatten(1).detach().numpy() @ self.w.detach().numpy())
        return F.linear(hidden, self.v)

    summary = summarize(Modelled(forward, w=(784, 5), v=(10, 5)))
    assert (summary.macs, summary.known_macs) == (None, 50)


def attention(self, x):
    rows = x.squeeze(1)
    query, key, value = rows @ self.q, rows @ self.k.T, torch.einsum("bld,de->ble", rows, self.v)
    weights = torch.softmax(torch.bmm(query, key.transpose(1, 2)) / 4, dim=-1)
    return torch.matmul(weights, value).mean(1) @ self.out


WRITTEN_BY_HAND = {
    "transposed weights": (lambda self, x: x.flatten(1) @ self.w.T, {"w": (10, 784)}),
    "a masked kernel": (lambda self, x: F.linear(x.flatten(1), self.w * (self.w > 0)), {"w": (10, 784)}),
    "a masked convolution": (lambda self, x: F.conv2d(x, self.w * (self.w > 0)).mean((2, 3)), {"w": (10, 1, 5, 5)}),
    "einsum": (lambda self, x: torch.einsum("bchw,khw->bk", x, self.w), {"w": (10, 28, 28)}),
    "attention by hand": (attention, {"q": (28, 16), "k": (16, 28), "v": (28, 12), "out": (12, 10)}),
    "rows times columns": (lambda self, x: torch.matmul(x[:, 0], x[:, 0]).mean(1) @ self.w, {"w": (28, 10)}),
    "weights first": (lambda self, x: (self.w @ x.flatten(1).T).T, {"w": (10, 784)}),
    "a bias too": (lambda self, x: torch.addmm(self.b, x.flatten(1), self.w), {"w": (784, 10), "b": (10,)}),
    "a batch of products": (
        lambda self, x: torch.baddbmm(self.b.expand(len(x), -1, -1), x[:, 0], self.w.expand(len(x), -1, -1)).mean(1),
        {"w": (28, 10), "b": (28, 10)},
    ),
    "tensordot": (lambda self, x: torch.tensordot(x, self.w, dims=([2, 3], [0, 1])).flatten(1), {"w": (28, 28, 10)}),
    "a transposed convolution": (
        lambda self, x: F.conv_transpose2d(x, self.w, stride=2, groups=1).mean((2, 3)),
        {"w": (1, 10, 3, 3)},
    ),
    "a factored kernel": (lambda self, x: F.linear(x.flatten(1), self.u) @ self.w, {"u": (3, 784), "w": (3, 10)}),
}


@pytest.mark.parametrize("name", WRITTEN_BY_HAND)
def test_products_written_by_hand_have_rows_and_torchs_count(name):
    function, weights = WRITTEN_BY_HAND[name]
    model = Modelled(function, **weights)
    summary = summarize(model)
    assert summary.macs == multiplications(model, (1, 28, 28)) > 0
    assert sum(row.macs for row in summary.layers) == summary.macs
    assert summary.unlisted_parameters == 0
    assert {row.type for row in summary.layers} <= {"Linear", "Conv2d", "ConvTranspose2d", "MatMul", "Softmax"} | {
        "AdaptiveAvgPool2d"
    }


def test_attention_written_by_hand_shows_what_multiplies_what():
    function, weights = WRITTEN_BY_HAND["attention by hand"]
    rows = summarize(Modelled(function, **weights)).layers
    assert [(row.type, row.parameters, row.macs) for row in rows] == [
        *(("Linear", 28 * 16, 28 * 28 * 16), ("Linear", 28 * 16, 28 * 28 * 16), ("Linear", 28 * 12, 28 * 28 * 12)),
        *(("MatMul", 0, 28 * 28 * 16), ("Softmax", 0, 0), ("MatMul", 0, 28 * 28 * 12), ("Linear", 120, 120)),
    ]


class Recurrent(nn.Module):
    """Rows of the picture as a sequence."""

    def __init__(self, kind):
        super().__init__()
        self.recurrent = kind(28, 4, batch_first=True)
        self.dense = nn.Linear(4, 10)

    def forward(self, x):
        return self.dense(self.recurrent(x.squeeze(1))[0][:, -1])


@pytest.mark.parametrize(("kind", "gates"), [(nn.RNN, 1), (nn.GRU, 3), (nn.LSTM, 4)])
def test_recurrent_layers_multiply_input_and_state_at_every_step(kind, gates):
    summary = summarize(Recurrent(kind))
    assert [row.macs for row in summary.layers] == [28 * gates * 4 * (28 + 4), 40]


class Transformer(nn.Module):
    """Rows of the picture as tokens, in torch's own layers."""

    def __init__(self):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(28, 4, 64, batch_first=True)
        self.dense = nn.Linear(28, 10)

    def forward(self, x):
        return self.dense(self.layer(x.squeeze(1)).mean(1))


def test_attention_in_torchs_own_layers_is_counted():
    # Projections of queries, keys, values and the output; scores and mixing over 28 tokens; two dense layers.
    expected = 4 * 28 * 28 * 28 + 2 * 28 * 28 * 28 + 2 * 28 * 28 * 64 + 280
    assert summarize(Transformer()).macs == expected


class PlainList(nn.Module):
    """Layers where torch does not look for them."""

    def __init__(self):
        super().__init__()
        self.layers = [nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU()]
        self.heads = {"digits": nn.Linear(4, 10)}
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.scale * self.heads["digits"](x.mean((2, 3)))


def test_layers_in_a_plain_list_are_shown_and_said_to_be_unregistered():
    summary = summarize(PlainList())
    assert [(row.type, row.parameters, row.unregistered) for row in summary.layers] == [
        *(("Conv2d", 0, 40), ("BatchNorm2d", 0, 8), ("ReLU", 0, 0), ("AdaptiveAvgPool2d", 0, 0), ("Linear", 0, 50)),
    ]
    assert (summary.parameters, summary.unlisted_parameters, summary.unregistered_parameters) == (1, 1, 98)
    text = format_summary(summary)
    assert re.search("^not registered +98 ", text, re.MULTILINE)
    assert "nn.ModuleList" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_plain_list_is_left_as_it_was():
    model = PlainList()
    before = model.layers[1].running_var.clone()
    summarize(model)
    assert torch.equal(model.layers[1].running_var, before)
    assert not any(layer._forward_hooks for layer in model.layers)


def test_parameters_outside_the_rows_are_never_negative():
    for model in (PlainList(), Functional(), Transformer(), Recurrent(nn.GRU)):
        assert summarize(model).unlisted_parameters >= 0


@pytest.mark.parametrize("how", ["pruned", "old weight norm", "weight norm", "spectral norm"])
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_pruned_and_normalised_kernels_are_counted_as_they_are_kept(how):
    model = build("4C3 R 4C3 GAP 10N")
    layer = model.layers[2]
    added = {"pruned": 0, "old weight norm": 4, "weight norm": 4, "spectral norm": 0}[how]
    plain = summarize(build("4C3 R 4C3 GAP 10N"))
    if how == "pruned":
        prune.l1_unstructured(layer, "weight", amount=100)
    elif how == "old weight norm":
        nn.utils.weight_norm(layer)
    else:
        getattr(parametrizations, how.replace(" ", "_"))(layer)
    summary = summarize(model)
    assert [row.type for row in summary.layers] == [row.type for row in plain.layers]
    assert summary.macs == plain.macs
    assert summary.layers[2].parameters == plain.layers[2].parameters + added
    assert summary.parameters == sum(p.numel() for p in model.parameters()) == plain.parameters + added
    assert summary.pruned_parameters == (100 if how == "pruned" else 0)
    assert ("pruned to zero      100" in format_summary(summary)) == (how == "pruned")


def test_the_sizes_are_torchsummarys():
    sizes = summarize(build("8C3 GAP 10N"), (1, 28, 28)).torchsummary_mb
    assert sizes.input == 28 * 28 * 4 / 2**20
    assert sizes.forward_backward == 2 * (8 * 26 * 26 + 8 + 10) * 4 / 2**20
    assert sizes.parameters == (72 + 80) * 4 / 2**20
    assert sizes.total == sizes.input + sizes.forward_backward + sizes.parameters


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x):
        return F.relu(x + self.inner(x))


def test_torchsummary_counts_every_call_of_a_module_and_no_function():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), Block(), nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    sizes = summarize(model).torchsummary_mb
    # torchsummary 1.5.1 has a row for the block beside the one of the layer inside it, and none for a Sequential.
    assert sizes.forward_backward == 2 * 4 * (3 * 4 * 26 * 26 + 4 + 4) / 2**20
    assert sizes.parameters == 4 * (40 + 148) / 2**20


def test_the_module_is_left_as_it_was():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution, self.norm, self.dropout = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Dropout()
            self.register_buffer("calls", torch.zeros(1))

        def forward(self, x):
            self.calls += 1
            return self.dropout(self.norm(self.convolution(x)) + torch.rand(1))

    model = Counting().train()
    model.norm.eval()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    summarize(model)
    assert torch.equal(torch.rand(3), expected)
    assert model.training
    assert model.dropout.training
    assert not model.norm.training
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in state.items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert all(weights.grad is None for weights in model.parameters())


def test_a_module_that_cannot_take_the_input_says_where_and_is_left_as_it_was():
    model = build("8C3 GAP 10N").train()
    with pytest.raises(TersenetError, match="cannot take this input") as caught:
        summarize(model, (3, 28, 28))
    assert caught.value.where == "layers.0 (Conv2d)"
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_scripted_network_is_an_error():
    scripted = torch.jit.script(nn.Conv2d(1, 4, 3))
    with pytest.raises(TersenetError, match="scripted"):
        summarize(nn.Sequential(scripted))


def test_lazy_layers_are_not_filled():
    with pytest.raises(TersenetError, match="lazy"):
        summarize(nn.LazyLinear(10), (28,))


def test_modules_of_other_inputs_and_types_have_tables_too():
    assert [row.output_shape for row in summarize(nn.Linear(784, 10), (784,)).layers] == [(10,)]
    half = nn.Sequential(nn.Conv2d(1, 2, 3)).to(torch.bfloat16)
    assert summarize(half).layers[0].receptive_field == 3
    assert summarize(nn.Sequential(nn.Conv2d(1, 2, 3)).to("meta")).macs == 2 * 9 * 26 * 26


def columns(text):
    """(parameters, MACs) of each printed row, and of the row of sums."""
    rows = [line.split() for line in text.splitlines()[2:]]
    pairs = [row[1:] if row[0] == "sum" else row[3:5] for row in rows]
    counts = [tuple(0 if count == "shared" else int(count.replace(",", "")) for count in pair) for pair in pairs]
    return counts[:-1], counts[-1]


@pytest.mark.parametrize("name", ["gap-14320", "stem-17150"])
def test_the_printed_summary_is_the_golden_one(name):
    """The golden files are what `format_summary` gave when it was looked at; columns and totals are checked below."""
    text = format_summary(summarize(build(NETWORKS[name].notation)))
    assert text == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("text", [network.notation for network in NETWORKS.values()] + ["4C3 (4C3p1)*3 GAP 10Nb"])
def test_the_printed_columns_add_up_to_the_printed_sums(text):
    table, totals = format_summary(summarize(build(text))).split("\n\n")
    rows, sums = columns(table)
    assert len(rows) == len(table.splitlines()) - 3
    assert tuple(map(sum, zip(*rows, strict=True))) == sums
    assert re.search(r"^parameters +([\d,]+)$", totals, re.MULTILINE)[1] == f"{sums[0]:,}"
    assert re.search(r"^MACs +([\d,]+)$", totals, re.MULTILINE)[1] == f"{sums[1]:,}"
