"""The commands of the backpropagation lab."""
