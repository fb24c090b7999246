import pytest
import torch
from torch import nn

from gpt_core.model.config import GPTConfig
from gpt_core.model.norms import BatchNorm, LayerNorm, NoNorm, RMSNorm, make_norm
from gpt_core.model.observe import record

C = 24


def inputs(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 3 * torch.randn(4, 7, C, generator=generator) + 1


def randomise(module):
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    return module


def both_paths(norm, x):
    """The fused result, and the explicit one, which being watched selects."""
    fused = norm(x)
    with record(norm) as tensors:
        explicit = norm(x)
    return fused, explicit, tensors


@pytest.mark.parametrize("bias", [True, False])
def test_layernorm_equals_torch(bias):
    ours, x = randomise(LayerNorm(C, bias=bias)), inputs()
    theirs = nn.LayerNorm(C, bias=bias)
    theirs.load_state_dict(ours.state_dict())
    fused, explicit, tensors = both_paths(ours, x)
    torch.testing.assert_close(fused, theirs(x))
    torch.testing.assert_close(explicit, theirs(x))
    assert tensors["scale"].shape == (4, 7, 1)
    torch.testing.assert_close(
        tensors["scale"], (x.var(-1, keepdim=True, unbiased=False) + 1e-5).sqrt()
    )


def test_rmsnorm_equals_torch():
    ours, x = randomise(RMSNorm(C)), inputs()
    theirs = nn.RMSNorm(C, eps=1e-5)
    theirs.load_state_dict(ours.state_dict())
    fused, explicit, tensors = both_paths(ours, x)
    torch.testing.assert_close(fused, theirs(x))
    torch.testing.assert_close(explicit, theirs(x))
    torch.testing.assert_close(
        tensors["normalized"].square().mean(-1), torch.ones(4, 7), atol=1e-4, rtol=0
    )


def test_batchnorm_equals_torch_in_training_and_afterwards():
    ours, theirs = BatchNorm(C), nn.BatchNorm1d(C)
    randomise(ours)
    theirs.load_state_dict(ours.state_dict(), strict=False)
    for seed in range(5):
        x = inputs(seed)
        expected = theirs(x.flatten(0, 1)).view_as(x)
        torch.testing.assert_close(ours(x), expected)
    torch.testing.assert_close(ours.running_mean, theirs.running_mean)
    torch.testing.assert_close(ours.running_var, theirs.running_var)
    ours.eval(), theirs.eval()
    x = inputs(9)
    torch.testing.assert_close(ours(x), theirs(x.flatten(0, 1)).view_as(x))


def test_gradients_equal_torch():
    for ours, theirs in ((RMSNorm(C), nn.RMSNorm(C, eps=1e-5)), (LayerNorm(C), nn.LayerNorm(C))):
        mine, other = inputs().requires_grad_(), inputs().requires_grad_()
        with record(ours):  # the explicit path
            ours(mine).sin().sum().backward()
        theirs(other).sin().sum().backward()
        torch.testing.assert_close(mine.grad, other.grad, atol=1e-5, rtol=1e-4)


def test_no_norm_changes_nothing():
    fused, explicit, tensors = both_paths(NoNorm(), inputs())
    assert torch.equal(fused, inputs()) and torch.equal(explicit, inputs())
    assert torch.equal(tensors["scale"], torch.ones(4, 7, 1))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("layernorm", LayerNorm), ("rmsnorm", RMSNorm), ("batchnorm", BatchNorm), ("none", NoNorm)],
)
def test_the_config_names_the_norm(name, kind):
    assert type(make_norm(GPTConfig(vocab_size=5, norm=name))) is kind
