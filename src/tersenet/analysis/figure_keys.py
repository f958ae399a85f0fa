"""The figures of a report by the names that findings refer to them by."""

CURVES = "curves"
LEARNING_RATE = "learning-rate"
REGULARISATION = "regularisation"
CONFUSION = "confusion"
CALIBRATION = "calibration"
MISTAKES = "mistakes"
