"""Errors say what was got, what was expected, where, and how to fix it."""

from tersenet._errors import TersenetError, did_you_mean


def test_a_place_of_several_lines_keeps_its_caret_under_the_place():
    error = TersenetError("Unknown layer.", where="8C3 16Q3\n    ^^^^")
    first, second = str(error).splitlines()[1:]
    assert first.index("16Q3") == second.index("^^^^")


def test_only_what_is_known_is_said():
    assert str(TersenetError("Broken.", got=3)) == "Broken.\n  got:      3"


def test_a_far_word_has_no_neighbour():
    assert did_you_mean("zzzz", ["mnist", "kmnist"]) is None


def test_one_neighbour_is_offered_alone():
    assert did_you_mean("gap-14321", ["gap-14320", "funnel-18937"]) == "did you mean gap-14320?"
