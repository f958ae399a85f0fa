"""The integer model as C code."""
