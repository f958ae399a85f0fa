"""Figures and pages of the backpropagation lab."""
