"""Turns, ratios, and bytes that a pass keeps, by hand."""

import time

import pytest
import torch

from gpt_core.experiments.stopwatch import (
    KeptForBackward,
    Times,
    bandwidth,
    one_thread,
    take_turns,
)


def test_things_take_turns_after_a_try_that_does_not_count():
    order = []
    times = take_turns([lambda: order.append("a"), lambda: order.append("b")], rounds=3)
    assert "".join(order) == "ab" + "abbaab"
    assert [len(own) for own in times.seconds] == [3, 3]


def test_a_slow_thing_is_slow_in_every_round():
    times = take_turns([lambda: time.sleep(0.02), lambda: time.sleep(0.002)], rounds=3)
    middle, low, high = times.ratio(1)
    assert 2 < low <= middle <= high


def test_ratios_by_hand():
    times = Times([[1.0, 2.0, 3.0], [1.0, 1.0, 1.0]])
    assert times.ratio(1) == [2.0, 1.0, 3.0] and times.ratio(0) == [1.0, 1.0, 1.0]
    assert times.typical(0) == 2.0


def test_threads_come_back_also_after_an_error():
    before = torch.get_num_threads()
    with pytest.raises(KeyError), one_thread():
        assert torch.get_num_threads() == 1
        raise KeyError
    assert torch.get_num_threads() == before


def test_what_is_kept_twice_counts_once_and_parameters_not_at_all():
    weight = torch.ones(10, 10, requires_grad=True)
    x = torch.ones(5, 10, requires_grad=True)
    with KeptForBackward(iter([weight])) as kept:
        y = x @ weight  # keeps x and the weight
        (y * y).sum()  # keeps y, twice
    assert kept.nbytes == 2 * 5 * 10 * 4


def test_what_was_let_go_is_not_kept_any_more():
    x = torch.ones(100, requires_grad=True)
    with KeptForBackward(iter([])) as kept:
        for _ in range(5):
            (x.exp() * 2).sum().backward()  # keeps the exponentials
    assert kept.nbytes == 400


def test_bandwidth_is_that_of_a_computer():
    with one_thread():
        assert 5e8 < bandwidth(16) < 1e12
