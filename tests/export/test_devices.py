"""Exported code on emulated devices: equal to the simulation, within its limits, measured the same each time."""

import shutil

import pytest

from tersenet import TersenetError
from tersenet.export import (
    TARGETS,
    ExportFacts,
    Limits,
    c_source,
    compare_on_target,
    find_target,
    quantise,
)

NOTATION = "6C3p1 BN R MP2 [6C3p1 BN] R DW3s2 BN SiLU GAP 10Nb"


@pytest.fixture(scope="module")
def exported(trained, drawn, tmp_path_factory):
    """A folder with the code of a small network with most kinds of layers, its model, and pictures."""
    folder = tmp_path_factory.mktemp("digits")
    model = quantise(trained(NOTATION, (1, 28, 28), 0), drawn(20, (1, 28, 28), 0))
    facts = ExportFacts(run="r", network=NOTATION, data="d", classes=tuple("0123456789"), weights_sha256="0")
    code = c_source(model, facts)
    (folder / "digits.h").write_text(code.header)
    (folder / "digits.c").write_text(code.source)
    return folder, model, code


def there(name):
    """The target, or a skip that names the packages."""
    target = TARGETS[name]
    if not (shutil.which(target.compiler) and shutil.which(target.emulator)):
        pytest.skip(f"needs {' '.join(target.packages)}")
    return find_target(name)


@pytest.mark.parametrize("name", TARGETS)
def test_every_device_computes_the_simulations_scores(exported, drawn, name):
    target, (folder, model, code) = there(name), exported
    compared = compare_on_target(target, folder, "digits", model, drawn(3, (1, 28, 28), 1))
    assert (compared.pictures, compared.different, compared.first) == (3, 0, None)
    assert compared.flash > model.weight_bytes
    assert code.arena.size < compared.ram < code.arena.size + 1000
    macs = 6 * 9 * 784 + 6 * 6 * 9 * 196 + 6 * 9 * 36 + 60
    assert 2 * macs < compared.cost < 120 * macs


def test_a_device_with_just_enough_memory_runs_it_and_one_with_less_is_refused(exported, drawn):
    target, (folder, model, _) = there("cortex-m3"), exported
    images = drawn(2, (1, 28, 28), 1)
    needed = compare_on_target(target, folder, "digits", model, images).ram
    within = compare_on_target(target, folder, "digits", model, images, Limits(ram=needed + 64))
    assert within.different == 0
    with pytest.raises(TersenetError, match="too much memory"):
        compare_on_target(target, folder, "digits", model, images, Limits(ram=needed - 1))
    with pytest.raises(TersenetError, match="too much flash"):
        compare_on_target(target, folder, "digits", model, images, Limits(flash=1000))


def test_instructions_are_counted_the_same_each_time(exported, drawn):
    target, (folder, model, _) = there("cortex-m3"), exported
    images = drawn(2, (1, 28, 28), 1)
    counts = {compare_on_target(target, folder, "digits", model, images).cost for _ in range(2)}
    assert len(counts) == 1


def test_changed_code_is_found_on_a_device(exported, drawn, tmp_path):
    target, (_, model, code) = there("cortex-m3"), exported
    (tmp_path / "digits.h").write_text(code.header)
    changed = code.source.replace("value < low ? low", "value < low + 9 ? low")
    assert changed != code.source
    (tmp_path / "digits.c").write_text(changed)
    compared = compare_on_target(target, tmp_path, "digits", model, drawn(3, (1, 28, 28), 1))
    assert compared.different > 0
    assert "step 0 (6C3p1 BN R MP2), channel" in compared.first


def test_missing_programs_are_named_with_their_packages(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(TersenetError) as caught:
        find_target("atmega2560")
    assert "apt install gcc-avr avr-libc simavr" in str(caught.value)


def test_an_unknown_target_shows_the_nearest():
    with pytest.raises(TersenetError, match="no such target") as caught:
        find_target("cortex-m33")
    assert "did you mean" in str(caught.value)
