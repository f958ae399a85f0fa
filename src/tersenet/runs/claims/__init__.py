"""Claims about runs: made, checked against the runs and against themselves, verified by training again."""
