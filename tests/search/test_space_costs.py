"""Costs by arithmetic against the modules that torch builds, the range over a space, and limits."""

import pytest
from hypothesis import given, settings, strategies as st

from tersenet import TersenetError, build, summarize
from tersenet.search import CostLimits, cost_of, extent_of, parse_space, require_fitting

SPACE = parse_space(
    "{4..8/4}C3p1 BN R {MP2|AP2} ({4..8/2}C{3|5} BN R {D.1|})x{0..2} [R + DW3p1b] (8C1 R)*{1..2} GAP 10Nb"
)
SIZE = (1, 28, 28)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, SPACE.count - 1))
def test_costs_are_those_of_the_module(number):
    network = SPACE.network(SPACE.point(number))
    try:
        module = build(network)
    except TersenetError:
        with pytest.raises(TersenetError):
            cost_of(network)
        return
    cost = cost_of(network)
    assert cost.parameters == sum(weights.numel() for weights in module.parameters())
    assert cost.macs == summarize(module, SIZE).macs


@pytest.mark.parametrize(
    "network", ["12C5s2 BN R 24C3 BN R MP2 24C3 BN R 5C1b GMP 10Nb", "8C3 BN R 8C3s2 BN R 20N 10N"]
)
def test_bytes_are_those_of_the_export(network):
    from tersenet.export import device_sizes

    assert cost_of(network).bytes == device_sizes(build(network)).constants


def test_a_small_space_is_looked_at_whole():
    space = parse_space("{4..12}C3 BN R ({4..12/4}C3)x{0..1} GAP {10|12}N")
    costs = {space.network(point): cost_of(space.network(point), classes=None) for point in space.points()}
    found = extent_of(space, SIZE, None, limits=CostLimits(parameters=300))
    assert found.exact
    assert found.looked_at == found.working == space.count == len(costs)
    for name in ("parameters", "macs", "bytes"):
        values = [getattr(cost, name) for cost in costs.values()]
        assert getattr(found.least[name].cost, name) == min(values)
        assert getattr(found.most[name].cost, name) == max(values)
    assert found.fitting == sum(cost.parameters < 300 for cost in costs.values())


def test_the_ends_of_a_large_space_are_found_by_climbing():
    space = parse_space(
        "{4..64}C3p1 BN R ({4..64}C{3|5}p1 BN R)x{0..3} {MP2|AP2} {w=8..64}C3 BN R ({w}C3p1 R)x{0..2} GAP 10Nb"
    )
    found = extent_of(space)
    assert not found.exact
    assert found.looked_at < 5_000 < space.count
    assert found.least["parameters"].network == "4C3p1 BN R MP2 8C3 BN R GAP 10Nb"
    widest = cost_of("64C3p1 BN R (64C5p1 BN R)x3 MP2 64C3 BN R (64C3p1 R)x2 GAP 10Nb")
    assert (found.most["macs"].cost, found.most["parameters"].cost) == (widest, widest)


def test_networks_that_cannot_be_built_do_not_count():
    found = extent_of(parse_space("8C3 (MP2 8C3)x{1..4} GAP 10N"))
    # 28 → 26 → 13 → 11 → 5 → 3 → 1: the third block of MP2 and 3×3 has a map of 1×1 left.
    assert (found.count, found.working) == (4, 2)
    assert found.problem is not None


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (CostLimits(parameters=150), "4C3 BN R GAP 10Nb"),
        (CostLimits(parameters=94), "94 parameters"),
        (CostLimits(macs=1000), "24,376 multiply-adds"),
        (CostLimits(bytes=100), "174 bytes in 8 bits"),
    ],
)
def test_where_no_network_fits_the_nearest_is_shown(limits, says):
    space = parse_space("{4..12/4}C3 BN R GAP 10Nb")
    if limits.parameters == 150:
        assert require_fitting(space, limits, SIZE, 10).fitting == 1
        return
    with pytest.raises(TersenetError) as raised:
        require_fitting(space, limits, SIZE, 10)
    assert says in str(raised.value)
    assert "4C3 BN R GAP 10Nb" in str(raised.value)


def test_a_space_that_holds_no_network_says_why():
    with pytest.raises(TersenetError) as raised:
        require_fitting(parse_space("{4..12}C3 GAP 9N"), CostLimits(), SIZE, 10)
    assert "wrong number of classes: 9" in str(raised.value)
    assert "10N" in str(raised.value)


def test_a_limit_that_nothing_can_meet_is_refused():
    for limits in ({"parameters": 0}, {"macs": -1}, {"seconds": float("nan")}, {"bytes": 10**16}):
        with pytest.raises(TersenetError, match="cannot be used"):
            CostLimits(**limits)
