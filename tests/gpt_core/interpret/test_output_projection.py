import pytest
import torch

from gpt_core.interpret.attention import without_heads
from gpt_core.interpret.induction import random_tokens, repeat_test
from gpt_core.interpret.output_projection import KEPT, output_step
from gpt_core.model import recording
from gpt_core.model.observe import intervene, record
from tests.gpt_core.interpret.test_head_roles import planted
from tests.helpers import tiny_model

IDS = [3, 1, 4, 1, 5]


def make(**design):
    return tiny_model(vocab_size=9, n_head=4, **design)


@pytest.mark.parametrize(
    "design",
    [{}, {"bias": False, "position": "rope"}, {"norm_position": "post"}, {"causal": False}],
    ids=str,
)
def test_each_part_is_what_the_model_writes_when_the_other_heads_are_removed(design):
    model = make(**design)
    step = output_step(model, recording.run(model, IDS, *KEPT), 1, 3)
    assert step.error < 1e-5
    for head in range(4):
        others = [(1, h) for h in range(4) if h != head]
        with intervene(model, without_heads(others)), record(model, "blocks.1.attn_out") as seen:
            model(torch.tensor([IDS]))
        alone = seen["blocks.1.attn_out"][0, 3]
        torch.testing.assert_close(step.parts[head] + step.bias, alone, rtol=1e-4, atol=1e-5)


def test_a_wrong_weight_would_be_noticed():
    model = make()
    trace = recording.run(model, IDS, *KEPT)
    model.blocks[1].attn.proj.weight.data[2, 5] += 0.1
    assert output_step(model, trace, 1, 3).error > 1e-3


def test_a_planted_induction_head_makes_the_second_copy_easy():
    model = planted()
    generator = torch.Generator().manual_seed(0)
    once = torch.stack([torch.randperm(16, generator=generator) for _ in range(4)])
    found = repeat_test(model, once)
    assert found.n == 16
    assert found.first > 2.5 and found.second < 0.5
    assert found.share[1, 0] > 0.9 and found.share[0, 1] < 0.1
    assert found.chance[0, 0] == pytest.approx(1 / 24, rel=0.2)  # everywhere alike
    assert found.pattern.shape == (2, 2, 32, 32)


def test_halves_are_means_of_the_losses_that_the_model_reports():
    model = make()
    once = torch.tensor([[3, 1, 4], [5, 5, 2]])
    found = repeat_test(model, once)
    idx = torch.cat([once, once], dim=1)
    targets = idx[:, 1:].clone()
    targets[:, :3] = -1
    assert found.second == pytest.approx(model(idx[:, :-1], targets)[1].item(), rel=1e-4)
    targets = idx[:, 1:].clone()
    targets[:, 2:] = -1
    assert found.first == pytest.approx(model(idx[:, :-1], targets)[1].item(), rel=1e-4)


def test_random_tokens_fit_and_depend_on_the_seed_alone():
    model = make()
    once = random_tokens(model, 3)
    assert once.shape == (8, 4)
    assert torch.equal(once, random_tokens(model, 3))
    assert not torch.equal(once, random_tokens(model, 4))
    with pytest.raises(ValueError, match="two tokens"):
        repeat_test(model, once[:, :1])
