import copy

import numpy as np
import pytest
import torch

from gpt_core.interpret.head_importance import affordable, losses_without, put_in, values
from gpt_core.model.observe import intervene, record
from tests.helpers import tiny_model

GONE = (1, 2)


@pytest.fixture(params=["classic", "modern", "post", "not causal"])
def model(request):
    design = {
        "post": {"norm_position": "post", "position": "sinusoidal", "activation": "swiglu"},
        "not causal": {"causal": False, "norm": "batchnorm"},
    }.get(request.param, {})
    preset = request.param if request.param in ("classic", "modern") else "classic"
    sizes = {"block_size": 12, "n_layer": 3, "n_head": 4, "n_embd": 32}
    return tiny_model(preset, **sizes, **design).requires_grad_(False)


@pytest.fixture
def pieces():
    draw = np.random.default_rng(0)
    return [draw.integers(11, size=n).tolist() for n in (12, 5, 12, 9, 2, 7)]


def nats(model, piece):
    ids = torch.tensor([piece])
    logits, _ = model(ids[:, :-1])
    return -logits[0].log_softmax(-1)[torch.arange(len(piece) - 1), ids[0, 1:]].sum().item()


def without_weights(model, *heads):
    """A copy of the model whose output projection has zeros for some heads."""
    edited, D = copy.deepcopy(model), model.config.head_dim
    for layer, head in heads:
        edited.blocks[layer].attn.proj.weight[:, head * D : (head + 1) * D] = 0.0
    return edited


def test_a_removed_head_equals_a_model_whose_weights_for_it_are_zero(model, pieces):
    found = list(losses_without(model, pieces))
    assert [one.head for one in found] == [None, *((i, j) for i in range(3) for j in range(4))]
    for one in found:
        edited = without_weights(model, *([one.head] if one.head else []))
        expected = [nats(edited, piece) for piece in pieces]
        assert one.zero == pytest.approx(expected, rel=1e-4)
        assert one.mean is None


def test_a_head_that_stays_removed_is_removed_beside_every_other(model, pieces):
    found = list(losses_without(model, pieces, gone=[GONE]))
    assert len(found) == 12 and GONE not in [one.head for one in found]
    for one in found[::5]:
        edited = without_weights(model, GONE, *([one.head] if one.head else []))
        assert one.zero == pytest.approx([nats(edited, piece) for piece in pieces], rel=1e-4)


def test_the_average_is_taken_over_all_real_positions(model, pieces):
    layer, head = 1, 3
    seen = []
    for piece in pieces:
        with record(model, f"blocks.{layer}.z") as tensors:
            model(torch.tensor([piece[:-1]]))
        seen.append(tensors[f"blocks.{layer}.z"][0, head])
    average = torch.cat(seen).mean(dim=0)
    found = {one.head: one.mean for one in losses_without(model, pieces, mean=True)}
    with intervene(model, {f"blocks.{layer}.z": put_in(head, average)}):
        expected = [nats(model, piece) for piece in pieces]
    assert found[layer, head] == pytest.approx(expected, rel=1e-4)


def test_a_value_is_the_rise_of_the_mean_loss_and_its_interval_holds_it(model, pieces):
    losses = list(losses_without(model, pieces, mean=True))
    tokens = [len(piece) - 1 for piece in pieces]
    for value, one in zip(values(losses, tokens), losses[1:], strict=True):
        rise = (one.zero.sum() - losses[0].zero.sum()) / sum(tokens)
        assert value.head == one.head
        assert value.zero.value == pytest.approx(rise)
        assert value.zero.low <= value.zero.value <= value.zero.high
        assert value.mean.low <= value.mean.value <= value.mean.high


def test_a_head_without_weights_is_worth_nothing(model, pieces):
    edited = without_weights(model, GONE)
    found = values(list(losses_without(edited, pieces)), [len(piece) - 1 for piece in pieces])
    value = next(value.zero for value in found if value.head == GONE)
    assert (value.value, value.low, value.high) == pytest.approx((0, 0, 0), abs=1e-6)


def test_twice_the_passes_leave_half_the_tokens(model):
    assert affordable(model, 10, 1e9) == pytest.approx(2 * affordable(model, 20, 1e9), abs=1)
