"""Where a run comes from: its source, machine, files, and whether to run code that it names."""
