import copy
import math
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from gpt_core.interpret.attention import trace_attention
from gpt_core.interpret.positions import (
    at_positions,
    pairs,
    predict_at,
    score_by_distance,
    shifted,
    stretched,
    turn,
    turn_per_position,
)
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT, rotary_angles, rotate
from gpt_core.model.observe import find_hook_points, intervene
from tests.helpers import tiny_model

IDS = [3, 1, 4, 1, 5, 9, 2, 6]
T, BLOCK = len(IDS), 24


def make(position, **more):
    return tiny_model(std=0.5, block_size=BLOCK, position=position, **more)


def without(model):
    """A model of the same weights that was built with no positions."""
    other = GPT(GPTConfig.from_dict(model.config.to_dict() | {"position": "none"})).eval()
    state = {name: x for name, x in model.state_dict().items() if not name.startswith("wpe.")}
    other.load_state_dict(state)
    return other


def forward(model, ids=IDS):
    with torch.no_grad():
        return model(torch.tensor([ids]))[0][0]


def at(model, positions):
    with intervene(model, at_positions(model, positions, T)):
        return forward(model)


@pytest.mark.parametrize("position", ["learned", "sinusoidal", "rope"])
@pytest.mark.parametrize("qk_norm", [False, True])
def test_removed_positions_equal_a_model_that_was_built_without(position, qk_norm):
    model = make(position, qk_norm=qk_norm)
    torch.testing.assert_close(at(model, None), forward(without(model)), rtol=1e-4, atol=1e-4)
    assert not torch.allclose(at(model, None), forward(model), atol=1e-2)


@pytest.mark.parametrize("where", [shifted(T, 5), stretched(T, 3), [7, 0, 7, 3, 1, 2, 23, 4]])
def test_moved_rotations_equal_a_model_whose_tables_are_of_those_positions(where):
    model = make("rope", qk_norm=True)
    moved = copy.deepcopy(model)
    cos, sin = rotary_angles(BLOCK, model.config.head_dim)
    for block in moved.blocks:
        block.attn.cos, block.attn.sin = cos[where], sin[where]
    torch.testing.assert_close(at(model, where), forward(moved), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("where", [shifted(T, 5), stretched(T, 3), [7, 0, 7, 3, 1, 2, 23, 4]])
def test_moved_vectors_equal_a_model_whose_table_is_reordered(where):
    model = make("learned")
    moved = copy.deepcopy(model)
    moved.wpe.weight.data[:T] = model.wpe.weight.data[where]
    torch.testing.assert_close(at(model, where), forward(moved), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("position", ["learned", "sinusoidal", "rope", "none"])
def test_a_shift_of_all_matters_to_vectors_that_are_added_and_not_to_rotations(position):
    moved = predict_at(make(position), IDS, shifted(T, 7))
    if position in ("rope", "none"):
        assert moved.logits < 1e-3
        assert moved.effect.loss_after == pytest.approx(moved.effect.loss_before, abs=1e-4)
    else:
        assert moved.logits > 0.1
        assert abs(moved.effect.loss_after - moved.effect.loss_before) > 1e-3


def test_a_stretch_changes_distances_and_so_rotations_too():
    assert predict_at(make("rope"), IDS, stretched(T, 2)).logits > 0.1
    assert predict_at(make("none"), IDS, stretched(T, 2)).logits == 0


def test_the_loss_and_the_probabilities_are_those_of_the_logits():
    model = make("learned")
    moved = predict_at(model, IDS, None).effect
    for logits, loss, last in (
        (forward(model), moved.loss_before, moved.before),
        (forward(without(model)), moved.loss_after, moved.after),
    ):
        nats = [-logits[i].log_softmax(-1)[IDS[i + 1]].item() for i in range(T - 1)]
        assert loss == pytest.approx(sum(nats) / len(nats), abs=1e-4)
        torch.testing.assert_close(last, logits[-1].softmax(-1), rtol=1e-4, atol=1e-5)
    assert predict_at(model, IDS[:1], None).effect.loss_before is None


def test_a_table_that_has_no_such_row_is_one_sentence():
    for position in ("learned", "sinusoidal"):
        with pytest.raises(ValueError, match="positions 0 to 23"):
            predict_at(make(position), IDS, shifted(T, BLOCK - T + 1))
    with pytest.raises(ValueError, match="8 tokens and 3 positions"):
        predict_at(make("rope"), IDS, [1, 2, 3])
    assert predict_at(make("rope"), IDS, shifted(T, 1000)).logits < 0.01  # angles have no end


def test_nothing_stays_changed_and_other_threads_see_nothing():
    model = make("rope")
    plain = forward(model)
    with ThreadPoolExecutor() as threads, intervene(model, at_positions(model, None, T)):
        assert torch.equal(threads.submit(forward, model).result(), plain)
    assert torch.equal(forward(model), plain)
    assert not any(point._forward_hooks for point in find_hook_points(model).values())


def test_turning_back_gives_what_a_model_without_positions_computes():
    """In the first block, whose input does not depend on attention."""
    model = make("rope")
    turned, plain = trace_attention(model, IDS), trace_attention(without(model), IDS)
    for position in range(T):
        for name in ("q", "k"):
            torch.testing.assert_close(
                turn(getattr(turned, name)[0, :, position], -position),
                getattr(plain, name)[0, :, position],
                rtol=1e-4, atol=1e-5,
            )  # fmt: skip


def test_scores_by_distance_hold_for_every_pair_that_far_apart():
    torch.manual_seed(1)
    q, k = torch.randn(8), torch.randn(8)
    scores = score_by_distance(q, k, [0, 3, 17])
    cos, sin = rotary_angles(60, 8)
    for score, distance in zip(scores, (0, 3, 17), strict=True):
        for place in (0, 5, 40):
            one = rotate(q, cos[place + distance], sin[place + distance])
            other = rotate(k, cos[place], sin[place])
            assert (one @ other / math.sqrt(8)).item() == pytest.approx(score.item(), abs=1e-4)


def test_each_pair_turns_by_its_own_angle():
    x = torch.tensor([1.0, 2.0, 0.0, 0.0])
    angles = torch.deg2rad(turn_per_position(4)).float()
    expected = torch.stack((x[:2] * angles.cos(), x[:2] * angles.sin()), dim=1)
    torch.testing.assert_close(pairs(turn(x, 1)), expected)
    assert turn_per_position(4).tolist() == pytest.approx([57.29578, 0.5729578])
