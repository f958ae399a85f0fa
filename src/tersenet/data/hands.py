"""The ten digits, each in several hands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hand:
    """One way of writing a digit.

    `share` says how often it is chosen among the hands of its digit, `width` how wide it is written, times the box.
    `strokes` is text as in `tersenet.data.strokes`.
    """

    digit: int
    share: float
    width: float
    strokes: str


HANDS = (
    # Zero: round from the top, with a curl inside, clockwise, left open, with a loop at its top, slashed.
    Hand(0, 5, 0.85, "54 2, 26 10, 10 50, 24 90, 50 98, 78 86, 90 46, 76 10, 48 3"),
    Hand(0, 3, 0.85, "72 14, 48 2, 20 20, 10 58, 28 92, 54 98, 82 76, 90 40, 72 9, 46 8, 32 20"),
    Hand(0, 2, 0.85, "34 8, 14 30, 10 66, 30 96, 60 96, 86 68, 84 26, 58 4, 36 6, 28 18"),
    Hand(0, 1, 0.85, "62 6, 30 8, 10 45, 22 88, 50 98, 80 85, 90 45, 76 8"),
    Hand(0, 1, 0.90, "40 2, 16 26, 8 62, 28 96, 62 96, 90 66, 84 28, 56 22, 34 34, 30 18, 54 6, 82 6"),
    Hand(0, 0.5, 0.85, "54 2, 26 10, 10 50, 24 90, 50 98, 78 86, 90 46, 76 10, 48 3 / 84 4, 50 50, 14 96"),
    # One: a plain stroke, with a flag, with flag and foot, with a hook, with a foot drawn in one go.
    Hand(1, 10, 0.5, "50 0, 50 33, 50 66, 50 100"),
    Hand(1, 1.0, 0.6, "22 32, 52 2 | 51 50, 50 100"),
    Hand(1, 0.8, 0.8, "26 24, 52 2 | 51 50, 50 98 / 20 98, 50 98, 82 97"),
    Hand(1, 0.4, 0.6, "36 10, 52 2, 52 50, 50 98 / 26 98, 50 98, 76 97"),
    # Two: a corner at the foot, a small loop there, a large one, a flat top, a wave, a curled beginning.
    Hand(2, 4, 1.0, "16 26, 34 6, 60 3, 78 20, 70 45, 42 72, 12 95 | 50 94, 90 92"),
    Hand(2, 2.5, 1.0, "16 24, 38 4, 66 6, 74 28, 58 58, 30 88, 14 92, 12 80, 28 76, 50 88, 70 96, 94 88"),
    Hand(2, 3, 1.0, "20 22, 42 4, 68 10, 74 36, 60 72, 32 96, 10 88, 12 66, 36 64, 60 82, 78 92, 96 84"),
    Hand(2, 1.5, 0.9, "24 12, 48 2, 72 20, 74 52, 56 86, 30 98, 8 82, 18 60, 42 64, 66 78, 98 78"),
    Hand(2, 1.5, 1.0, "14 12, 45 6, 78 8 | 50 50, 12 93 | 50 92, 90 92"),
    Hand(2, 1.5, 1.0, "20 28, 34 6, 62 4, 74 26, 58 58, 20 90, 40 84, 62 92, 92 94"),
    Hand(2, 1.0, 0.8, "34 30, 22 20, 40 3, 66 8, 70 34, 54 66, 30 94 | 56 86, 84 96"),
    Hand(2, 1.0, 0.9, "22 8, 50 3, 64 20, 58 52, 34 80, 14 92, 26 78, 46 84, 64 98, 82 98"),
    # Three: round with a corner in the middle, with a little loop there, with a flat top.
    Hand(3, 5, 0.9, "18 16, 42 2, 72 8, 74 30, 42 46 | 72 54, 80 78, 54 97, 14 86"),
    Hand(3, 3, 0.9, "18 16, 44 2, 74 10, 70 34, 46 46, 40 50, 48 50, 76 60, 80 82, 52 98, 14 86"),
    Hand(3, 1.5, 0.9, "18 6, 46 4, 78 4 | 42 42 | 72 50, 80 76, 54 97, 14 88"),
    # Four: open and round, open and sharp, closed, in one go, a cross with a hook.
    Hand(4, 4, 1.0, "20 6, 14 36, 20 54, 48 56, 84 48 / 76 4, 70 50, 64 98"),
    Hand(4, 4, 1.0, "28 6, 12 56 | 50 55, 90 52 / 68 18, 64 58, 58 98"),
    Hand(4, 2, 1.0, "62 2, 36 32, 8 66 | 50 64, 94 62 / 62 2, 61 50, 58 98"),
    Hand(4, 3, 1.0, "18 6, 12 38, 30 54, 60 46, 76 8 | 70 50, 64 98"),
    Hand(4, 1, 1.0, "40 4, 24 34, 12 60, 46 56, 86 44 / 70 22, 56 60, 42 98"),
    # Five: the bar apart, the bar joined, like an S, with a small belly.
    Hand(5, 4, 1.0, "34 8, 28 44 | 54 38, 80 54, 76 82, 46 98, 12 90 / 33 7, 60 6, 90 3"),
    Hand(5, 3, 1.0, "86 4, 58 5, 34 8 | 28 44 | 54 38, 80 56, 74 84, 46 98, 12 88"),
    Hand(5, 2, 1.0, "84 6, 50 4, 28 20, 40 40, 66 54, 76 78, 48 98, 12 90"),
    Hand(5, 3, 1.0, "92 2, 62 8, 40 12 | 30 44, 56 48, 66 68, 48 88, 8 96"),
    # Six: curled, straight, wide, with a hooked top.
    Hand(6, 4, 0.9, "72 4, 42 16, 20 50, 18 80, 44 98, 74 86, 76 62, 52 52, 28 64, 20 82"),
    Hand(6, 3, 0.9, "64 2, 40 34, 20 68, 26 92, 50 98, 72 86, 70 64, 48 58, 24 74"),
    Hand(6, 3, 1.0, "48 2, 24 30, 12 66, 30 96, 64 96, 86 74, 66 54, 34 62, 20 82"),
    Hand(6, 1, 0.9, "80 14, 62 2, 36 14, 18 48, 20 84, 48 98, 76 84, 70 60, 44 54, 20 70"),
    # Seven: plain, with a serif, with a bar, rounded, with a wave in its roof.
    Hand(7, 5, 0.9, "14 8, 48 8, 84 6 | 62 46, 44 98"),
    Hand(7, 2, 0.9, "16 28, 18 8 | 50 8, 84 6 | 62 48, 46 98"),
    Hand(7, 1.5, 0.9, "14 8, 48 8, 84 6 | 62 46, 44 98 / 32 52, 58 50, 84 48"),
    Hand(7, 2, 0.9, "14 14, 46 4, 78 8, 74 36, 54 66, 44 98"),
    Hand(7, 2, 0.9, "12 22, 22 6, 48 12, 84 6 | 60 50, 46 98"),
    # Eight: in one stroke, closed or with a loose end, or two circles.
    Hand(8, 4, 0.9, "74 14, 50 2, 26 14, 34 38, 66 58, 76 82, 50 98, 24 84, 34 60, 66 40, 76 18, 56 3"),
    Hand(8, 3, 0.9, "82 18, 54 3, 26 14, 34 38, 62 58, 66 84, 46 98, 26 84, 40 60, 88 8"),
    Hand(
        8,
        2,
        0.8,
        "50 46, 26 36, 26 12, 50 2, 74 12, 74 36, 50 46 / 50 46, 20 60, 20 88, 50 98, 80 88, 80 60, 50 46",
    ),
    # Nine: with a straight leg, curled, in one slanting go, with a flat top.
    Hand(9, 4, 0.85, "74 14, 48 2, 24 14, 20 40, 44 50, 70 34, 76 10 | 74 50, 68 98"),
    Hand(9, 2, 0.85, "74 18, 50 2, 24 16, 22 42, 48 50, 72 32, 76 14, 78 50, 66 86, 44 98, 18 90"),
    Hand(9, 3, 0.85, "70 10, 42 4, 22 28, 34 48, 58 40, 74 12, 66 50, 44 98"),
    Hand(9, 2, 0.9, "82 6, 46 6, 20 26, 30 48, 60 42, 80 8 | 72 50, 62 98"),
)
"""Every hand, digit by digit. Shares and shapes were chosen by the first 10,000 training images of MNIST."""
