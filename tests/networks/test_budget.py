"""A budget is checked line by line; what was not measured is open, never met."""

import math

import pytest
from torch import nn

from tersenet._errors import TersenetError
from tersenet.networks import COURSE_BUDGET, NETWORKS, Budget, build, check_budget, summarize


def met(budget, notation, **facts):
    return {line.line: line.met for line in check_budget(budget, summarize(build(notation)), **facts)}


def test_the_course_budget_is_the_write_ups():
    assert (COURSE_BUDGET.data, COURSE_BUDGET.parameters, COURSE_BUDGET.epochs) == ("mnist", 20_000, 20)
    assert COURSE_BUDGET.accuracy == 99.4
    lines = check_budget(COURSE_BUDGET, summarize(build("8C3 GAP 10N")), epochs=19, accuracy=99.43, data="mnist")
    assert [(line.line, line.limit, line.value, line.met) for line in lines] == [
        ("parameters", "< 20,000", 152, True),
        ("epochs", "< 20", 19, True),
        ("accuracy on mnist", "≥ 99.4 %", 99.43, True),
        ("batch normalisation", "required", "absent", False),
        ("dropout", "required", "absent", False),
        ("global average pooling or dense layer", "required", "present", True),
    ]


def test_fewer_means_fewer():
    budget = Budget(parameters=152, epochs=20)
    assert met(budget, "8C3 GAP 10N", epochs=20) == {"parameters": False, "epochs": False}
    assert met(Budget(parameters=153, epochs=20), "8C3 GAP 10N", epochs=19) == {"parameters": True, "epochs": True}


@pytest.mark.parametrize(("correct", "is_met"), [(9939, False), (9940, True), (9941, True)])
def test_the_accuracy_is_reached_from_9940_of_10000_on(correct, is_met):
    for accuracy in (100 * correct / 10_000, 100.0 * (correct / 10_000)):
        lines = met(Budget(accuracy=99.4), "10N", accuracy=accuracy, data="mnist")
        assert lines == {"accuracy on mnist": is_met}


def test_a_summary_alone_leaves_lines_open():
    lines = check_budget(COURSE_BUDGET, summarize(build("8C3 GAP 10N")))
    assert [(line.value, line.met) for line in lines][1:3] == [("not measured", None)] * 2


def test_on_other_data_the_accuracy_is_not_applicable():
    (line,) = check_budget(Budget(accuracy=99.4), summarize(build("10N")), accuracy=99.9, data="synthetic")
    assert (line.value, line.met) == ("not applicable", None)


def test_what_the_write_ups_networks_have_and_lack():
    required = {}
    for name, network in NETWORKS.items():
        lines = check_budget(COURSE_BUDGET, summarize(build(network.notation)))
        required[name] = tuple(line.met for line in lines[-3:])
        assert lines[0].met
    assert required == {
        "funnel-18937": (True, True, False),
        "gap-14320": (True, True, True),
        "optimized-18594": (True, True, True),
        "model1-4312": (True, True, True),
        "model2-7524": (True, False, False),
        "model3-7524": (True, False, False),
        "network-19972": (True, True, True),
        "stem-17150": (True, False, True),
        "summit-19024": (True, False, True),
    }


def test_layers_are_found_in_a_users_module_too():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution, self.norm = nn.Conv2d(1, 10, 3), nn.BatchNorm2d(10)

        def forward(self, x):
            return nn.functional.dropout(self.norm(self.convolution(x)).mean((2, 3)), 0.1, self.training)

    lines = check_budget(COURSE_BUDGET, summarize(Net()))
    assert [line.met for line in lines[-3:]] == [True, True, True]


@pytest.mark.parametrize(
    "wrong",
    [{"parameters": 0}, {"epochs": -1}, {"accuracy": 101.0}, {"layers": ("batchnorm",)}, {"layers": ("a or b",)}],
)
def test_a_budget_that_makes_no_sense_is_an_error(wrong):
    with pytest.raises(TersenetError):
        Budget(**wrong)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 0, -1, 10**30])
@pytest.mark.parametrize("name", ["parameters", "epochs", "accuracy"])
def test_no_number_of_a_budget_is_without_a_bound(name, number):
    with pytest.raises(TersenetError) as error:
        Budget(**{name: number})
    assert error.value.where == f"budget.{name}"
