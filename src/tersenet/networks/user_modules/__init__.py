"""Networks from a user's own file: how it is run, kept and laid out."""
