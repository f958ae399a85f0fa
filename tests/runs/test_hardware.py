"""What is settled when a run starts does not hang on what else the machine does."""

import time

import pytest
from torch import nn

from tersenet import TersenetError
from tersenet.runs import Settings, hardware as settling
from tersenet.runs.hardware import _idle_cores, _seconds, busy_notice, settle


def test_what_a_processor_waits_does_not_count_in_the_measurement_of_bfloat16():
    class Waiting:
        """A matrix whose product takes a wait, as on a processor that others keep busy."""

        def __matmul__(self, other):
            time.sleep(0.01)

    assert _seconds(Waiting(), "cpu") < 0.005


TWO_WORKERS = Settings(device="cpu", engine="compiled", precision="float32", threads=1, workers=2)
TWO_THREADS = Settings(device="cpu", engine="layers", precision="float32", threads=2, workers=1)


@pytest.fixture
def machine(monkeypatch):
    """A machine with two cores of which others leave some idle."""

    def use(load, idle):
        monkeypatch.setattr(settling.os, "getloadavg", lambda: (load, load, load), raising=False)
        monkeypatch.setattr(settling, "core_count", lambda: 2)
        monkeypatch.setattr(settling, "_idle_cores", lambda: idle)

    return use


@pytest.mark.parametrize(("load", "idle"), [(0.3, 0.0), (3.0, 1.9), (0.4, None)])
def test_nothing_is_said_where_the_cores_are_idle_now_or_were_in_the_last_minute(machine, load, idle):
    machine(load, idle)
    assert busy_notice(TWO_WORKERS) is None


@pytest.mark.parametrize("idle", [0.2, 1.1, None])
def test_on_a_busy_machine_one_line_says_so_with_the_remedy(machine, idle):
    machine(3.25, idle)
    said = busy_notice(TWO_WORKERS)
    assert "load 3.2 on 2 cores" in said
    assert said.endswith("Try --set settings.workers=1")
    assert "\n" not in said
    assert len(said) <= 80
    assert busy_notice(TWO_THREADS).endswith("Try --set settings.threads=1")


@pytest.mark.parametrize("changes", [{"workers": 1}, {"device": "cuda"}])
def test_nothing_is_said_where_no_thread_waits_for_another(machine, changes):
    machine(9.0, 0.0)
    settings = {"device": "cpu", "engine": "compiled", "precision": "float32", "threads": 1, "workers": 2} | changes
    assert busy_notice(Settings(**settings)) is None


def test_idle_cores_are_counted_where_the_system_says_so():
    idle = _idle_cores()
    assert idle is None or 0 <= idle <= settling.core_count() + 0.01


def test_a_network_in_float64_is_not_trained_in_bfloat16():
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10)).double()
    assert settle(Settings(), model).precision == "float32"


def test_a_number_of_workers_that_the_engine_does_not_have_is_refused_by_the_setting_itself():
    assert Settings(workers=256).workers == 256
    with pytest.raises(TersenetError, match=r"0 \(all cores\) to 256") as error:
        Settings(workers=257)
    assert error.value.where == "settings.workers"
