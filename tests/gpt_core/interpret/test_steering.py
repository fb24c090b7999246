"""Steering: no push is the plain run, the whole push at the end is the other run."""

from functools import partial

import pytest
import torch

from gpt_core.interpret import patching
from gpt_core.interpret.patching import patch
from gpt_core.interpret.steering import KEPT, difference, steer
from gpt_core.model.recording import run as run_model
from tests.gpt_core.designs import DESIGNS, IDS, make_model

# Rounding in 32 bits: the two ways add in another order.
close = partial(torch.testing.assert_close, atol=1e-4, rtol=1e-4)
OTHER = [3, 1, 7, 1, 5, 9, 2, 6]  # differs at position 2


@pytest.fixture(params=DESIGNS)
def model(request):
    return make_model(request.param)


@pytest.fixture
def runs(model):
    return tuple(run_model(model, ids, *KEPT, *patching.KEPT) for ids in (IDS, OTHER))


def test_no_push_is_the_plain_run_at_every_depth(model, runs):
    for depth in range(model.config.n_layer + 1):
        logits = steer(model, *runs, depth, [0.0])
        close(logits[0], runs[0].logits[-1])


def test_the_whole_push_at_the_end_is_the_other_run(model, runs):
    logits = steer(model, *runs, model.config.n_layer, [0.0, 1.0])
    close(logits[1], runs[1].logits[-1])
    assert not torch.allclose(logits[0], logits[1], atol=1e-3)


def test_the_whole_push_is_a_patch_of_the_last_token(model, runs):
    for depth in range(model.config.n_layer):
        logits = steer(model, *runs, depth, [1.0])[0]
        close(logits, patch(model, *runs, "resid_pre", depth, [7]))


def test_half_the_push_at_the_end_by_hand():
    model = make_model("no norm")
    runs = [run_model(model, ids, *KEPT) for ids in (IDS, OTHER)]
    logits = steer(model, *runs, 3, [0.5, -2.0])
    a, b = (run.logits[-1] for run in runs)  # without a norm the logits are linear in the state
    close(logits, torch.stack([(a + b) / 2, 3 * a - 2 * b]))


def test_the_same_last_token_leaves_nothing_to_add_before_the_first_layer():
    model = make_model("layernorm with bias")
    runs = [run_model(model, ids, *KEPT) for ids in (IDS, OTHER)]
    assert difference(*runs, 0).abs().max() == 0
    assert difference(*runs, 3).norm() > 0.1
    logits = steer(model, *runs, 0, [5.0])[0]
    close(logits, runs[0].logits[-1])
