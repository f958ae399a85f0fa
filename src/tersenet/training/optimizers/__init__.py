"""Optimisers: what one says of itself, and all that there are."""
