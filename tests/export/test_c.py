"""The exported C code: equal to the simulation in every score, clean for compilers, the same bytes each time."""

import re
import shutil
import subprocess
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings, strategies as st

from tersenet import NETWORKS, TersenetError
from tersenet.export import (
    ExportFacts,
    c_source,
    compare_on_host,
    integer_json,
    quantise,
    read_integer_json,
    simulate,
)
from tersenet.export.c.arena import plan_arena
from tersenet.export.c.selftest import c_test
from tersenet.export.c.steps import steps_of
from tersenet.export.devices.host import READ_ALL, compile_host, run_program
from tersenet.export.folder import _text

FORMS = {1: ((0.13,), (0.31,)), 3: ((0.45, 0.2, 0.6), (0.2, 0.3, 0.25))}
pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler: apt install gcc")


def facts(notation):
    return ExportFacts(
        run="run", network=notation, data="drawn", classes=tuple("0123456789"), weights_sha256="0" * 64
    )


def written(folder, model, *, optimise="size"):
    """The C files of a model in a folder."""
    folder.mkdir(exist_ok=True)
    code = c_source(model, facts(model.notation), optimise=optimise)
    (folder / "digits.h").write_text(code.header)
    (folder / "digits.c").write_text(code.source)
    (folder / "digits_test.c").write_text(c_test(model, code))
    return code


def selftest(folder, *flags):
    """Compile and run the generated test."""
    command = [
        "cc",
        "-std=c99",
        "-O1",
        "-Wall",
        "-Wextra",
        "-Wpedantic",
        "-Werror",
        *flags,
        "digits_test.c",
        "-o",
        "t",
    ]
    subprocess.run(command, cwd=folder, check=True)
    return subprocess.run(["./t"], cwd=folder, capture_output=True, text=True, check=False)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), channels=st.sampled_from([1, 3]), seed=st.integers(0, 999))
def test_networks_of_any_layers_are_equal_in_every_score(
    notations, trained, drawn, tmp_path_factory, data, channels, seed
):
    size = (channels, 12, 12)
    network = trained(data.draw(notations(channels)), size, seed)
    mean, deviation = FORMS[channels]
    model = quantise(network, drawn(20, size, seed), mean=mean, deviation=deviation)
    folder = tmp_path_factory.mktemp("code")
    written(folder, model, optimise=data.draw(st.sampled_from(["size", "speed"])))
    compared = compare_on_host(folder, "digits", model, drawn(40, size, seed + 1))
    assert (compared.different, compared.first) == (0, None)


@pytest.mark.parametrize("name", ["stem-17150", "model1-4312", "summit-19024"])
def test_every_named_network_is_equal_in_every_score(trained, drawn, tmp_path, name):
    """With bounds checked and undefined behaviour caught by the compiler, on noise."""
    model = quantise(trained(NETWORKS[name].notation, (1, 28, 28), 0), drawn(20, (1, 28, 28), 0))
    written(tmp_path, model)
    flags = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    program = compile_host(tmp_path, "digits", READ_ALL, tmp_path, flags, sources=(tmp_path / "digits.c",))
    images = drawn(3, (1, 28, 28), 1)
    assert (run_program(program, images, 10) == simulate(model, images).numpy()).all()


@pytest.mark.mnist
@pytest.mark.parametrize("name", ["stem-17150", "model1-4312", "model2-7524"])
def test_trained_networks_are_equal_on_real_digits(mnist, tmp_path, name):
    from tersenet.runs import packaged_run

    model = quantise(packaged_run(name))
    written(tmp_path, model, optimise="speed")
    assert compare_on_host(tmp_path, "digits", model, mnist.test.images[:200]).different == 0


def test_the_code_is_c99_and_cpp17_without_a_warning(trained, drawn, tmp_path):
    notation = "8C3p1 BN SiLU [8C3p1g2 BN R & DW3p1 BN] BN MP3p1s2 AP2p1 [12C1 & 4C1 R] [16C1 + ] R PR GMP 10Nb"
    model = quantise(trained(notation, (1, 12, 12), 0), drawn(20, (1, 12, 12), 0))
    code = written(tmp_path, model)
    assert selftest(tmp_path).stdout.startswith("passed")
    cpp = ["c++", "-x", "c++", "-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-c", "digits.c", "-o", "o"]
    subprocess.run(cpp, cwd=tmp_path, check=True)
    assert re.findall(r"#include [<\"](.*?)[>\"]", code.source + code.header) == [
        "digits.h",
        "avr/pgmspace.h",
        "arm_acle.h",
        "stdint.h",
    ]
    assert not re.search(r"\b(float|double|malloc|free)\b", code.source.split("*/", 1)[1])


def test_the_generated_test_fails_when_one_weight_is_changed(trained, drawn, tmp_path):
    model = quantise(trained("6C3 BN R MP2 8C3 BN R GAP 10Nb", (1, 28, 28), 0), drawn(20, (1, 28, 28), 0))
    source = written(tmp_path, model).source
    assert selftest(tmp_path).returncode == 0
    arrays = list(re.finditer(r"digits_weights_\d+\[\d+\] DIGITS_FLASH = \{\n(.*?)\n\}", source, re.DOTALL))
    assert len(arrays) == 3
    for step, (array, named) in enumerate(zip(arrays, ["6C3 BN R MP2", "8C3 BN R", "10Nb"], strict=True)):
        number = list(re.finditer(r"-?\d+", array[1]))[5 + step]
        changed = int(number[0]) + (1 if int(number[0]) < 127 else -1)
        start = array.start(1)
        (tmp_path / "digits.c").write_text(
            source[: start + number.start()] + str(changed) + source[start + number.end() :]
        )
        done = selftest(tmp_path)
        assert done.returncode == 1
        assert f"({named}) differs" in done.stdout or (named == "10Nb" and "weights" in done.stdout)
        compared = compare_on_host(tmp_path, "digits", model, drawn(200, (1, 28, 28), 1))
        if compared.different:
            assert f"({named}), channel" in compared.first


def test_the_first_layer_and_channel_that_differ_are_named(trained, drawn, tmp_path):
    model = quantise(trained("6C3 BN R MP2 8C3 BN R GAP 10Nb", (1, 28, 28), 0), drawn(20, (1, 28, 28), 0))
    source = written(tmp_path, model).source
    bias = re.search(r"digits_bias_\d+\[8\] DIGITS_FLASH = \{\n(.*?)\n\}", source, re.DOTALL)
    numbers = bias[1].split(", ")
    numbers[3] = str(int(numbers[3]) + 40_000)
    (tmp_path / "digits.c").write_text(source[: bias.start(1)] + ", ".join(numbers) + source[bias.end(1) :])
    compared = compare_on_host(tmp_path, "digits", model, drawn(50, (1, 28, 28), 1))
    assert compared.different > 0
    assert re.fullmatch(
        r"picture \d+: step 1 \(8C3 BN R\), channel 3, row \d+, column \d+: \d+, expected \d+", compared.first
    )


def test_code_that_does_not_compile_is_one_error(trained, drawn, tmp_path):
    model = quantise(trained("6C3 BN R GAP 10Nb", (1, 28, 28), 0), drawn(20, (1, 28, 28), 0))
    written(tmp_path, model)
    (tmp_path / "digits.c").write_text((tmp_path / "digits.c").read_text() + "\nint x = y;\n")
    with pytest.raises(TersenetError, match="does not compile"):
        compare_on_host(tmp_path, "digits", model, drawn(2, (1, 28, 28), 1))


def test_the_same_model_gives_the_same_bytes(trained, drawn):
    sources = set()
    for _ in range(2):
        model = quantise(trained("6C3p1 BN R [6C3p1 BN] R GAP 10Nb", (1, 28, 28), 0), drawn(20, (1, 28, 28), 0))
        code = c_source(model, facts(model.notation))
        sources.add(code.header + code.source + _text(integer_json(model, facts(model.notation))))
    assert len(sources) == 1


def test_buffers_overlap_where_one_result_follows_another(trained, drawn):
    """Two maps in turn would need the sum of the two largest neighbours; sliding needs little more than one."""
    model = quantise(trained(NETWORKS["stem-17150"].notation, (1, 28, 28), 0), drawn(20, (1, 28, 28), 0))
    steps = steps_of(model)
    sizes = [step.target.size for step in steps[:-1]]
    arena = plan_arena(steps)
    assert max(sizes) <= arena.size < max(a + b for a, b in pairwise(sizes))


@pytest.mark.parametrize("name", ["My-Digits", "int", "2digits", "", "a b", "x" * 41])
def test_a_name_that_c_cannot_have_is_refused(trained, drawn, name):
    model = quantise(trained("6C3 BN R GAP 10Nb", (1, 12, 12), 0), drawn(20, (1, 12, 12), 0))
    with pytest.raises(TersenetError, match="cannot be used in C"):
        c_source(model, facts(model.notation), name=name)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), seed=st.integers(0, 999))
def test_a_model_that_was_written_as_json_is_read_back_whole(notations, trained, drawn, tmp_path_factory, data, seed):
    model = quantise(trained(data.draw(notations(1)), (1, 12, 12), seed), drawn(20, (1, 12, 12), seed))
    path = tmp_path_factory.mktemp("json") / "digits.int8.json"
    path.write_text(_text(integer_json(model, facts(model.notation))))
    read, said = read_integer_json(path)
    images = drawn(30, (1, 12, 12), seed + 1)
    assert torch.equal(simulate(read, images), simulate(model, images))
    assert said["network"] == model.notation
    assert c_source(read, facts(read.notation)).source == c_source(model, facts(model.notation)).source


@pytest.mark.parametrize("text", ["{}", "[1]", "no json", '{"format": "tersenet-network", "version": 2}'])
def test_another_file_is_not_an_exported_network(tmp_path, text):
    path = tmp_path / "digits.int8.json"
    path.write_text(text)
    with pytest.raises(TersenetError, match="not an exported integer network"):
        read_integer_json(path)


def test_the_wide_rounding_is_the_same_in_sixty_four_bits(trained, drawn, tmp_path):
    """A layer with sums so large that products pass 32 bits."""
    network = trained("64C3 R 10N", (1, 24, 24), 0)
    model = quantise(network, drawn(20, (1, 24, 24), 0))
    last = model.layers[-1].requantising
    code = written(tmp_path, model)
    assert last.wide == ("requantise_wide" in code.source)
    assert last.wide
    assert compare_on_host(tmp_path, "digits", model, drawn(20, (1, 24, 24), 1)).different == 0
    assert np.abs(model.layers[-1].weights).max() == 127
