"""The pages over HTTP, and the trainings that they may start."""
