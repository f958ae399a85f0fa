"""Normalisations, a file each."""
