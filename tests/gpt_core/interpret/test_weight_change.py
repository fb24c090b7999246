import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt_core.interpret.weight_change import rank_of, weight_changes
from gpt_core.model.weights import weights
from tests.helpers import tiny_model


def moved(model, **changes):
    """Weights before, and after adding a matrix to some of them."""
    before = {name: tensor.clone() for name, tensor in weights(model).items()}
    after = {name: t + changes.get(name.replace(".", "_"), 0) for name, t in before.items()}
    return before, after


@pytest.mark.parametrize("design", [{}, {"preset": "modern"}, {"activation": "swiglu"}], ids=str)
def test_every_matrix_is_there_once(design):
    model = tiny_model(**design)
    found = weight_changes(*moved(model))
    assert all(c.relative == 0 and c.rank == 0 for c in found)
    sizes = [t.numel() for t in weights(model).values() if t.dim() == 2]
    per_layer = 7 if design.get("activation") == "swiglu" else 6
    outside = 2  # tokens, and positions or an output layer of its own
    assert len(found) == per_layer * model.config.n_layer + outside
    assert len(sizes) == (per_layer - 2) * model.config.n_layer + outside


def test_size_and_values_are_numpy_s():
    torch.manual_seed(3)
    change = torch.randn(48, 16)
    before, after = moved(tiny_model(), blocks_1_attn_qkv_weight=change)
    found = {(c.part, c.layer): c for c in weight_changes(before, after)}
    for i, part in enumerate(("queries", "keys", "values")):
        one, mine = change[16 * i : 16 * (i + 1)], found[part, 1]
        old = before["blocks.1.attn.qkv.weight"][16 * i : 16 * (i + 1)]
        assert mine.relative == pytest.approx(one.norm().item() / old.norm().item(), rel=1e-5)
        torch.testing.assert_close(mine.values, torch.linalg.svdvals(one), rtol=1e-4, atol=1e-4)
        assert mine.directions == 16
    assert all(c.relative == 0 for place, c in found.items() if place[1] != 1 or "MLP" in place[0])


@settings(max_examples=25)
@given(rank=st.integers(1, 5), tall=st.booleans(), seed=st.integers(0, 99))
def test_a_thin_change_has_few_directions(rank, tall, seed):
    torch.manual_seed(seed)
    change = torch.randn(64, rank) @ torch.randn(rank, 16)
    name = "blocks_0_mlp_up_weight" if tall else "blocks_0_mlp_down_weight"
    before, after = moved(tiny_model(), **{name: change if tall else change.T})
    (mine,) = [c for c in weight_changes(before, after) if c.relative > 0]
    assert 1 <= mine.rank <= rank
    assert (mine.values[rank:] < 1e-3 * mine.values[0]).all()


def test_the_rank_that_holds_nine_tenths():
    assert rank_of(torch.tensor([3.0, 1.0, 0.0])) == 1  # 9 of 10
    assert rank_of(torch.tensor([2.9, 1.0, 0.0])) == 2
    assert rank_of(torch.ones(10)) == 9
    assert rank_of(torch.zeros(3)) == 0
