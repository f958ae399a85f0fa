"""Many trainings: spaces of networks, and the search for the best one within limits."""

from tersenet.search.space.costs import Cost, CostLimits, cost_of
from tersenet.search.space.extent import Extent, SizedNetwork, extent_of, require_fitting
from tersenet.search.space.space import Space
from tersenet.search.space.space_notation import is_space, parse_space
from tersenet.search.space.tree import Choice, Point, Value

__all__ = [
    "Choice",
    "Cost",
    "CostLimits",
    "Extent",
    "Point",
    "SizedNetwork",
    "Space",
    "Value",
    "cost_of",
    "extent_of",
    "is_space",
    "parse_space",
    "require_fitting",
]
