"""Blocks written as HTML, as Markdown, for a terminal, and as JSON."""
