"""The network as an SVG for a page: its units, its weights, and in colour the paths of one parameter to the error.

Two layouts show the same: from left to right for a wide page and for print, from top to bottom for a phone.
"""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from tersenet.backprop.numbers.problem import Problem
from tersenet.backprop.symbols.chain_rule import Graph

MOST_UNITS = 7  # of one layer that are drawn; of larger layers some are left out, and the drawing says how many
MOST_LABELS = 4  # weights of a layer that are all labelled; else only those on a path are
PILL, HIGH, ROUND = 124, 46, 25  # a unit's width and height, an input's radius: CSS pixels

Edge = tuple[str, str]  # child, parent


@dataclass(frozen=True)
class Node:
    """A box of the drawing: its centre, its size, and the one or two quantities written in it."""

    names: tuple[str, ...]
    x: float
    y: float
    width: float
    high: float

    def border(self, toward: tuple[float, float], away: float = 0.0) -> tuple[float, float]:
        """Where the line from the centre towards a point leaves the box, `away` pixels further out."""
        across, up = toward[0] - self.x, toward[1] - self.y
        share = min(
            (self.width / 2) / abs(across) if across else math.inf, (self.high / 2) / abs(up) if up else math.inf
        )
        share += away / math.hypot(across, up)
        return self.x + share * across, self.y + share * up


@dataclass(frozen=True)
class Layout:
    """Boxes by the quantity they hold (a unit's box by both of its own), the size, and the counts left out."""

    nodes: dict[str, Node]
    width: float
    height: float
    left_out: tuple[tuple[float, float, int], ...]
    tall: bool


def network_svg(
    problem: Problem,
    parameter: str = "",
    tags: Mapping[Edge, str] | None = None,
    *,
    tall: bool = False,
    computed: bool = True,
) -> str:
    """The drawing as an `<svg>` element; `tags` gives the class of every edge that is on a path.

    Colours come from the page's CSS: `.path-1`, `.path-2`, … and `.shared`. With several samples the values are those
    of the first. Without `computed` only the numbers that are given are written, as an exercise needs it.

    >>> from tersenet.backprop import COURSE
    >>> svg = network_svg(COURSE, "w5", {("o1", "w5"): "path-1"})
    >>> svg.count('class="edge path-1"'), svg.endswith("</svg>")
    (1, True)
    """
    graph, values, tags = Graph(problem.network), problem.values(), tags or {}
    if not computed:
        values = {name: value for name, value in values.items() if name not in graph.definitions}
    layout = layout_of(problem, parameter, tall=tall)
    crowd = crowds(problem)
    parts: list[str] = []
    labels: list[str] = []
    for source, target, weight in lines_of(problem):
        if source in layout.nodes and target in layout.nodes:
            tag = tags.get((target, weight or source), "") or tags.get((target, source), "")
            tag = tag if weight in ("", parameter) or (target, source) in tags else ""
            factor = (target, weight if weight == parameter else source) if tag and target != "E_total" else None
            known = weight if tag or crowd[target] <= MOST_LABELS else ""
            line, label = _line(layout, source, target, known, values, tag, factor)
            parts.append(line)
            labels.append(label)
    parts.sort(key=lambda line: 'class="edge "' not in line)  # the paths are drawn over the other lines
    boxes = [_box(node, values, tags, tall=tall) for node in dict.fromkeys(layout.nodes.values())]
    more = [f'<text x="{x:.0f}" y="{y:.0f}" class="more">… {count} more</text>' for x, y, count in layout.left_out]
    biases = [
        _bias(layout, name, unit, values, tags.get((unit, name), ""))
        for name, unit in zip(problem.network.bias_names, sum(problem.network.sum_names, ()), strict=False)
        if unit in layout.nodes
    ]
    return (
        f'<svg viewBox="0 0 {layout.width:.0f} {layout.height:.0f}" width="{layout.width:.0f}"'
        f' class="{"tall" if tall else "wide"}" role="img" aria-label="{html.escape(_spoken(graph, parameter))}">'
        + "".join([*parts, *boxes, *more, *biases, *labels])
        + "</svg>"
    )


def crowds(problem: Problem) -> dict[str, int]:
    """How many weights the layer of each quantity has, and so how many labels would meet there."""
    network = problem.network
    counts = dict.fromkeys([*network.error_names, "E_total"], 0)
    for place, sums in enumerate(network.sum_names):
        counts |= dict.fromkeys(sums, network.sizes[place] * len(sums))
    return counts


def _spoken(graph: Graph, parameter: str) -> str:
    """What a screen reader says of the drawing."""
    sizes = "-".join(map(str, graph.network.sizes))
    if not parameter:
        return f"Network {sizes}, with its weights."
    count = graph.path_count(parameter)
    if count > 6:
        return f"Network {sizes}. {count:,} paths lead from {parameter} to the error."
    paths = [(parameter, *(edge.child for edge in reversed(path)), "E_total") for path in graph.paths(parameter)]
    routes = [" → ".join(names) for names in paths]
    return f"Network {sizes}. From {parameter} to the error: {'; '.join(routes)}."


def lines_of(problem: Problem) -> list[tuple[str, str, str]]:
    """Every line of the drawing: from, to, and the weight on it or none."""
    network = problem.network
    found: list[tuple[str, str, str]] = []
    before, weights = network.input_names, iter(network.weight_names)
    for sums, activations in zip(network.sum_names, network.activation_names, strict=True):
        found += [(source, name, next(weights)) for name in sums for source in before]
        before = activations
    for activation, error in zip(before, network.error_names, strict=True):
        found += [(activation, error, ""), (error, "E_total", "")]
    return found


def layout_of(problem: Problem, parameter: str = "", *, tall: bool = False, labels: int = MOST_LABELS) -> Layout:
    """Where every box lies; layers one after the other, their units side by side.

    `labels` is the largest number of weights of a layer that are all labelled; larger layers lie further apart.

    >>> from tersenet.backprop import COURSE
    >>> layout_of(COURSE).nodes["h2"].names
    ('h2', 'a_h2')
    """
    network = problem.network
    touched = {source for source, _, weight in lines_of(problem) if weight == parameter}
    touched |= {target for _, target, weight in lines_of(problem) if weight == parameter}
    touched |= {
        unit for name, unit in zip(network.bias_names, sum(network.sum_names, ()), strict=False) if name == parameter
    }
    layers: list[list[tuple[str, ...]]] = [[(name,) for name in network.input_names]]
    for sums, activations in zip(network.sum_names, network.activation_names, strict=True):
        layers.append(list(zip(sums, activations, strict=True)))
    layers.append(list(zip(network.target_names, network.error_names, strict=True)))
    layers.append([("E_total",)])
    shown, missing = [], []
    for layer in layers:
        kept = layer
        if len(layer) > MOST_UNITS:
            must = [unit for unit in layer if touched & set(unit)]
            kept = sorted(dict.fromkeys([*layer[: MOST_UNITS - 1 - len(must)], *must, layer[-1]]), key=layer.index)
        shown.append(kept)
        missing.append(len(layer) - len(kept))
    most = max(len(layer) + bool(gone) for layer, gone in zip(shown, missing, strict=True))
    bias = 26 if network.biases else 0
    apart = PILL + 42 if tall else 104 + bias  # between the centres of two units of a layer
    sizes = [ROUND * 2, *(PILL for _ in network.sum_names), PILL, 84]
    weights = [before * after for before, after in pairwise(network.sizes)]
    wide = [220 if MOST_LABELS < count <= labels else 150 for count in weights]
    gaps = [112 + bias] * len(weights) + [92, 62] if tall else [*wide, 104, 70]
    nodes: dict[str, Node] = {}
    left_out = []
    along = 30.0 + bias if tall else 14.0
    for place, (layer, size) in enumerate(zip(shown, sizes, strict=True)):
        deep = HIGH if tall else size
        centre = along + deep / 2
        high = 2 * ROUND if place == 0 else HIGH
        count = len(layer) + bool(missing[place])
        for number, names in enumerate(layer):
            after = bool(missing[place]) and number == len(layer) - 1
            across = apart * (number + after + (most - count) / 2 + 0.5)
            spot = (across, centre) if tall else (centre, across + (bias and 14))
            node = Node(names, *spot, size, high)
            nodes |= dict.fromkeys(names if place < len(shown) - 2 else names[-1:], node)
            if after:
                left_out.append((*((across - apart, centre) if tall else (centre, across - apart)), missing[place]))
        along += deep + (gaps[place] - (HIGH if tall else 0) + (46 if tall else 0) if place < len(gaps) else 0)
    length, breadth = along + 20, apart * most + (0 if tall else 8 + bias)
    width, height = (breadth, length) if tall else (length, breadth)
    return Layout(nodes, width, height, tuple(left_out), tall)


def _line(
    layout: Layout,
    source: str,
    target: str,
    weight: str,
    values: Mapping[str, float],
    tag: str,
    factor: Edge | None,
) -> tuple[str, str]:
    """A line with its arrowhead, and its label: the weight, and on a path the factor of the chain rule."""
    start, end = layout.nodes[source], layout.nodes[target]
    x1, y1 = start.border((end.x, end.y), 2)
    x2, y2 = end.border((start.x, start.y), 4)
    angle = math.atan2(y2 - y1, x2 - x1)
    head = [
        (x2, y2),
        *((x2 - 9 * math.cos(angle + turn), y2 - 9 * math.sin(angle + turn)) for turn in (0.42, -0.42)),
    ]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in head)
    line = (
        f'<g class="edge {tag}"><line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'
        f'<polygon points="{points}"/></g>'
    )
    straight = abs(start.x - end.x) < 1 if layout.tall else abs(start.y - end.y) < 1
    lift = (-4.0, 14.0) if layout.tall else (-8.0, 19.0)  # beside each other where the line is straight
    first = 0.36 if layout.tall and end.x < start.x else 0.22  # two lines that cross have their labels apart
    spots = [(0.5, lift[0] if factor else 4.5), (0.5, lift[1])] if straight else [(first, 4.5), (0.75, 4.5)]
    rows = [(spots[0], "", f"{svg_name(weight)} = {short_number(values[weight])}")] if weight else []
    if factor:
        rows.append((spots[1] if weight else (0.5, 4.5), f" factor {tag}", _derivative(factor)))
    text = ""
    for (share, down), kind, row in rows:
        x, y = x1 + share * (x2 - x1), y1 + share * (y2 - y1) + down
        text += _label(x, y, row, kind)
    return line, text


def _box(node: Node, values: Mapping[str, float], tags: Mapping[Edge, str], *, tall: bool) -> str:
    """A box with its quantities and their values; a unit's two halves are its sum and its activation."""
    left, top = node.x - node.width / 2, node.y - node.high / 2
    first = node.names[0]
    kind = {"i": "input", "t": "error", "E": "error"}.get(first[0], "unit")
    inner = tags.get((node.names[-1], first), "") if kind == "unit" else ""
    parts = [
        f'<rect class="box {kind} {inner}" x="{left:.1f}" y="{top:.1f}" width="{node.width:.0f}"'
        f' height="{node.high:.0f}" rx="{node.high / 2:.0f}"/>'
    ]
    if len(node.names) == 2:
        ends = f'y1="{top + 6:.1f}" y2="{top + node.high - 6:.1f}"'
        parts.append(f'<line class="middle" x1="{node.x:.1f}" x2="{node.x:.1f}" {ends}/>')
    for place, name in enumerate(node.names):
        x = node.x + ((place - 0.5) * node.width * 0.47 if len(node.names) == 2 else 0)
        lift = 3 if name in values else -5
        parts.append(f'<text class="name" x="{x:.1f}" y="{node.y - lift:.1f}">{svg_name(name)}</text>')
        if name in values:
            parts.append(f'<text class="value" x="{x:.1f}" y="{node.y + 14:.1f}">{short_number(values[name])}</text>')
    if inner:
        said = _derivative((node.names[-1], first))
        parts.append(_label(node.x - 40 if tall else node.x, top + node.high + 17, said, f" factor {inner}"))
    return "".join(parts)


def _bias(layout: Layout, name: str, unit: str, values: Mapping[str, float], tag: str) -> str:
    """A bias above its unit, with a short arrow into it."""
    node = layout.nodes[unit]
    x, top = node.x - node.width * 0.235, node.y - node.high / 2
    head = f"{x:.1f},{top - 2:.1f} {x - 4:.1f},{top - 9:.1f} {x + 4:.1f},{top - 9:.1f}"
    said = f"{svg_name(name)} = {short_number(values[name])}"
    factor = f'<tspan class="factor {tag}"> {_derivative((unit, name))}</tspan>' if tag else ""
    return (
        f'<g class="edge {tag}"><line x1="{x:.1f}" y1="{top - 14:.1f}" x2="{x:.1f}" y2="{top - 5:.1f}"/>'
        f'<polygon points="{head}"/></g>{_label(x, top - 18, said + factor, "")}'
    )


def _label(x: float, y: float, inner: str, kind: str) -> str:
    """A text over the lines: once as a halo in the colour of the ground, once as letters."""
    spot = f'x="{x:.1f}" y="{y:.1f}"'
    halo = inner.replace('class="factor', 'class="')
    return f'<text class="label halo" {spot}>{halo}</text><text class="label{kind}" {spot}>{inner}</text>'


def svg_name(name: str) -> str:
    """A quantity's name as SVG text, its index lowered.

    >>> svg_name("w5")
    'w<tspan class="index" dy="3">5</tspan><tspan dy="-3">\\u200b</tspan>'
    """
    letter, index = (name[0], name[2:]) if name.startswith(("a_", "E_")) else (name[0], name[1:])
    index = html.escape(index.replace("_", ","))
    return f'{letter}<tspan class="index" dy="3">{index}</tspan><tspan dy="-3">\u200b</tspan>'


def _derivative(edge: Edge) -> str:
    child, parent = edge
    return f"∂{svg_name(child)}/∂{svg_name(parent)}"


def short_number(value: float) -> str:
    """A number as a drawing writes it: three or four digits.

    >>> short_number(-0.4325), short_number(0.00566875)
    ('−0.4325', '0.00567')
    """
    return f"{value:.{4 if abs(value) >= 0.01 else 3}g}".replace("-", "−")
