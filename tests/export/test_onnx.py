"""ONNX files: valid by onnx's own checker, read by onnxruntime; int8 is equal to the simulation."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from hypothesis import HealthCheck, given, settings, strategies as st

from made_exports import FORMS, facts
from tersenet import NETWORKS
from tersenet.export import float_onnx, integer_onnx, lower, quantise, simulate


def answers(file, images):
    """What onnxruntime computes; the file is checked before, shapes included."""
    onnx.checker.check_model(onnx.load_from_string(file), full_check=True)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    maps = images.unsqueeze(1) if images.dim() == 3 else images
    names = [each.name for each in session.get_outputs()]
    return dict(zip(names, session.run(None, {"picture": maps.numpy()}), strict=True))


def real(network, images, channels):
    mean, deviation = (torch.tensor(each).view(-1, 1, 1) for each in FORMS[channels])
    maps = images.unsqueeze(1) if images.dim() == 3 else images
    with torch.no_grad():
        return network((maps.float() / 255 - mean) / deviation)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), channels=st.sampled_from([1, 3]), seed=st.integers(0, 999))
def test_int8_is_equal_in_every_bit_and_float32_is_near(notations, trained, drawn, data, channels, seed):
    size = (channels, 12, 12)
    notation = data.draw(notations(channels))
    network, images = trained(notation, size, seed), drawn(40, size, seed + 1)
    mean, deviation = FORMS[channels]
    model = quantise(network, drawn(20, size, seed), mean=mean, deviation=deviation)
    found = answers(integer_onnx(model, facts(notation)), images)
    assert (found["scores"] == simulate(model, images).numpy()).all()
    assert np.allclose(found["logits"], found["scores"] * np.float32(model.scores.scale), rtol=1e-6, atol=0)
    wanted = real(network, images, channels)
    logits = answers(float_onnx(lower(network, mean, deviation), facts(notation)), images)["logits"]
    assert np.abs(logits - wanted.numpy()).max() <= 1e-4 * max(1, float(wanted.abs().max()))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_named_network_is_equal_in_every_bit(trained, drawn, name):
    model = quantise(trained(NETWORKS[name].notation, (1, 28, 28), 0), drawn(20, (1, 28, 28), 0))
    images = drawn(20, (1, 28, 28), 1)
    found = answers(integer_onnx(model, facts(model.notation)), images)
    assert (found["scores"] == simulate(model, images).numpy()).all()


@pytest.mark.mnist
@pytest.mark.parametrize("name", ["stem-17150", "model2-7524"])
def test_trained_networks_are_equal_on_real_digits(mnist, name):
    from tersenet.runs import packaged_run

    model, images = quantise(packaged_run(name)), mnist.test.images[:500]
    found = answers(integer_onnx(model, facts(model.notation)), images)
    assert (found["scores"] == simulate(model, images).numpy()).all()


@pytest.mark.parametrize("word", ["GN4", "LN", "GELU", "PR", "HS"])
def test_layers_with_several_operations_are_those_of_torch(trained, drawn, word):
    network = trained(f"8C3p1 {word} MP2 GAP 10Nb", (1, 12, 12), 0)
    images = drawn(10, (1, 12, 12), 1)
    logits = answers(float_onnx(lower(network, *FORMS[1]), facts(network.notation)), images)["logits"]
    assert np.abs(logits - real(network, images, 1).numpy()).max() < 1e-4


@pytest.mark.parametrize("word", ["MP3p1s2", "AP3p1s2"])
def test_a_padded_window_of_the_size_of_the_map_is_not_global(trained, drawn, word):
    network = trained(f"8C3s4 BN T {word} 10N", (1, 12, 12), 0)
    images = drawn(10, (1, 12, 12), 1)
    logits = answers(float_onnx(lower(network, *FORMS[1]), facts(network.notation)), images)["logits"]
    assert np.abs(logits - real(network, images, 1).numpy()).max() < 1e-4


def test_the_file_says_what_it_is_and_where_it_comes_from(trained):
    network = trained("8C3 BN R GAP 10Nb", (1, 12, 12), 0)
    file = float_onnx(lower(network, *FORMS[1]), facts(network.notation))
    session = onnxruntime.InferenceSession(file)
    said = session.get_modelmeta().custom_metadata_map
    assert said["notation"] == "8C3 BN R GAP 10Nb"
    assert json.loads(said["classes"]) == list("0123456789")
    assert json.loads(said["mean"]) == [0.13]
    model = onnx.load_from_string(file)
    assert [node.name for node in model.graph.node if node.op_type == "Conv"] == ["8C3 BN R", "10Nb"]
    assert (model.producer_name, model.opset_import[0].version, model.ir_version) == ("Tersenet", 17, 8)
    assert session.get_inputs()[0].shape == ["batch", 1, 12, 12]


def test_a_fixed_batch_is_written_into_the_file(trained, drawn):
    network = trained("8C3 BN R GAP 10Nb", (1, 12, 12), 0)
    model = quantise(network, drawn(5, (1, 12, 12), 0))
    session = onnxruntime.InferenceSession(integer_onnx(model, facts(network.notation), batch=1))
    assert session.get_inputs()[0].shape == [1, 1, 12, 12]
    assert [each.shape for each in session.get_outputs()] == [[1, 10], [1, 10]]
