"""The optimisers: a file for each, whose name is the optimiser's in a recipe."""
