"""Spaces: a line of notation with braces stands for many networks."""
