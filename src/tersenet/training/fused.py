"""One call a batch: forward, backward, descent and averaging inside the compiled engine."""

from __future__ import annotations

import ctypes

from torch import Tensor, optim, zeros_like

from tersenet.networks.compiled import CompiledNetwork, plan, pointers
from tersenet.training.averaging import WeightAverage


class _Update(ctypes.Structure):
    """`struct Update` of network.cpp."""

    _fields_ = [
        *[(name, ctypes.c_float) for name in ("learning_rate", "momentum", "label_smoothing", "averaging")],
        ("nesterov", ctypes.c_int32),
        *[(name, ctypes.c_void_p) for name in ("decays", "velocities", "averages", "statistics")],
    ]


class FusedStep:
    """What `train_one_epoch` does with a batch where network and optimiser allow it: see `fused_step`.

    Weights, momentum and average stay in the tensors of the network, the optimiser and the average, so that
    checkpoints and all else see what they always see.
    """

    def __init__(
        self, network: CompiledNetwork, optimizer: optim.SGD, average: WeightAverage | None, label_smoothing: float
    ) -> None:
        self.network = network
        self.optimizer = optimizer
        self.average = average
        parameters = network.plan.parameters
        decays = {id(w): group["weight_decay"] for group in optimizer.param_groups for w in group["params"]}
        velocities = [_velocity(optimizer, parameter) for parameter in parameters]
        # The arrays behind the pointers are kept, since the engine reads them at every step.
        self._arrays = [
            (ctypes.c_float * len(parameters))(*[decays[id(parameter)] for parameter in parameters]),
            pointers(velocities),
        ]
        if average:
            averaged = plan(average.model)
            assert averaged is not None
            self._arrays += [pointers(averaged.parameters), pointers(averaged.statistics)]
        group = optimizer.param_groups[0]
        addresses = [ctypes.cast(array, ctypes.c_void_p).value for array in self._arrays]
        missing = [None] * (4 - len(addresses))
        self._update = _Update(0.0, group["momentum"], label_smoothing, 0.0, group["nesterov"], *addresses, *missing)

    def __call__(self, images: Tensor, labels: Tensor) -> tuple[float, int]:
        """Learn from one batch; its mean loss and the number of right answers, both before the step."""
        self._update.learning_rate = self.optimizer.param_groups[0]["lr"]
        if self.average:
            self._update.averaging = self.average.next_weight()
        loss, correct = self.network.step(images, labels, self._update)
        self.network.count_batch()
        if self.average:
            self.average.copy_counters()
        return loss, correct


def fused_step(
    network: CompiledNetwork, optimizer: optim.Optimizer, average: WeightAverage | None, label_smoothing: float
) -> FusedStep | None:
    """The fused step of a compiled network, or None where the optimiser is not plain SGD over all its weights."""
    held = [weight for group in optimizer.param_groups for weight in group["params"]]
    whole = {id(weight) for weight in held} == {id(weight) for weight in network.plan.parameters}
    if not isinstance(optimizer, optim.SGD) or not whole:
        return None
    return FusedStep(network, optimizer, average, label_smoothing)


def _velocity(optimizer: optim.SGD, parameter: Tensor) -> Tensor:
    """The momentum of a weight where torch keeps it; made where there is none yet, at zero, as torch begins."""
    state = optimizer.state[parameter]
    if state.get("momentum_buffer") is None:
        state["momentum_buffer"] = zeros_like(parameter)
    buffer: Tensor = state["momentum_buffer"]
    return buffer
