"""The room `backprop`."""
