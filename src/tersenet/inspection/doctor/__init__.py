"""What is wrong with a network: the checks, and what they find."""
