"""Blocks written as HTML and as Markdown."""
