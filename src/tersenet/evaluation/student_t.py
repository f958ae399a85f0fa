"""Student's t distribution, from the incomplete beta function: exact to rounding, without a library of statistics."""

from __future__ import annotations

import math

from tersenet._errors import check_setting

_SMALLEST = 1e-300  # keeps a continued fraction away from division by zero
_TERMS = 10_000  # the fraction needs about √(a + b) of them


def incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), for x from 0 to 1 and positive a, b.

    Source: the continued fraction 26.5.8 of M. Abramowitz and I. Stegun, "Handbook of Mathematical Functions", 1964,
    in the steps of W. J. Lentz (1976); of x and 1 − x the side on which it converges fast.

    >>> incomplete_beta(0.5, 1, 1), round(incomplete_beta(0.5, 2, 3), 12)
    (0.5, 0.6875)
    """
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(1 - x, b, a)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) * _continued_fraction(x, a, b) / a


def _continued_fraction(x: float, a: float, b: float) -> float:
    """1/(1 + d₁/(1 + d₂/(1 + …))); c and d are the ratios of neighbouring numerators and denominators."""
    c, d = 1.0, 1 / _nonzero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        step = 1.0
        for term in (even, odd):
            c, d = _nonzero(1 + term / c), 1 / _nonzero(1 + term * d)
            value *= c * d
            step = c * d
        if abs(step - 1) < 1e-16:
            break
    return value


def _nonzero(value: float) -> float:
    return value if abs(value) > _SMALLEST else _SMALLEST


def t_two_sided(t: float, degrees: float) -> float:
    """The probability that |T| is |t| or more, with this many degrees of freedom (any positive number).

    >>> round(t_two_sided(2.228138852, 10), 9)
    0.05
    """
    check_setting(not math.isnan(t), "t", t, "a number")
    check_setting(0 < degrees < math.inf, "degrees", degrees, "above 0 and finite")
    if math.isinf(t):
        return 0.0
    if abs(t) < 1:  # degrees/(degrees + t²) would be rounded to 1 for a small t
        return 1 - incomplete_beta(t * t / (degrees + t * t), 0.5, degrees / 2)
    return incomplete_beta(degrees / (degrees + t * t), degrees / 2, 0.5)


def t_cdf(t: float, degrees: float) -> float:
    """The probability that T is t or less.

    >>> t_cdf(0, 3), round(t_cdf(1, 1), 12)
    (0.5, 0.75)
    """
    beyond = t_two_sided(t, degrees) / 2
    return 1 - beyond if t > 0 else beyond


def t_quantile(probability: float, degrees: float) -> float:
    """The t below which T falls with this probability (between 0 and 1), found by halving an interval.

    >>> round(t_quantile(0.975, 9), 6), round(t_quantile(0.05, 4), 6)
    (2.262157, -2.131847)
    """
    check_setting(0 < probability < 1, "probability", probability, "between 0 and 1")
    if probability > 0.5:
        return -t_quantile(1 - probability, degrees)
    wanted = 2 * probability
    low, high = 0.0, 1.0
    while t_two_sided(high, degrees) > wanted:
        low, high = high, 2 * high
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return -middle
        if t_two_sided(middle, degrees) > wanted:
            low = middle
        else:
            high = middle
