"""The small network in symbols: expressions, the chain rule, derivations and how they are printed."""
