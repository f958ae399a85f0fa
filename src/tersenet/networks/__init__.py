"""The room `networks`."""
