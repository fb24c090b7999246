import math

import numpy as np
import pytest

from gpt_core.experiments import range_test as ours
from gpt_core.experiments.stack import Shape
from gpt_core.jobs import JobError, find_job


def test_it_stands_a_tenth_below_where_the_smoothed_loss_leaves_its_lowest():
    seen = ours.RangeTest()
    losses = [6.0] * 10 + [3.0] * 30 + [9.0] * 10
    for i, loss in enumerate(losses):
        if seen.broke is None:
            seen.add(1e-4 * 1.2**i, loss)
    assert seen.broke == pytest.approx(1e-4 * 1.2**40)  # (27 + 9) / 10 > 1.1 × 3
    assert seen.point == pytest.approx(seen.broke / 10, rel=0.05)


def test_it_goes_on_for_a_few_steps_after_it_broke_but_stands_where_it_did(monkeypatch):
    monkeypatch.setattr(ours, "STEPS", 100)
    *_, seen = ours.range_test(Shape(n_embd=8, n_layer=1), seed=1)
    assert len(seen.rates) == seen.rates.index(seen.broke) + 1 + ours.AFTER
    assert seen.point == pytest.approx(seen.broke / 10, rel=0.05)


def test_the_running_mean_is_the_weighted_mean_of_all_so_far():
    seen, losses = ours.RangeTest(), [5.0, 4.0, 4.5]
    for loss in losses:
        seen.add(1e-3, loss)
    weights = 0.9 ** np.arange(3)[::-1]
    assert seen.smooth[-1] == pytest.approx(np.average(losses, weights=weights), abs=1e-3)


def test_a_loss_that_is_no_number_breaks_it_and_without_a_break_the_end_counts():
    seen = ours.RangeTest()
    seen.add(0.5, 3.0)
    assert seen.broke is None and seen.point == 0.05
    seen.add(1.0, None)
    assert seen.broke == 1.0 and seen.point == 0.1 and len(seen.losses) == 1


def test_the_job_tests_the_range_and_then_tries_rates_around_the_point(monkeypatch):
    monkeypatch.setattr(ours, "SHORT", 2)
    monkeypatch.setattr(ours, "STEPS", 100)
    monkeypatch.setattr("gpt_core.jobs.range_test.WIDTHS", (8,))
    *_, last = find_job("range_test")(None, {"n_embd": 8, "seed": 1})
    value = last.value
    assert last.done == last.total
    assert value["broke"] is not None and value["broke"] < ours.HIGHEST
    assert len(value["rates"]) == len(value["losses"]) == len(value["smooth"])
    assert np.allclose(np.diff(np.log(value["rates"])), math.log(1e6) / 99, atol=1e-3)
    rates = [run["rate"] for run in value["around"]]
    assert rates[2] == value["point"] and len(rates) == 5 and rates == sorted(rates)
    assert all(len(run["bits"]) == 3 for run in value["around"])
    with pytest.raises(JobError, match="n_embd is 9"):
        next(find_job("range_test")(None, {"n_embd": 9, "seed": 1}))


def test_a_low_rate_learns_what_the_stack_s_own_step_says():
    seen = next(ours.range_test(Shape(n_embd=8, n_layer=1), seed=1))
    assert seen.rates == [1e-5] and seen.losses[0] == pytest.approx(math.log2(65), abs=0.2)
