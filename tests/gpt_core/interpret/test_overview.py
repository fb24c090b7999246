import math

import pytest
import torch

from gpt_core.interpret.overview import overview
from tests.helpers import tiny_model


@pytest.fixture(params=["classic", "modern"])
def model(request):
    return tiny_model(request.param, n_layer=3)


def test_the_last_token_s_story_is_that_of_a_plain_forward(model):
    ids = [3, 1, 4, 1, 5]
    story = overview(model, ids)
    x = model.wte(torch.tensor(ids))[-1]
    assert torch.equal(story.embedding, x)
    if model.wpe is not None:
        assert torch.equal(story.position, model.wpe.weight[len(ids) - 1])
        x = x + story.position
    else:
        assert story.position is None
    torch.testing.assert_close(story.stream[0], x.norm())
    logits, loss = model(torch.tensor([ids[:-1]]), torch.tensor([ids[1:]]))
    assert story.surprise == pytest.approx(loss.item() / math.log(2), rel=1e-5)
    full, _ = model(torch.tensor([ids]))
    torch.testing.assert_close(story.probabilities, full[0, -1].softmax(-1))


def test_lengths_add_up_as_vectors_do(model):
    """|after| lies between the difference and the sum of the parts: the triangle inequality."""
    story = overview(model, [2, 7, 1, 8])
    parts = story.stream[:-1] + story.attention_added + story.mlp_added
    assert (story.stream[1:] <= parts + 1e-5).all()
    assert len(story.stream) == model.config.n_layer + 1


def test_a_single_token_has_no_surprise(model):
    assert overview(model, [5]).surprise is None
