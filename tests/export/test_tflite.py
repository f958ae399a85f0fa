"""TFLite files: read by LiteRT's kernels, and equal to the simulation."""

import sys

import pytest
import torch
from ai_edge_litert.interpreter import Interpreter
from hypothesis import HealthCheck, given, settings, strategies as st

from made_exports import FORMS, facts
from tersenet import NETWORKS, TersenetError
from tersenet.export import integer_tflite, quantise, simulate


def scores(file, images):
    """What LiteRT computes with its default kernels."""
    maps = images.unsqueeze(1) if images.dim() == 3 else images
    pixels = (maps.permute(0, 2, 3, 1).short() - 128).to(torch.int8).numpy()
    interpreter = Interpreter(model_content=file)
    place = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(place, pixels.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(place, pixels)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), channels=st.sampled_from([1, 3]), seed=st.integers(0, 999))
def test_scores_are_equal_in_every_bit_or_the_layer_is_named(notations, trained, drawn, data, channels, seed):
    size = (channels, 12, 12)
    notation = data.draw(notations(channels))
    network, images = trained(notation, size, seed), drawn(40, size, seed + 1)
    mean, deviation = FORMS[channels]
    model = quantise(network, drawn(20, size, seed), mean=mean, deviation=deviation)
    assert (scores(integer_tflite(model, facts(notation)), images) == simulate(model, images).numpy()).all()


@pytest.mark.parametrize("name", NETWORKS)
def test_every_named_network_is_equal_in_every_bit(trained, drawn, name):
    model = quantise(trained(NETWORKS[name].notation, (1, 28, 28), 0), drawn(20, (1, 28, 28), 0))
    images = drawn(20, (1, 28, 28), 1)
    assert (scores(integer_tflite(model, facts(model.notation)), images) == simulate(model, images).numpy()).all()


@pytest.mark.mnist
def test_a_trained_network_is_equal_on_real_digits(mnist):
    from tersenet.runs import packaged_run

    model, images = quantise(packaged_run("stem-17150")), mnist.test.images[:500]
    assert (scores(integer_tflite(model, facts(model.notation)), images) == simulate(model, images).numpy()).all()


def test_the_batch_is_free_or_fixed_and_the_file_says_what_it_is(trained, drawn):
    model = quantise(trained("8C3 BN R GAP 10Nb", (1, 12, 12), 0), drawn(5, (1, 12, 12), 0))
    for batch, shape, signature in ((None, [1, 12, 12, 1], [-1, 12, 12, 1]), (3, [3, 12, 12, 1], [3, 12, 12, 1])):
        file = integer_tflite(model, facts(model.notation), batch=batch)
        given = Interpreter(model_content=file).get_input_details()[0]
        assert (given["name"], given["shape"].tolist()) == ("picture", shape)
        assert given["shape_signature"].tolist() == signature
        assert b'"weights_sha256": "000' in file
        assert b"network      8C3 BN R GAP 10Nb" in file


def test_sums_that_float32_cannot_hold_are_refused(trained, drawn, monkeypatch):
    model = quantise(trained("8C3p1 BN R GAP 10Nb", (1, 12, 12), 0), drawn(5, (1, 12, 12), 0))
    monkeypatch.setattr("tersenet.export.tflite.int8.EXACT", 1000)
    with pytest.raises(TersenetError, match="depends on the border"):
        integer_tflite(model, facts(model.notation))


def test_without_its_packages_the_error_says_what_to_install(monkeypatch, trained, drawn):
    model = quantise(trained("8C3 BN R GAP 10Nb", (1, 12, 12), 0), drawn(5, (1, 12, 12), 0))
    monkeypatch.setitem(sys.modules, "tflite", None)
    with pytest.raises(TersenetError, match="pip install flatbuffers tflite"):
        integer_tflite(model, facts(model.notation))
