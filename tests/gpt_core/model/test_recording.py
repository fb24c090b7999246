"""Going on from a recording: the numbers of a fresh pass, of every design and every tensor."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gpt_core.model.recording import run
from tests.gpt_core.designs import DESIGNS, make_model

MODELS = {name: make_model(name).double() for name in DESIGNS}  # so that rounding is no matter
LONGEST = 8
TEXTS = st.lists(st.integers(0, 10), min_size=1, max_size=LONGEST)
CAUSAL, SEEING_AHEAD = MODELS["layernorm with bias"], MODELS["not causal"]


@given(st.sampled_from(sorted(DESIGNS)), TEXTS, TEXTS, st.integers(0, LONGEST))
def test_going_on_from_an_earlier_text_equals_a_fresh_pass(name, before, after, common):
    model = MODELS[name]
    after = [*before[:common], *after][:LONGEST]
    fresh = run(model, after, "*")
    found = run(model, after, "*", known=run(model, before, "*"))
    assert found.ids == tuple(after) and found.tensors.keys() == fresh.tensors.keys()
    torch.testing.assert_close(found.logits, fresh.logits)
    torch.testing.assert_close(found.tensors, fresh.tensors)


def test_only_what_follows_the_common_beginning_runs():
    known = run(CAUSAL, [1, 2, 3, 4, 5], "*")
    read = []
    watching = CAUSAL.blocks[0].register_forward_pre_hook(
        lambda _, arguments: read.append(arguments[0].shape[1])
    )
    try:
        for ids in ([1, 2, 3, 6, 5, 4], [1, 2], [2]):
            run(CAUSAL, ids, "*", known=known)
        assert run(CAUSAL, known.ids, "*", known=known) is known
    finally:
        watching.remove()
    assert read == [3, 1, 1]


def test_where_tokens_look_ahead_everything_runs():
    known, fresh = (run(SEEING_AHEAD, ids, "*") for ids in ([1, 2, 3], [1, 2, 4]))
    found = run(SEEING_AHEAD, [1, 2, 4], "*", known=known)
    assert torch.equal(found["blocks.1.resid_post"], fresh["blocks.1.resid_post"])
    first = [seen["blocks.1.resid_post"][0] for seen in (found, known)]
    assert not torch.allclose(*first)


@pytest.mark.parametrize("ids", [[], [1] * (LONGEST + 1)])
def test_a_text_of_no_or_too_many_tokens_is_refused_as_ever(ids):
    known = run(CAUSAL, [1] * LONGEST, "*")
    with pytest.raises(ValueError, match="reads 1 to 8 tokens"):
        run(CAUSAL, ids, "*", known=known)
