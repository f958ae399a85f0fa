"""Lessons around the small network: convolution, normalisation, exercises, errata."""
