import math

import numpy as np
import pytest
import torch

from gpt_core.experiments.stack import BASE_WIDTH, Member, Shape, Stack, new_model, scales
from gpt_core.training.data import TokenData
from gpt_core.training.evaluate import whole_split_loss
from gpt_core.training.trainer import Trainer

TOKENS = np.random.default_rng(0).integers(11, size=600).astype(np.uint16)
SHAPE = Shape(n_embd=16, n_layer=1, block_size=8, batch_size=3)
MEMBERS = (
    Member(learning_rate=3e-3),
    Member(learning_rate=0.1, seed=2, warmup=0.5, weight_decay=1.0, grad_clip=0.1),
    Member(learning_rate=1e-2, seed=3, tokens=50, schedule="constant", grad_clip=0.0),
)


def trained_alone(member, shape=SHAPE, steps=6):
    model = new_model(shape, 11, member.seed)
    tokens = TokenData(TOKENS[: member.tokens], TOKENS)
    trainer = Trainer(model, tokens, member.config(shape, steps))
    return [told.loss for told in trainer], model


@pytest.mark.parametrize("position", ["pre", "post"])
def test_each_model_learns_as_it_does_alone_with_the_trainer(position):
    shape = Shape(**vars(SHAPE) | {"norm_position": position})
    stack = Stack(MEMBERS, shape, 6, TOKENS, 11)
    losses = torch.stack([*stack])  # (steps, N)
    assert losses.shape == (6, 3)
    ended = stack.losses_on(TOKENS[:100])
    for i, member in enumerate(MEMBERS):
        alone, model = trained_alone(member, shape)
        torch.testing.assert_close(losses[:, i], torch.tensor(alone), atol=1e-4, rtol=0)
        expected = whole_split_loss(model, TOKENS[:100])
        assert ended[i].item() == pytest.approx(expected, abs=1e-3)


def test_a_model_that_breaks_leaves_the_others_alone():
    members = (Member(learning_rate=1e-2), Member(learning_rate=100.0, grad_clip=0.0))
    losses = torch.stack([*Stack(members, SHAPE, 40, TOKENS, 11)])
    alone, _ = trained_alone(members[0], steps=40)
    torch.testing.assert_close(losses[:, 0], torch.tensor(alone), atol=1e-3, rtol=0)
    assert not losses[-1, 1] < math.log(11) + 1


def test_dropout_differs_from_step_to_step_and_is_off_where_it_is_judged():
    shape = Shape(**vars(SHAPE) | {"dropout": 0.5})
    stack = Stack((Member(learning_rate=0.0),) * 2, shape, 2, TOKENS, 11)
    x, y = stack.batch()
    first = stack._losses(stack.flat, x, y, training=True)
    assert first[0] != first[1]  # every model has a mask of its own
    judged = stack.losses_on(TOKENS)
    assert judged[0] == judged[1]


def test_mup_scales_are_those_of_the_paper():
    wide = Shape(n_embd=4 * BASE_WIDTH, mup=True)
    of = scales(dict(new_model(wide, 11, 1).named_parameters()), wide)
    assert of["blocks.0.mlp.up.weight"] == (0.5, 0.25)  # 1/√4 and 1/4
    assert of["lm_head.weight"] == (0.25, 0.25)
    assert of["wte.weight"] == of["blocks.0.norm1.weight"] == (1.0, 1.0)
    plain = Shape(n_embd=4 * BASE_WIDTH)
    model, scaled = new_model(plain, 11, 1), new_model(wide, 11, 1)
    torch.testing.assert_close(scaled.lm_head.weight, model.lm_head.weight / 4)
    base = Shape(n_embd=BASE_WIDTH, mup=True)
    assert set(scales(dict(new_model(base, 11, 1).named_parameters()), base).values()) == {(1, 1)}


def test_with_mup_a_step_moves_the_logits_about_as_much_at_every_width():
    """What it is for: with Adam and one rate, wide models' logits move further without it."""

    def moved(width, mup):
        shape = Shape(n_embd=width, n_layer=1, block_size=8, batch_size=8, mup=mup)
        stack = Stack([Member(warmup=0, schedule="constant")] * 1, shape, 3, TOKENS, 11)
        before = stack.losses_on(TOKENS)
        weights = stack.flat.clone()
        for _ in stack:
            pass
        ids = torch.from_numpy(TOKENS[:8].astype(np.int64))[None]

        def logits(flat):
            return torch.func.functional_call(stack.model, stack._named(flat[0]), (ids,))[0]

        assert before.shape == (1,)
        return (logits(stack.flat) - logits(weights)).square().mean().sqrt().item()

    assert moved(128, mup=False) / moved(16, mup=False) > 2.5
    assert moved(128, mup=True) / moved(16, mup=True) < 2
