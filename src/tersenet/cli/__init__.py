"""The command line: thin, one file per command. `tersenet --help` imports nothing heavy."""

from tersenet.cli.main import main

__all__ = ["main"]
