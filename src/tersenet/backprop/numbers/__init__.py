"""The small network in numbers: forward and backward pass, descent, the learning-rate study."""
