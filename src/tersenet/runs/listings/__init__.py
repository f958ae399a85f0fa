"""Which runs there are, and what they reached."""
