import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt_core.evaluation.guessing import bounds, rank


def test_bounds_of_shannons_formulas_by_hand():
    found = bounds([1, 1, 1, 1, 2, 2, 3, 3])  # shares 1/2, 1/4, 1/4
    assert found.upper == pytest.approx(0.5 + 0.25 * 2 * 2)
    assert found.lower == pytest.approx(2 * 0 * 1 + 3 * 0.25 * math.log2(3))


def test_bounds_of_shannons_own_table():
    """Shannon 1951, tables I and II, column 1: letters and the space, nothing known before."""
    shares = [18.2, 10.7, 8.6, 6.7, 6.5, 5.8, 5.6, 5.2, 5.0, 4.3, 3.1, 2.8, 2.4, 2.3, 2.1, 2.0]
    shares += [1.6, 1.6, 1.6, 1.3, 1.2, 0.8, 0.3, 0.1, 0.1, 0.1, 0.1]
    ranks = [i for i, share in enumerate(shares, 1) for _ in range(round(10 * share))]
    found = bounds(ranks)
    assert found.upper == pytest.approx(4.03, abs=0.05)
    assert found.lower == pytest.approx(3.19, abs=0.08)  # the shares are rounded to 0.1%


@given(st.lists(st.integers(1, 30), min_size=1, max_size=60))
def test_bounds_are_in_order_and_inside_their_interval(ranks):
    found = bounds(ranks)
    assert -1e-9 <= found.low <= found.lower <= found.upper + 1e-9
    assert found.upper <= found.high <= math.log2(30) + 1e-9


def test_always_right_is_no_bit_and_few_characters_say_little():
    assert bounds([1] * 20).upper == 0
    mixed = [1] * 14 + [2, 3, 5, 8, 2, 4]
    few, many = bounds(mixed), bounds(mixed * 50)
    assert (few.lower, few.upper) == pytest.approx((many.lower, many.upper))
    assert few.high - few.low > 2 * (many.high - many.low)


@pytest.mark.parametrize("ranks", [[], [1, 0], [-1]])
def test_what_is_no_guess_is_refused(ranks):
    with pytest.raises(ValueError, match="at least one"):
        bounds(ranks)


def test_guesses_are_counted_once_each_and_without_case():
    assert rank("etA", "a") == 3
    assert rank("eeeta", "T") == 2
    assert rank("e t", " ") == 2
    assert rank("xyz", "a") is None
    assert rank("", "a") is None


def test_who_is_told_every_character_is_not_said_to_know_them():
    given_up = bounds([27] * 10, told=10, alphabet=27)
    assert given_up.upper == pytest.approx(math.log2(27)) and given_up.lower == 0
    half = bounds([1] * 5 + [27] * 5, told=5, alphabet=27)
    assert half.upper == pytest.approx(1 + math.log2(27) / 2)
    assert bounds([1] * 5 + [27] * 5).upper == pytest.approx(1)  # all of them guessed
