"""Commands that take a network out of the lab."""
