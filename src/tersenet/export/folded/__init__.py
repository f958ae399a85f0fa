"""A network as a flat list of layers in real numbers."""
