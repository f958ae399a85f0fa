"""Data sets in one file, or in a few: arrays of numpy, tables of pixels, IDX files."""
