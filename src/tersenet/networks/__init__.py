"""What is trained: the notation, the named networks, the summary, the budget."""

from tersenet.networks.build import NotationNetwork, build
from tersenet.networks.find import Design, find_network
from tersenet.networks.notation import parse
from tersenet.networks.shapes import LayerShape, infer_shapes
from tersenet.networks.tree import Network
from tersenet.networks.zoo import NETWORKS, NamedNetwork, Reported

__all__ = [
    "NETWORKS",
    "Design",
    "LayerShape",
    "NamedNetwork",
    "Network",
    "NotationNetwork",
    "Reported",
    "build",
    "find_network",
    "infer_shapes",
    "parse",
]
