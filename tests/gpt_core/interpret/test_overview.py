import math

import pytest
import torch

from gpt_core.interpret.overview import KEPT, overview
from gpt_core.model.recording import run
from tests.helpers import tiny_model


@pytest.fixture(params=["classic", "modern"])
def model(request):
    return tiny_model(request.param, n_layer=3)


def test_the_last_token_s_story_is_that_of_a_plain_forward(model):
    ids = [3, 1, 4, 1, 5]
    story = overview(run(model, ids, *KEPT))
    x = model.wte(torch.tensor(ids))[-1]
    assert torch.equal(story.embedding, x)
    if model.wpe is not None:
        assert torch.equal(story.position, model.wpe.weight[len(ids) - 1])
        x = x + story.position
    else:
        assert story.position is None
    assert story.lengths["blocks.0.resid_pre"] == pytest.approx(x.norm().item())
    logits, loss = model(torch.tensor([ids[:-1]]), torch.tensor([ids[1:]]))
    assert story.surprise == pytest.approx(loss.item() / math.log(2), rel=1e-5)
    full, _ = model(torch.tensor([ids]))
    torch.testing.assert_close(story.probabilities, full[0, -1].softmax(-1))


def test_lengths_add_up_as_vectors_do(model):
    """|after| lies between the difference and the sum of the parts: the triangle inequality."""
    story = overview(run(model, [2, 7, 1, 8], *KEPT))
    layers = [f"blocks.{layer}" for layer in range(model.config.n_layer)]
    stream = [*(story.lengths[f"{layer}.resid_pre"] for layer in layers), story.end]
    for layer, before, after in zip(layers, stream, stream[1:], strict=False):
        added = story.lengths[f"{layer}.attn_out"] + story.lengths[f"{layer}.mlp_out"]
        assert after <= before + added + 1e-5


def test_a_single_token_has_no_surprise(model):
    assert overview(run(model, [5], *KEPT)).surprise is None
