"""A line with braces, as `tersenet summary` shows it: the choices, and the range of what its networks cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tersenet._table import Column, Table
from tersenet.cli.output import Output

if TYPE_CHECKING:
    from tersenet.search import Choice, CostLimits, Extent, Space

COSTS = {"parameters": "parameters", "macs": "MACs", "bytes": "bytes in 8 bits"}
SHORT = 10**12


def show_space(
    line: str, size: tuple[int, int, int] | None, classes: int | None, below: int | None, output: Output
) -> int:
    """Print the choices of a space and the range of its costs."""
    from tersenet.data import DIGITS, MNIST_FORM
    from tersenet.search import CostLimits, extent_of, parse_space

    space = parse_space(line)
    limits = CostLimits(parameters=below)
    extent = extent_of(space, size or MNIST_FORM.size, classes or len(DIGITS), limits=limits)
    if not extent.working and extent.problem is not None:
        raise extent.problem
    output.document(space_document(space, extent))
    output.say(str(space), style="bold")
    output.say(_looked(extent))
    output.say()
    rows = [(space.labels[choice.key], str(len(choice.values)), values_in_words(choice)) for choice in space.choices]
    columns = (
        Column(title="choice", right=False, wraps=12),
        Column(title="values"),
        Column(title="which", right=False, wraps=12),
    )
    output.say(Table(columns=columns, rows=rows))
    output.say()
    costs = [
        (words, f"{getattr(extent.least[name].cost, name):,}", f"{getattr(extent.most[name].cost, name):,}")
        for name, words in COSTS.items()
    ]
    output.say(
        Table(columns=(Column(title="", right=False), Column(title="fewest"), Column(title="most")), rows=costs)
    )
    output.say()
    output.say(f"smallest  {extent.least['parameters'].network}")
    output.say(f"largest   {extent.most['parameters'].network}")
    if below is not None:
        output.say(_fitting(extent, limits))
    return 0


def space_document(space: Space, extent: Extent) -> dict[str, Any]:
    """The JSON document of a space."""
    return {
        "space": str(space),
        "count": space.count,
        "exact": extent.exact,
        "looked_at": extent.looked_at,
        "working": extent.working,
        "fitting": extent.fitting,
        "choices": [
            {"key": choice.key, "label": space.labels[choice.key], "values": list(choice.values)}
            for choice in space.choices
        ],
        **{
            name: {
                "least": getattr(extent.least[name].cost, name),
                "least_network": extent.least[name].network,
                "most": getattr(extent.most[name].cost, name),
                "most_network": extent.most[name].network,
            }
            for name in COSTS
        },
    }


def values_in_words(choice: Choice) -> str:
    """The values of a choice.

    >>> from tersenet.search import parse_space
    >>> [values_in_words(choice) for choice in parse_space("{4..12/4}C3 ({8..90}C3)x{1|3} {MP2|}").choices]
    ['4, 8, 12', '1, 3', '8 to 90', 'MP2, nothing']
    """
    values = choice.values
    if isinstance(values, range) and len(values) > 6:
        return f"{values[0]} to {values[-1]}" + (f" in steps of {values.step}" if values.step > 1 else "")
    return ", ".join(str(value) if value != "" else "nothing" for value in values)


def _looked(extent: Extent) -> str:
    number = f"{extent.count:,}" if extent.count < SHORT else f"about {extent.count:.1e}"
    networks = f"{number} network{'s' * (extent.count != 1)}"
    if not extent.exact:
        return (
            f"{networks}; the range below is that of the {extent.looked_at:,} looked at, some at random, "
            f"others on the way to the ends"
        )
    working = "" if extent.working == extent.count else f"; {extent.working:,} of them can be built"
    return networks + working


def _fitting(extent: Extent, limits: CostLimits) -> str:
    of = f"of all {extent.count:,}" if extent.exact else f"of the {extent.looked_at:,} looked at"
    said = f"{limits.in_words()}: {extent.fitting:,} {of}"
    nearest = extent.nearest
    if nearest is None:
        return said
    return f"{said}; the nearest has {nearest.cost.parameters:,}: {nearest.network}"
