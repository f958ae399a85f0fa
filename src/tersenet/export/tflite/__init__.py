"""The integer model as a TFLite file."""
