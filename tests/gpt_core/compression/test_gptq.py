"""GPTQ against the rule for one weight, written out with an inverse at every step."""

import pytest
import torch

from gpt_core.compression.gptq import (
    DAMPING,
    gptq,
    gptq_model,
    input_moments,
    linear_layers,
    result_error,
)
from gpt_core.compression.rounding import GRIDS, Grid, nearest, round_model
from gpt_core.model.codes import GROUP
from tests.helpers import tiny_model


def inputs(width, seed=0, count=200):
    """Inputs (count, width) that go up and down together."""
    torch.manual_seed(seed)
    return torch.randn(count, 4) @ torch.randn(4, width) + 0.3 * torch.randn(count, width)


def surgeon(weight, moments, grid):
    """Optimal brain surgeon: invert what is left of the moments before each column's turn."""
    w, width = weight.double().clone(), weight.shape[1]
    h = moments.double().clone()
    h += DAMPING * h.diagonal().mean() * torch.eye(width)
    result = torch.empty_like(w)
    for j in range(width):
        if grid.per == "group" and j % GROUP == 0:
            group = (w[:, j : j + GROUP].abs().amax(dim=1).float() / grid.largest).bfloat16()
        step = {
            "tensor": lambda: (weight.abs().max() / grid.largest).expand(len(w)),
            "channel": lambda: weight.abs().amax(dim=1) / grid.largest,
            "group": lambda: group,  # noqa: B023
        }[grid.per]().double()
        result[:, j] = (w[:, j] / step).round().clamp(-grid.largest, grid.largest) * step
        inverse = h[j:, j:].inverse()
        error = (w[:, j] - result[:, j]) / inverse[0, 0]
        w[:, j:] -= error[:, None] * inverse[0]
    return result.float()


@pytest.mark.parametrize("name", GRIDS)
def test_it_is_the_surgeon_s_rule(name):
    torch.manual_seed(1)
    weight, x = torch.randn(10, 2 * GROUP + 8), inputs(2 * GROUP + 8)
    found = gptq(weight, x.t() @ x, GRIDS[name])
    torch.testing.assert_close(found.weight(), surgeon(weight, x.t() @ x, GRIDS[name]))


def test_by_hand_two_inputs_that_are_the_same():
    """Both weights read the same number: the second makes up for the first one's rounding."""
    x = torch.ones(100, 2)
    weight = torch.tensor([[0.4, 7.0]])  # steps of 1
    assert nearest(weight, Grid(4, "channel")).codes.tolist() == [[0, 7]]
    less = torch.tensor([[0.4, 6.4, 7.0]])
    found = gptq(less, torch.ones(3, 3) * 100, Grid(4, "channel"))
    assert found.codes.tolist() == [[0, 7, 7]]  # 0.4 was lost, so 6.4 became 6.4 + 0.2
    assert gptq(weight, x.t() @ x, Grid(4, "channel")).codes.tolist() == [[0, 7]]  # no room above 7


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", GRIDS)
def test_the_layer_s_result_is_nearer_than_by_rounding_to_nearest(name, seed):
    torch.manual_seed(seed + 10)
    weight, x = torch.randn(16, 48), inputs(48, seed)
    target, grid = x @ weight.t(), GRIDS[name]
    plain = (x @ nearest(weight, grid).weight().t() - target).square().sum()
    better = (x @ gptq(weight, x.t() @ x, grid).weight().t() - target).square().sum()
    assert better < 0.8 * plain


def test_independent_inputs_leave_rounding_to_nearest():
    torch.manual_seed(2)
    weight, grid = torch.randn(6, 20), GRIDS["int8 per channel"]
    assert torch.equal(gptq(weight, 3 * torch.eye(20), grid).codes, nearest(weight, grid).codes)


def test_inputs_that_are_always_zero_are_no_trouble():
    weight, moments = torch.randn(3, 8), torch.zeros(8, 8)
    codes = gptq(weight, moments, GRIDS["int8 per channel"])
    assert torch.equal(codes.codes, nearest(weight, GRIDS["int8 per channel"]).codes)


def test_moments_are_sums_over_all_tokens():
    model = tiny_model()
    batches = [torch.randint(11, (2, 8)) for _ in range(3)]
    seen = []
    layer = model.blocks[1].mlp.down
    handle = layer.register_forward_pre_hook(lambda _, x: seen.append(x[0].flatten(0, 1)))
    (moments,) = input_moments(model, [layer], batches)
    handle.remove()
    x = torch.cat(seen)
    assert x.shape == (48, 64)
    torch.testing.assert_close(moments, (x.t() @ x).detach(), rtol=1e-4, atol=1e-4)
    assert not layer._forward_pre_hooks


@torch.no_grad()
def test_a_whole_model_stays_nearer_to_itself():
    model = tiny_model(n_embd=32, vocab_size=20, activation="swiglu", bias=False, std=0.2)
    torch.manual_seed(0)
    batches = [torch.randint(20, (8, 8)) for _ in range(4)]
    before = {n: p.clone() for n, p in model.named_parameters()}
    grid = GRIDS["int4 in groups"]
    codes = gptq_model(model, grid, batches)
    assert all(torch.equal(before[n], p) for n, p in model.named_parameters())  # left as it was
    plain = round_model(model, grid)
    assert codes.keys() == plain.keys()
    in_blocks = {f"blocks.{i}.{n}.weight" for i in (0, 1) for n in linear_layers(model.blocks[i])}
    same = {n for n in codes if torch.equal(codes[n].codes, plain[n].codes)}
    assert codes.keys() - same == in_blocks


def test_per_tensor_scales_are_those_of_the_whole():
    torch.manual_seed(0)
    weight, x = torch.randn(4, 12), inputs(12)
    found = gptq(weight, x.t() @ x, GRIDS["int8 per tensor"])
    assert found.scale.shape == () and float(found.scale) == pytest.approx(
        float(weight.abs().max()) / 127
    )


def test_the_error_of_the_results_is_that_of_the_products():
    torch.manual_seed(0)
    weight, x = torch.randn(5, 12), inputs(12)
    rounded = nearest(weight, GRIDS["int4 in groups"]).weight()
    wanted = (x @ rounded.t() - x @ weight.t()).norm() / (x @ weight.t()).norm()
    assert result_error(weight, rounded, x.t() @ x) == pytest.approx(wanted.item(), rel=1e-4)
    assert result_error(torch.zeros(2, 3), torch.zeros(2, 3), torch.eye(3)) == 0
