"""The numbers of the picture are the modules' own."""

import pytest
import torch
from torch import nn

from gpt_core.experiments.norm_axes import EPSILON, averaged_with, stream_block
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.model.norms import BatchNorm, LayerNorm, NoNorm, RMSNorm
from gpt_core.model.observe import record

B, T, C = 2, 4, 6
BLOCK = 3 * torch.randn(B, T, C, generator=torch.Generator().manual_seed(0)) + 1
CELLS = [(0, 0, 0), (1, 2, 5), (1, 3, 0)]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    ("norm", "ours", "theirs"),
    [
        ("layernorm", LayerNorm(C), lambda x: nn.LayerNorm(C)(x)),
        ("rmsnorm", RMSNorm(C), lambda x: nn.RMSNorm(C, eps=1e-5)(x)),
        ("batchnorm", BatchNorm(C), lambda x: nn.BatchNorm1d(C)(x.flatten(0, 1)).view_as(x)),
        ("none", NoNorm(), lambda x: x),
    ],
)
def test_the_result_is_that_of_the_module_and_of_torch(norm, ours, theirs, cell):
    seen = averaged_with(norm, BLOCK, cell)
    assert seen.normalized == pytest.approx(ours(BLOCK)[cell].item(), abs=1e-5)
    assert seen.normalized == pytest.approx(theirs(BLOCK)[cell].item(), abs=1e-5)
    with record(ours, "scale") as kept:
        ours(BLOCK)
    scale = kept["scale"].expand(B, T, C)[cell].item()
    assert (seen.variance + EPSILON) ** 0.5 == pytest.approx(scale, abs=1e-4)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("norm", ["layernorm", "rmsnorm", "batchnorm", "none"])
def test_what_is_marked_is_what_the_result_depends_on(norm, cell):
    """The gradient of a module's output says which inputs it was made from."""
    module = {"layernorm": LayerNorm(C), "rmsnorm": RMSNorm(C), "batchnorm": BatchNorm(C)}
    x = BLOCK.clone().requires_grad_()
    module.get(norm, NoNorm())(x)[cell].backward()
    assert torch.equal(averaged_with(norm, BLOCK, cell).together, x.grad != 0)


def test_nothing_is_left_of_a_single_token_under_batchnorm():
    seen = averaged_with("batchnorm", BLOCK[:1, :1], (0, 0, 3))
    assert (int(seen.together.sum()), seen.normalized) == (1, 0.0)


@pytest.mark.parametrize("position", ["learned", "rope"])
def test_the_block_is_the_models_stream(position):
    torch.manual_seed(0)
    model = GPT(GPTConfig(vocab_size=9, block_size=16, n_layer=3, n_embd=32, position=position))
    ids = [3, 1, 4, 1, 5, 8, 2, 6, 5, 3]
    block, rows = stream_block(model, ids)
    assert rows == [[3, 1, 4, 1], [5, 8, 2, 6]] and block.shape == (B, T, C)
    with record(model, "blocks.1.resid_pre") as kept:
        model(torch.tensor([[5, 8, 2, 6]]))
    torch.testing.assert_close(block[1], kept["blocks.1.resid_pre"][0, :, :C])


@pytest.mark.parametrize(("ids", "shape"), [([1], (1, 1, 6)), ([1, 2], (2, 1, 6))])
def test_a_short_prompt_makes_a_small_block(ids, shape):
    model = GPT(GPTConfig(vocab_size=9, block_size=16, n_layer=1, n_head=1, n_embd=8))
    assert stream_block(model, ids)[0].shape == shape
