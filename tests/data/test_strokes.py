"""Strokes written as text become curves through their points."""

import numpy as np
import pytest

from tersenet.data.drawn.hands import HANDS, PENS
from tersenet.data.drawn.strokes import read_path


def curve(path):
    points = np.array(path.points)
    return np.array(
        [
            sum(w * points[s] for s, w in zip(*pair, strict=True))
            for pair in zip(path.sources, path.weights, strict=True)
        ]
    )


@pytest.mark.parametrize("hand", HANDS, ids=lambda hand: f"{hand.digit}: {hand.strokes}")
def test_the_curve_of_every_hand_runs_through_all_its_points_in_order(hand):
    path = read_path(hand.strokes)
    drawn, place = curve(path), 0
    for point in path.points:
        distances = np.linalg.norm(drawn[place:] - point, axis=1)
        assert distances.min() < 1e-9
        place += int(np.argmax(distances < 1e-9))
    assert len(path.down) == len(path.sources) - 1
    assert path.down.count(False) == hand.strokes.count("/")


def test_weights_add_up_to_one_so_that_a_curve_moves_with_its_points():
    for hand in HANDS:
        assert np.sum(read_path(hand.strokes).weights, axis=1) == pytest.approx(1.0)


def test_two_points_make_a_straight_line():
    drawn = curve(read_path("0 0, 30 60"))
    assert drawn[:, 1] == pytest.approx(2 * drawn[:, 0])


def test_a_smooth_curve_turns_little_at_its_points_and_a_corner_turns_at_once():
    def sharpest(text):
        steps = np.diff(curve(read_path(text)), axis=0)
        steps /= np.linalg.norm(steps, axis=1)[:, None]
        return np.min(np.sum(steps[1:] * steps[:-1], axis=1))

    assert sharpest("0 0, 50 0, 50 50") > 0.5
    assert sharpest("0 0, 50 0 | 50 50") < 0.1


def test_every_digit_has_several_hands_and_a_pen():
    assert len(PENS) == 10
    for digit in range(10):
        assert sum(hand.digit == digit for hand in HANDS) >= 5
    assert [hand.digit for hand in HANDS] == sorted(hand.digit for hand in HANDS)
