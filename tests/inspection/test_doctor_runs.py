"""The doctor on runs and on networks by name: the shipped networks, a run's own figures, its own data."""

import dataclasses
import math
import subprocess
import sys

import pytest
import torch
from torch import Tensor, nn

from tersenet import TersenetError
from tersenet.data import load_data
from tersenet.inspection import diagnose_network, diagnose_run
from tersenet.inspection.doctor.checks.learning_rate import learning_curve
from tersenet.networks import NETWORKS
from tersenet.runs import Experiment, Run, load_experiment, start_run
from tersenet.training import EpochMetrics, Recipe, Schedule

# What the write-ups themselves have on their logits and class maps (`docs/networks.md`); all else is sound.
KNOWN = {
    "funnel-18937": [("fault", "logits", "layer 28, ReLU")],
    "model1-4312": [("fault", "logits", "layer 27, ReLU"), ("fault", "logits", "layer 28, Dropout")],
    "network-19972": [("warning", "logits", "layer 40, Dropout")],
}


@pytest.fixture(scope="module")
def digits():
    return load_data("synthetic")


def facts(diagnosis):
    return [(finding.severity, finding.rule, finding.where.split(" (")[0]) for finding in diagnosis.findings]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_faults_of_the_shipped_networks_are_found_and_nothing_else(name, digits):
    diagnosis = diagnose_network(name, data=digits)
    assert facts(diagnosis) == KNOWN.get(name, [])
    assert all(check.looked for check in diagnosis.checks)
    assert diagnosis.data == "synthetic"
    gradients = [layer.gradient for layer in diagnosis.layers if layer.gradient is not None]
    assert min(gradients) > max(gradients) / 20  # as docs/doctor.md says
    assert max(gradients) < 3


def test_the_default_experiment_is_sound_from_any_seed(digits):
    for seed in range(3):
        assert diagnose_network("sprint", data=digits, seed=seed).findings == ()


@pytest.mark.parametrize(("rate", "says"), [(0.01, None), (5.0, "too high"), (1e-5, "too low")])
def test_a_networks_rate_is_that_of_its_recipe(digits, rate, says):
    recipe = dataclasses.replace(load_experiment("model2-7524").training, learning_rate=rate)
    findings = diagnose_network("model2-7524", data=digits, recipe=recipe).check("learning rate").findings
    assert [says in finding.figure for finding in findings] == ([True] if says else [])


def test_the_probe_warms_up_where_the_schedule_does(digits):
    recipe = Recipe(learning_rate=0.3)
    at_once = dataclasses.replace(recipe, schedule=Schedule(kind="constant"))
    ends = [
        diagnose_network("gap-14320", data=digits, recipe=each).check("learning rate").reading
        for each in (recipe, at_once)
    ]
    assert ends[0] != ends[1]


def test_a_module_in_a_file_is_looked_at(digits, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "import torch.nn as nn, torch.nn.functional as F\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.conv, self.dense = nn.Conv2d(1, 8, 7, stride=3), nn.Linear(512, 10)\n"
        "    def forward(self, x):\n"
        "        x = F.relu(self.conv(x)).flatten(1)\n"
        "        return F.log_softmax(self.dense(x), dim=0)\n"
    )
    diagnosis = diagnose_network(f"{path}:Net", data=digits, recipe=Recipe(learning_rate=0.02))
    assert facts(diagnosis) == [("fault", "softmax", "layer 4, LogSoftmax")]


def test_a_network_that_does_not_exist_is_one_clear_error(digits):
    with pytest.raises(TersenetError, match="did you mean gap-14320"):
        diagnose_network("gap-14321", data=digits)


@pytest.fixture(scope="module")
def run(picture_folder, tmp_path_factory):
    recipe = Recipe(epochs=2, batch_size=16, averaging=0.0, learning_rate=0.1)
    network = "8C5s2 BN R 8C5 BN R GAP 2Nb D.3"
    experiment = Experiment(name="tiny", network=network, data=f"folder:{picture_folder}", training=recipe)
    return start_run(experiment, runs_dir=tmp_path_factory.mktemp("runs"))


def test_a_run_is_looked_at_with_its_weights_its_data_and_its_figures(run):
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    state = torch.get_rng_state()
    diagnosis = diagnose_run(run)
    assert diagnosis.of == "tiny-1"
    assert diagnosis.data.startswith("folder:")
    assert ("fault", "logits", "layer 9, Dropout") in facts(diagnosis)
    assert diagnosis.check("labels").status == "not checked"
    assert diagnosis.check("learning curve").reading.endswith("in epoch 2")
    assert torch.equal(torch.get_rng_state(), state)
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == before
    trained = dict(run.model().named_parameters())
    layer = next(row for row in diagnosis.layers if row.type == "Conv2d")
    assert layer.output_shape == (8, 12, 12)
    assert trained["layers.0.weight"].shape == (8, 1, 5, 5)


def test_a_run_without_weights_is_one_clear_error(run, tmp_path):
    folder = tmp_path / "tiny-2"
    folder.mkdir()
    for name in ("experiment.toml", "environment.json"):
        (folder / name).write_bytes((run.path / name).read_bytes())
    with pytest.raises(TersenetError, match="does not exist"):
        diagnose_run(Run(folder))


def history(*losses, rate=0.1, accuracy=10.0):
    return [
        EpochMetrics(
            epoch=epoch,
            learning_rate=rate,
            train_loss=loss,
            train_accuracy=accuracy,
            test_loss=loss,
            test_accuracy=50.0,
            seconds=1.0,
            images_per_second=1.0,
        )
        for epoch, loss in enumerate(losses, 1)
    ]


@pytest.mark.parametrize(
    ("losses", "finding"),
    [
        ((0.5, 0.2, 0.1), None),
        ((0.5, 0.2, 0.21, 0.15), None),
        ((0.02, 0.01, 0.02), None),  # half a hundredth is no jump
        ((0.5, 0.1, 0.6, 0.1), ("epoch 3", "warning")),
        ((2.3026, 2.3026), ("epoch 2", "fault")),
        ((0.9 * math.log(10) + 0.001,), ("epoch 1", "fault")),
        ((0.9 * math.log(10) - 0.001,), None),
    ],
)
def test_a_runs_own_figures_show_a_rate_that_does_not_fit(losses, finding):
    findings = learning_curve(history(*losses), 10).findings
    assert [(found.where, found.severity) for found in findings] == ([finding] if finding else [])


def test_a_run_that_classifies_better_than_chance_has_learned_something():
    """A few steps on a small folder raise the accuracy long before the loss."""
    assert learning_curve(history(1.63, 1.52, accuracy=29.0), 5).findings[0].severity == "fault"
    assert not learning_curve(history(1.63, 1.52, accuracy=31.0), 5).findings


def test_one_epoch_is_one_figure():
    assert learning_curve(history(0.868), 10).reading == "training loss 0.868 in epoch 1"
    assert learning_curve(history(0.9, 0.5), 10).reading == "training loss 0.900 in epoch 1, 0.500 in epoch 2"


def test_a_run_without_an_epoch_has_no_curve():
    assert learning_curve([], 10).status == "not checked"


LARGE = ["(4C3p1 BN R)x20 GAP 10N", "64C3p1 R 64C3p1 R 64C3p1 R MP2 128C3p1 R GAP 10N", "3000N R 3000N R 10N"]


@pytest.mark.parametrize("network", LARGE)
def test_a_look_at_a_large_network_is_bounded(network, digits):
    made = 0

    def count(module, inputs, output):
        nonlocal made
        made += output.numel() if isinstance(output, Tensor) and not list(module.children()) else 0

    hook = nn.modules.module.register_module_forward_hook(count)
    try:
        diagnose_network(network, data=digits)
    finally:
        hook.remove()
    # The traced pass, all pictures once where units seem dead, and at most four probes of 24 steps.
    assert 0 < made < 2**30


@pytest.mark.skipif(sys.platform != "linux", reason="reads its own memory where Linux says it")
def test_a_look_takes_less_than_500_megabytes_and_leaves_the_compiler_of_torch_out():
    program = (
        "import re, sys\n"
        "from pathlib import Path\n"
        "from tersenet.data import load_data\n"
        "from tersenet.inspection import diagnose_network\n"
        "diagnose_network('summit', data=load_data('synthetic'))\n"
        "print(re.search('VmHWM: *\\\\t* *([0-9]+)', Path('/proc/self/status').read_text())[1])\n"
        "print('torch._dynamo' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    peak, compiler = done.stdout.split()
    assert int(peak) < 500 * 1024
    assert compiler == "False"
