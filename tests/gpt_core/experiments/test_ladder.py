"""The ladder's rungs are what they say: the first sees one token, all see no later one."""

import numpy as np
import pytest
import torch

from gpt_core.experiments.ladder import CONTEXT, RUNGS, Ladder, Mean, climb, losses, write

V = 11


@pytest.mark.parametrize("rung", RUNGS, ids=lambda rung: rung.name)
def test_no_rung_sees_later_tokens_and_all_but_the_first_see_earlier_ones(rung):
    model = Ladder(rung, V, seed=1)
    idx = torch.randint(V, (1, 12), generator=torch.Generator().manual_seed(0))
    changed = idx.clone()
    changed[0, 5] = (idx[0, 5] + 1) % V
    before, after = model(idx)[0], model(changed)[0]
    torch.testing.assert_close(before[:5], after[:5])
    assert not torch.allclose(before[5], after[5])
    assert torch.allclose(before[6:], after[6:]) == (rung.name == "bigram")


def test_the_mean_is_the_mean_of_all_up_to_here():
    mean, x = Mean(), torch.randn(2, 7, 64)
    torch.testing.assert_close(mean(x)[:, 4], mean.value(x[:, :5]).mean(dim=1))


def test_one_head_is_torchs_own_attention():
    torch.manual_seed(0)
    part = Ladder(RUNGS[2], V, seed=0).parts[0]
    theirs = torch.nn.MultiheadAttention(64, 1, bias=False, batch_first=True)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(part.qkv.weight)
        theirs.out_proj.weight.copy_(part.out.weight)
    x = torch.randn(2, 9, 64)
    mask = torch.ones(9, 9, dtype=torch.bool).triu(1)
    torch.testing.assert_close(part(x), theirs(x, x, x, attn_mask=mask)[0])


def test_a_bigram_learns_the_pairs_of_a_text_and_no_more():
    tokens = np.tile(np.array([0, 1, 0, 2], dtype=np.uint16), 2000)
    model = Ladder(RUNGS[0], V, seed=0)
    used = list(climb(model, tokens, 1.5, seed=0))
    assert used == sorted(used) and used[-1] >= 1.5
    # After 0 comes 1 or 2, equally often; after these comes 0: half a bit a token.
    found = losses(model, tokens, 20)
    assert found.shape == (20,)
    assert found.mean().item() == pytest.approx(np.log(2) / 2, abs=0.01)
    assert set(write(model, [1], 30, seed=0)[::2]) == {0}
    assert len(write(model, [1], CONTEXT + 5, seed=0)) == CONTEXT + 5
