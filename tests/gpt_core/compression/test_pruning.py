"""What is pruned: exactly the lowest, against torch's own pruning, and nothing else changes."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.utils import prune

from gpt_core.compression.pruning import (
    apply_masks,
    cut_heads,
    cut_neurons,
    head_masks,
    kept,
    neuron_masks,
    neuron_scores,
    pruned_share,
    weight_masks,
)
from gpt_core.generate.decoder import Decoder
from gpt_core.model.observe import intervene, record, zero_heads
from tests.helpers import tiny_model

IDX = torch.tensor([[3, 1, 4, 1, 5, 9, 2, 6]])


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40), st.floats(0, 1))
def test_exactly_the_lowest_go(scores, share):
    keep = kept(torch.tensor(scores), share)
    dropped = [s for s, k in zip(scores, keep.tolist(), strict=True) if not k]
    assert len(dropped) == round(share * len(scores))
    assert sorted(dropped) == sorted(scores)[: len(dropped)]


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_that_is_none(share):
    with pytest.raises(ValueError, match="between 0 and 1"):
        kept(torch.ones(3), share)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.95])
def test_weights_go_as_torch_prunes_them(share):
    model = tiny_model()
    masks = weight_masks(model, share)
    for block in model.blocks:
        for layer in (block.attn.qkv, block.attn.proj, block.mlp.up, block.mlp.down):
            prune.l1_unstructured(layer, "weight", amount=share)
    theirs = {n.removesuffix("_mask"): b for n, b in model.named_buffers() if n.endswith("_mask")}
    assert masks.keys() == theirs.keys() and len(masks) == 8
    assert all(torch.equal(masks[name], theirs[name]) for name in masks)


def test_masks_are_applied_in_place_and_counted():
    model = tiny_model(n_layer=1, bias=False)
    masks = weight_masks(model, 0.5)
    apply_masks(model, masks)
    zeros = sum(int((p == 0).sum()) for p in model.parameters())
    assert zeros == sum(p.numel() for n, p in model.named_parameters() if n in masks) / 2
    assert pruned_share(model, masks) == zeros / model.num_parameters()


@pytest.mark.parametrize("design", [{}, {"activation": "swiglu", "bias": False}])
@torch.no_grad()
def test_neurons_go_as_if_their_activations_were_zero(design):
    model = tiny_model(**design)
    scores = torch.rand(2, model.blocks[0].mlp.up.out_features)
    masks = neuron_masks(model, scores, 0.4)
    keep = torch.stack([kept(row, 0.4) for row in scores])
    changes = {
        f"blocks.{i}.mlp_post": lambda h, i=i: h * keep[i] for i in range(2)
    }  # fmt: skip
    with intervene(model, changes):
        wanted = model(IDX)[0]
    small = cut_neurons(model, masks)
    apply_masks(model, masks)
    torch.testing.assert_close(model(IDX)[0], wanted)
    torch.testing.assert_close(small(IDX)[0], wanted)
    torch.testing.assert_close(Decoder(small).read(IDX[0].tolist()), wanted[0])
    left = int(keep[0].sum())
    assert small.blocks[0].mlp.up.out_features == small.blocks[0].mlp.down.in_features == left
    assert small.blocks[0].mlp.up.weight.shape[0] == left
    assert small.num_parameters() == model.num_parameters() - sum(
        int((m == 0).sum()) for m in masks.values()
    )


@pytest.mark.parametrize("design", [{}, {"preset": "modern"}, {"position": "rope", "bias": False}])
@torch.no_grad()
def test_a_model_whose_heads_are_cut_out_gives_the_same(design):
    model = tiny_model(**{"n_head": 4} | design)
    scores = torch.tensor([[0.1, 0.2, 0.3, 0.4], [0.7, 0.15, 0.9, 0.8]])  # a whole layer and a head
    masks = head_masks(model, scores, 5 / 8)
    small = cut_heads(model, masks)
    apply_masks(model, masks)
    wanted = model(IDX)[0]
    assert [block.attn.heads for block in small.blocks] == [0, 3]
    torch.testing.assert_close(small(IDX)[0], wanted)
    small.use_fused = False
    torch.testing.assert_close(small(IDX)[0], wanted)
    decoder, ids = Decoder(small), IDX[0].tolist()
    torch.testing.assert_close(decoder.read(ids[:5]), wanted[0, :5])
    for place, token in enumerate(ids[5:], 5):
        torch.testing.assert_close(decoder([token]), wanted[0, place])
    with pytest.raises(ValueError, match="Heads were cut out"):
        decoder.remembered(0)
    assert small.num_parameters() == model.num_parameters() - sum(
        int((m == 0).sum()) for m in masks.values()
    )


@torch.no_grad()
def test_heads_go_as_if_their_z_were_zero():
    model = tiny_model(n_head=4)
    scores = torch.tensor([[0.4, 0.1, 0.9, 0.8], [0.7, 0.2, 0.3, 0.6]])
    with intervene(model, {"blocks.0.z": zero_heads(1), "blocks.1.z": zero_heads(1, 2)}):
        wanted = model(IDX)[0]
    masks = head_masks(model, scores, 3 / 8)
    apply_masks(model, masks)
    torch.testing.assert_close(model(IDX)[0], wanted)
    assert pruned_share(model, masks) * model.num_parameters() == 3 * (4 * 4 * 16 + 3 * 4)


@torch.no_grad()
def test_a_neuron_s_score_is_the_length_of_what_it_adds():
    model = tiny_model()
    scores = neuron_scores(model, IDX)
    with record(model, "blocks.1.mlp_post") as tensors:
        model(IDX)
    added = tensors["blocks.1.mlp_post"][0, :, 5, None] * model.blocks[1].mlp.down.weight[:, 5]
    wanted = added.square().sum(1).mean().sqrt()  # root mean square length over the tokens
    torch.testing.assert_close(scores[1, 5], wanted)
    assert scores.shape == (2, 64)


def test_nothing_and_everything():
    model = tiny_model()
    before = model(IDX)[0]
    apply_masks(model, weight_masks(model, 0.0))
    assert torch.equal(model(IDX)[0], before)
    apply_masks(model, weight_masks(model, 1.0))
    assert all((p == 0).all() for n, p in model.named_parameters()
               if n.startswith("blocks.") and p.dim() == 2)  # fmt: skip
