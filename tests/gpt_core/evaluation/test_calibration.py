import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt_core.evaluation.calibration import (
    COLDEST,
    HOTTEST,
    best_temperature,
    expected_calibration_error,
    reliability,
)


def test_bins_and_their_error_by_hand():
    confidence = np.array([0.05, 0.1, 0.55, 0.6, 0.95, 1.0])
    right = np.array([False, False, True, False, True, True])
    bins = reliability(confidence, right)
    assert [(each.low, each.high, each.count) for each in bins] == [
        (0.0, 0.1, 2),
        (0.5, 0.6, 2),
        (0.9, 1.0, 2),
    ]
    assert [each.confidence for each in bins] == pytest.approx([0.075, 0.575, 0.975])
    assert [each.right.value for each in bins] == [0, 0.5, 1]
    assert expected_calibration_error(bins) == pytest.approx((0.075 + 0.075 + 0.025) / 3)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1), st.integers(1, 20))
def test_every_prediction_is_in_one_bin_and_the_error_is_a_share(predictions, bins):
    confidence, right = (np.array(column) for column in zip(*predictions, strict=True))
    found = reliability(confidence, right, bins)
    assert sum(each.count for each in found) == len(predictions)
    assert 0 <= expected_calibration_error(found) <= 1
    assert all(each.low - 1e-9 <= each.confidence <= each.high + 1e-9 for each in found)


def test_who_draws_from_its_own_probabilities_is_calibrated():
    torch.manual_seed(0)
    logits = 2 * torch.randn(20_000, 5)
    confidence, best = logits.softmax(-1).max(-1)
    came = torch.multinomial(logits.softmax(-1), 1)[:, 0]
    own = reliability(confidence.numpy(), (came == best).numpy())
    assert expected_calibration_error(own) < 0.015
    assert best_temperature(logits, came) == pytest.approx(1, abs=0.03)
    # Three times as sure of itself: wrong, and three is what mends it.
    sure = reliability((3 * logits).softmax(-1).amax(-1).numpy(), (came == best).numpy())
    assert expected_calibration_error(sure) > 0.15
    assert best_temperature(3 * logits, came) == pytest.approx(3, rel=0.03)


@given(st.integers(0, 10**6), st.floats(0.3, 3))
@settings(max_examples=20, deadline=None)
def test_no_other_temperature_has_a_smaller_loss(seed, scale):
    torch.manual_seed(seed)
    logits, targets = scale * torch.randn(40, 6), torch.randint(6, (40,))

    def loss(temperature):
        return F.cross_entropy(logits.double() / temperature, targets).item()

    found = best_temperature(logits, targets)
    others = np.geomspace(COLDEST, HOTTEST, 300)
    assert loss(found) <= min(map(loss, others)) + 1e-6


def test_who_is_always_right_gets_colder_up_to_the_limit_and_who_is_always_wrong_hotter():
    logits = torch.eye(4) * 3
    assert COLDEST <= best_temperature(logits, torch.arange(4)) < 0.07
    assert best_temperature(logits, (torch.arange(4) + 1) % 4) == pytest.approx(HOTTEST, rel=0.01)
    assert math.isfinite(best_temperature(torch.zeros(3, 4), torch.zeros(3, dtype=torch.long)))
