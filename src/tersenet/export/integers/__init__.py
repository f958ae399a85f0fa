"""The integer model: made, proved, simulated, measured."""
