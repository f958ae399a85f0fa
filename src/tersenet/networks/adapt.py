"""A named network for another number of classes: its last layer gets as many outputs."""

from __future__ import annotations

from dataclasses import replace

from tersenet.networks.layers.convolution import Convolution
from tersenet.networks.layers.dense import Dense
from tersenet.networks.tree import Notation


def with_classes(network: Notation, classes: int) -> Notation:
    """The network with `classes` outputs: the last layer that sets their number is changed, and nothing else.

    Where the last such layer is inside a block, the network is returned unchanged; building it says what does not
    fit.

    >>> from tersenet.networks import parse
    >>> str(with_classes(parse("8C3 BN R GAP 10Nb"), 3)), str(with_classes(parse("8C3 R 10C1 GAP"), 60))
    ('8C3 BN R GAP 3Nb', '8C3 R 60C1 GAP')
    """
    layers = list(network.layers)
    for place in range(len(layers) - 1, -1, -1):
        layer = layers[place]
        if isinstance(layer, Dense):
            layers[place] = replace(layer, units=classes)
        elif isinstance(layer, Convolution):
            layers[place] = replace(layer, channels=classes)
        elif getattr(layer, "sets_width", True):
            return network
        else:
            continue
        return replace(network, layers=tuple(layers))
    return network
