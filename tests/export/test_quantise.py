"""The integer model: what is folded, what is proved, what it computes."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings, strategies as st

from tersenet import TersenetError, build, parse
from tersenet.export import accuracy_kept, calibration_images, guesses_of, lower, quantise, run_real, simulate, trace
from tersenet.export.folded.real import apply_function
from tersenet.export.integers.integer import IntegerAdd, IntegerConvolve, IntegerLookup
from tersenet.export.integers.multipliers import agrees, float32_weight_scale, round_scale
from tersenet.networks import NETWORKS

FORMS = {1: ((0.13,), (0.31,)), 3: ((0.45, 0.2, 0.6), (0.2, 0.3, 0.25))}
quick = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def normalised(images, channels):
    """Pictures as the network gets them, float64 `[N, C, H, W]`."""
    mean, deviation = (torch.tensor(each, dtype=torch.float64).view(-1, 1, 1) for each in FORMS[channels])
    maps = images.unsqueeze(1) if images.dim() == 3 else images
    return (maps.double() / 255 - mean) / deviation


@quick
@given(data=st.data(), channels=st.sampled_from([1, 3]), seed=st.integers(0, 999))
def test_folding_normalisations_changes_nothing(notations, trained, drawn, data, channels, seed):
    """Exact also where normalised values are padded: the oracle is torch, in float64."""
    size = (channels, 12, 12)
    network, images = trained(data.draw(notations(channels)), size, seed), drawn(3, size, seed)
    network.double()
    with torch.no_grad():
        wanted = network(normalised(images, channels))
    model = lower(network, *FORMS[channels])
    found = run_real(model, images, dtype=torch.float64)[model.scores].flatten(1)
    assert (found - wanted).abs().max() <= 1e-9 * wanted.abs().max()


@pytest.mark.parametrize("name", NETWORKS)
def test_every_named_network_is_folded_exactly(trained, drawn, name):
    network, images = trained(NETWORKS[name].notation, (1, 28, 28), 0), drawn(2, (1, 28, 28), 0)
    network.double()
    with torch.no_grad():
        wanted = network(normalised(images, 1))
    model = lower(network, *FORMS[1])
    found = run_real(model, images, dtype=torch.float64)[model.scores].flatten(1)
    assert (found - wanted).abs().max() <= 1e-9 * wanted.abs().max()


@quick
@given(data=st.data(), channels=st.sampled_from([1, 3]), seed=st.integers(0, 999))
def test_every_layer_is_as_near_to_real_numbers_as_eight_bits_allow(notations, trained, drawn, data, channels, seed):
    check_every_layer(data.draw(notations(channels)), trained, drawn, channels, seed)


def test_a_layer_used_again_with_its_weights_is_as_near(trained, drawn):
    """The weights are given by the first use, so the second's factor has to be exact: it was off by 1.1 %."""
    check_every_layer("8C3p1b BN (8C3p1 BN R)*3 6C3 BN R 8C3p1b R BN GMP 10N", trained, drawn, channels=1, seed=0)


def test_weights_for_whose_second_use_no_factor_is_close_are_rounded_anew(trained, drawn):
    check_every_layer(
        "8C3p1b R BN (8C3p1 BN R)*3 8C1 BN T (8C3p1 BN R)*3 GAP 10N", trained, drawn, channels=1, seed=923
    )


def check_every_layer(notation, trained, drawn, channels, seed):
    """Given the same 8-bit values, a layer differs from the real one by its own rounding: of weights and result."""
    size = (channels, 12, 12)
    network, images = trained(notation, size, seed), drawn(20, size, seed)
    real = lower(network, *FORMS[channels])
    model = quantise(network, images, mean=FORMS[channels][0], deviation=FORMS[channels][1])
    made = trace(model, images)
    stored = []
    for layer, wanted in zip(model.layers, real.layers, strict=True):
        if not isinstance(layer, IntegerConvolve):
            continue
        given_real = made[layer.source].double() * layer.source.scale
        sums = torch.nn.functional.conv2d(
            given_real, wanted.weights, None, layer.stride, layer.padding, layer.dilation, layer.groups
        )
        bias = wanted.bias
        if bias.shape[1:] != (1, 1):
            bias = bias[:, list(wanted.borders.rows)][:, :, list(wanted.borders.columns)]
        expected = (sums + bias) / layer.target.scale
        low, high = layer.requantising.low, layer.requantising.high
        off = (made[layer.target] - expected.clamp(low, high)).abs()
        # Each weight is off by half a step at most, and so is the bias; the result is rounded once. Weights that are
        # stored once for several uses have a factor that is off by 2^-9 of itself at most.
        scales = torch.from_numpy(layer.weight_scales).double().view(-1, 1, 1, 1)
        first = next((scale for kept, scale in stored if np.array_equal(kept, layer.weights)), scales)
        stored.append((layer.weights, first))
        assert (scales / first - 1).abs().max() <= 1.01 * 2.0**-9
        doubt = first / 2 + wanted.weights.abs() * (scales / first - 1).abs() * 1.01
        taps = torch.nn.functional.conv2d(
            given_real.abs(), doubt, None, layer.stride, layer.padding, layer.dilation, layer.groups
        )
        allowed = (taps + scales.view(-1, 1, 1) / 2 * layer.source.scale) / layer.target.scale
        assert (off <= 0.5 + 1e-6 + allowed * 1.001).all()


@given(
    m=st.integers(200, 40_000),
    s=st.integers(9, 24),
    signed=st.booleans(),
    relu=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_a_multiplier_that_passes_agrees_with_float32_on_every_sum(m, s, signed, relu):
    """All sums whose product can matter, one by one."""
    low, high = (0 if relu else -128, 127) if signed else (0, 255)
    bound = min(2**21, ((high + 2) << s) // m + 2)
    sums = np.arange(-bound, bound + 1, dtype=np.int64)
    whole = np.clip((sums * m + (1 << (s - 1))) >> s, low, high)
    single = np.clip(np.rint(sums.astype(np.float32) * np.float32(m * 2.0**-s)), low, high)
    assert agrees(m, s, bound, low, high) == bool((whole == single).all())


def test_both_verdicts_on_multipliers_occur():
    verdicts = {agrees(m, 18, 2**20, 0, 255) for m in range(150, 300)}
    assert verdicts == {True, False}


@given(x=st.floats(1e-5, 1), y=st.floats(1e-5, 10), m=st.integers(256, 2**15), s=st.integers(10, 25))
def test_float32_runtimes_compute_the_multiplier_from_the_scales(x, y, m, s):
    x, y = round_scale(x), round_scale(y)
    w = float32_weight_scale(m, s, x, y)
    if w is not None:
        assert np.float32(np.float32(np.float32(x) * np.float32(w)) / np.float32(y)) == np.float32(m * 2.0**-s)


def test_no_picture_can_pass_the_proved_bound(trained):
    """The picture that drives one channel as high as it goes reaches its bound exactly."""
    network = trained("4C3 BN R GAP 10Nb", (1, 28, 28), 3)
    images = torch.randint(256, (20, 28, 28), dtype=torch.uint8)
    layer = quantise(network, images).layers[0]
    bounds = []
    for weights, bias in zip(layer.weights.astype(int), layer.bias.astype(int), strict=True):
        bounds.append(255 * np.abs(weights).sum() + np.abs(bias).max())
        for worst in (weights > 0, weights < 0):
            assert abs((weights * 255 * worst).sum() + bias.item()) <= bounds[-1]
    assert layer.requantising.bound == max(bounds)


def test_sums_that_could_overflow_are_refused(trained, drawn):
    network, images = trained("8C3b R GAP 10Nb", (1, 28, 28), 0), drawn(20, (1, 28, 28), 0)
    network.layers[0].bias.data[5] = -1e9
    with pytest.raises(TersenetError, match="could pass 32 bits") as caught:
        quantise(network, images)
    assert "8C3b R, channel 5" in str(caught.value)


def test_shared_blocks_store_their_weights_once(trained, drawn):
    network, images = trained("8C3p1 BN R (8C3p1 BN R)*3 GAP 10Nb", (1, 12, 12), 0), drawn(20, (1, 12, 12), 0)
    model = quantise(network, images)
    convolutions = [layer for layer in model.layers if isinstance(layer, IntegerConvolve)]
    assert len(convolutions) == 5
    assert convolutions[1].weights is convolutions[2].weights is convolutions[3].weights
    assert model.weight_bytes == 8 * 9 + 8 * 8 * 9 + 80


def test_values_behind_relu_are_unsigned_and_sums_share_a_scale(trained, drawn):
    network, images = trained("8C3p1 BN R [8C3p1 BN] R GAP 10Nb", (1, 12, 12), 0), drawn(20, (1, 12, 12), 0)
    model = quantise(network, images)
    first, *_ = model.layers
    total = next(layer for layer in model.layers if isinstance(layer, IntegerAdd))
    assert (first.target.lowest, first.target.highest) == (0, 255)
    assert {maps.scale for maps in total.sources} == {total.target.scale}
    assert total.low == 0
    assert not total.target.signed
    assert (model.scores.lowest, model.scores.highest) == (-128, 127)


@pytest.mark.parametrize("word", ["SiLU", "GELU", "T", "HS", "ELU", "S", "LR.1"])
def test_tables_hold_the_function_rounded_once(trained, drawn, word):
    network, images = trained(f"8C3 BN {word} GAP 10Nb", (1, 12, 12), 0), drawn(20, (1, 12, 12), 0)
    layer = next(layer for layer in quantise(network, images).layers if isinstance(layer, IntegerLookup))
    places = torch.arange(-128, 128)
    slopes = torch.tensor([0.1]) if word == "LR.1" else None
    real = apply_function(layer.function, slopes, (places.double() * layer.source.scale).view(1, 1, -1)).flatten()
    found = torch.from_numpy(layer.table[0])[places & 255].double()
    unclipped = (found > layer.target.lowest) & (found < layer.target.highest)
    assert ((found - real / layer.target.scale).abs()[unclipped] <= 0.5 + 1e-9).all()
    assert unclipped.sum() > 100


def test_layers_without_an_integer_form_are_named():
    network = build("8C3 GN4 R GAP 10Nb").eval()
    with pytest.raises(TersenetError, match="no integer form") as caught:
        quantise(network, torch.zeros(5, 28, 28, dtype=torch.uint8))
    assert "GN4" in str(caught.value)


def test_what_is_not_built_from_notation_is_refused():
    with pytest.raises(TersenetError, match="built from notation"):
        quantise(torch.nn.Flatten(), torch.zeros(5, 28, 28, dtype=torch.uint8))


@pytest.mark.parametrize("images", [torch.zeros(3, 28, 28), torch.zeros(0, 28, 28, dtype=torch.uint8)])
def test_images_that_do_not_fit_are_refused(images):
    with pytest.raises(TersenetError, match="images for calibration"):
        quantise(build("8C3 R GAP 10Nb"), images)


def test_the_first_of_equal_scores_is_the_class():
    assert guesses_of(torch.tensor([[1, 5, 5], [9, 0, 9], [-3, -3, -4]])).tolist() == [1, 0, 0]


@pytest.mark.mnist
@pytest.mark.parametrize("name", ["stem-17150", "model1-4312", "model2-7524"])
def test_eight_bits_cost_next_to_nothing(mnist, name):
    """On 2,000 test pictures; calibrated on training pictures."""
    from tersenet.runs import packaged_run

    network = packaged_run(name).model()
    model = quantise(network, calibration_images(mnist, 200))
    kept = accuracy_kept(network, model, mnist.test.take(torch.arange(2000)))
    assert abs(kept.before - kept.after) <= 4
    assert kept.test.p > 0.05
    kept.require(98.5)
    with pytest.raises(TersenetError, match="less accurate than required"):
        kept.require(99.99)


def test_an_unfinished_run_is_refused(tmp_path, picture_folder):
    from tersenet import Experiment, Recipe, start_run

    experiment = Experiment(network="4C5s3 BN R GAP 2N", data=f"folder:{picture_folder}", training=Recipe(epochs=1))
    run = start_run(experiment, runs_dir=tmp_path)
    assert quantise(run).scores.shape == (2, 1, 1)
    (run.path / "result.json").unlink()
    with pytest.raises(TersenetError, match="not finished"):
        quantise(run)


def test_the_notation_is_kept(trained, drawn):
    model = quantise(trained("8C3 BN R GAP 10Nb", (1, 12, 12), 0), drawn(5, (1, 12, 12), 0))
    assert str(parse(model.notation)) == model.notation == "8C3 BN R GAP 10Nb"
    assert simulate(model, drawn(7, (1, 12, 12), 1)).shape == (7, 10)


def test_the_limits_see_every_column_of_a_map(trained):
    """A map that is empty but for its middle column, of a size at which regular samples fall on one column alone."""
    network = trained("20C3p1 R GAP 10N", (1, 28, 28), 0)
    images = torch.zeros(500, 28, 28, dtype=torch.uint8)
    images[:, :, 14] = 255
    real = run_real(lower(network, *FORMS[1]), images)
    first = quantise(network, images).layers[0]
    largest = max(float(values.max()) for maps, values in real.items() if maps.name == first.target.name)
    assert first.target.scale * 255 > largest / 2


def test_channels_of_very_different_spread_behind_a_relu_keep_their_steps(trained, drawn):
    """Batch normalisation behind a ReLU makes them alike, so a channel a thousand times smaller is as exact."""
    network, images = trained("8C3 R BN GAP 10Nb", (1, 12, 12), 0), drawn(50, (1, 12, 12), 0)
    convolution, _, norm = list(network.layers)[:3]
    with torch.no_grad():
        convolution.weight[:4] /= 1000
        x = convolution(normalised(images, 1).float()).relu()
        norm.running_mean.copy_(x.mean(dim=(0, 2, 3)))
        norm.running_var.copy_(x.var(dim=(0, 2, 3)) + 1e-12)
        norm.eps = 1e-12
        norm.weight.fill_(1)
        norm.bias.fill_(0)
    model = quantise(network, images, mean=FORMS[1][0], deviation=FORMS[1][1])
    used = trace(model, images)[model.layers[0].target].amax(dim=(0, 2, 3))
    assert (used >= 64).sum() >= (x.amax(dim=(0, 2, 3)) > 0).sum() - 1
