import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt_core.experiments.effects import NOISE, variance_shares


def test_a_sum_of_two_settings_is_split_between_them():
    rate, width = np.array([0.0, 3.0, 6.0]), np.array([0.0, 2.0])
    results = (rate[:, None] + width)[..., None].repeat(3, axis=-1)
    shares = variance_shares(results, ["rate", "width"])
    # By hand: variances 6 and 1.
    assert shares[("rate",)] == pytest.approx(6 / 7)
    assert shares[("width",)] == pytest.approx(1 / 7)
    assert shares[("rate", "width")] == pytest.approx(0)
    assert shares[(NOISE,)] == 0


def test_what_only_two_settings_together_explain_is_an_interaction():
    results = np.array([[1.0, -1.0], [-1.0, 1.0]])[..., None].repeat(2, axis=-1)
    shares = variance_shares(results, ["rate", "width"])
    assert shares[("rate", "width")] == pytest.approx(1)


@given(st.integers(0, 1000))
def test_all_shares_together_are_one(seed):
    results = np.random.default_rng(seed).normal(size=(3, 2, 4, 3))
    shares = variance_shares(results, ["a", "b", "c"])
    assert sum(shares.values()) == pytest.approx(1)
    assert min(shares.values()) >= 0


def test_a_grid_with_holes_is_refused():
    with pytest.raises(ValueError, match="no numbers"):
        variance_shares(np.array([[1.0, np.nan]]), ["a"])
