"""Trainings that belong together: the group of seeds and the processes that train it."""
