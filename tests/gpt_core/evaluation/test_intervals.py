import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt_core.evaluation.intervals import ratio, wilson


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    # Newcombe, Statistics in Medicine 17, 1998, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611)]
    + [(1, 29, 0.0061, 0.1718), (29, 29, 0.8830, 1)],
)
def test_wilson_intervals_are_the_published_ones(part, whole, low, high):
    found = wilson(part, whole)
    assert found.value == part / whole
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)


@given(st.integers(0, 50), st.integers(1, 50))
def test_wilson_intervals_hold_the_share(part, whole):
    found = wilson(min(part, whole), whole)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_bootstrap_intervals_are_as_wide_as_the_mean_is_uncertain():
    random = np.random.default_rng(3)
    parts = random.normal(5, 2, size=400)
    found = ratio(parts, np.ones(400))
    assert found.value == pytest.approx(parts.mean())
    assert found.high - found.low == pytest.approx(2 * 1.96 * 2 / 20, rel=0.1)
    assert ratio(parts, np.ones(400)) == found
    assert ratio([0], [0]).value == 0
