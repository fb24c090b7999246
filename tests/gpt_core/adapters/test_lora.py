"""LoRA against the formulas of Hu et al. 2021 and against a matrix that was merged by hand."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gpt_core.adapters.lora import LoRALinear, add_lora, linear_layers, merged
from gpt_core.adapters.ways import count_trained, prepare
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.model.weights import weights
from tests.helpers import tiny_model

IDS = torch.tensor([[1, 5, 3, 0, 7, 2, 10, 4], [0, 0, 1, 1, 2, 2, 3, 3]])
DESIGNS = [{}, {"preset": "modern"}, {"activation": "swiglu", "bias": False}]
each_design = pytest.mark.parametrize("design", DESIGNS, ids=str)


def adapted(rank=2, alpha=3.0, **design):
    """A model with adapters that have learned something, as far as numbers go."""
    model = tiny_model(**design)
    add_lora(model, rank, alpha, seed=1)
    for layer in loras(model):
        nn.init.normal_(layer.b, std=0.3)
    return model


def loras(model):
    return [module for module in model.modules() if isinstance(module, LoRALinear)]


def layer(rank=2, alpha=3.0, bias=True, **sizes):
    torch.manual_seed(0)
    linear = nn.Linear(5, 7, bias=bias, **sizes)
    found = LoRALinear(linear, rank, alpha, torch.Generator().manual_seed(1))
    nn.init.normal_(found.b)
    return found


@settings(max_examples=30)
@given(
    rank=st.integers(1, 9),
    alpha=st.floats(0.1, 64),
    shape=st.sampled_from([(5,), (2, 3, 5), (0, 5)]),
)
def test_it_is_equation_3(rank, alpha, shape):
    """h = W₀ x + (α / r) B A x, column by column and with nothing of torch's linear layers."""
    found = layer(rank, alpha)
    x = torch.randn(shape)
    with torch.no_grad():
        w, b, a, up = found.linear.weight, found.linear.bias, found.a, found.b
        rows = [w @ one + b + alpha / rank * (up @ (a @ one)) for one in x.reshape(-1, 5)]
        expected = torch.stack(rows).reshape(*shape[:-1], 7) if rows else torch.zeros(0, 7)
        torch.testing.assert_close(found(x), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("bias", [True, False])
def test_merged_by_hand(bias):
    found, x = layer(bias=bias), torch.randn(4, 5)
    with torch.no_grad():
        by_hand = found.linear.weight + 3.0 / 2 * found.b @ found.a
        expected = F.linear(x, by_hand, found.linear.bias)
        torch.testing.assert_close(found(x), expected)
        torch.testing.assert_close(found.merged()(x), expected)
    assert torch.linalg.matrix_rank(found.change()) == 2
    assert type(found.merged()) is nn.Linear


@each_design
def test_a_merged_model_gives_the_same(design):
    model = adapted(**design)
    before = tiny_model(**design)
    with torch.no_grad():
        expected = model(IDS)[0]
        assert (expected - before(IDS)[0]).abs().max() > 0.1  # or being equal would mean little
        with merged(model) as plain:
            assert not loras(plain)
            assert weights(plain).keys() == weights(before).keys()
            torch.testing.assert_close(plain(IDS)[0], expected, atol=1e-4, rtol=1e-4)
        assert torch.equal(model(IDS)[0], expected)  # and the adapters are back, to the last bit


@each_design
def test_before_the_first_step_nothing_has_changed(design):
    model, plain = tiny_model(**design), tiny_model(**design)
    add_lora(model, 4, 16.0, seed=0)
    with torch.no_grad():
        assert torch.equal(model(IDS)[0], plain(IDS)[0])
    assert all(layer.a.abs().max() > 0 for layer in loras(model))


@each_design
def test_only_adapters_get_gradients_and_they_are_the_chain_rule_s(design):
    """Of a loss L with gradient G = ∂L/∂W of the merged matrix: (α/r) G Aᵀ for B, (α/r) Bᵀ G."""
    model = adapted(**design)
    model(IDS, IDS)[1].backward()
    with_gradient = {name for name, p in model.named_parameters() if p.grad is not None}
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    assert with_gradient == trained
    assert {name.rsplit(".", 1)[1] for name in trained} == {"a", "b"}
    layers = loras(model)
    with merged(model) as plain:
        plain.requires_grad_(True)
        plain(IDS, IDS)[1].backward()
        gradients = [linear.weight.grad for _, _, linear in linear_layers(plain)]
    for one, g in zip(layers, gradients, strict=True):
        torch.testing.assert_close(one.b.grad, 1.5 * g @ one.a.T, atol=1e-5, rtol=1e-3)
        torch.testing.assert_close(one.a.grad, 1.5 * one.b.T @ g, atol=1e-5, rtol=1e-3)


def test_the_same_seed_begins_the_same():
    first, same, other = (tiny_model() for _ in range(3))
    for model, seed in ((first, 5), (same, 5), (other, 6)):
        torch.randn(seed)  # whatever else drew random numbers
        add_lora(model, 2, 1.0, seed)
    assert all(torch.equal(a.a, b.a) for a, b in zip(loras(first), loras(same), strict=True))
    assert not torch.equal(loras(first)[0].a, loras(other)[0].a)


@pytest.mark.parametrize("design", [*DESIGNS, {"norm_position": "post"}, {"tie_weights": False}])
@pytest.mark.parametrize("tune", ["all", "last", "lora"])
def test_what_is_trained_is_counted(design, tune):
    model = tiny_model(**design)
    prepare(model, tune, rank=3, alpha=1.0, seed=0)
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert count_trained(model.config, tune, 3) == trained


def test_the_count_is_the_paper_s():
    """2 · L̂ · d · r numbers for L̂ square matrices d × d (section 4.2), however one cuts them.

    A block has matrices 3d × d, d × d, 4d × d and d × 4d: 4 + 2 + 5 + 5 = 16 times r · d.
    """
    gpt2 = GPTConfig(50_257, block_size=1024, n_layer=12, n_head=12, n_embd=768)
    assert count_trained(gpt2, "lora", 8) == 12 * 16 * 8 * 768
    assert count_trained(gpt2, "all", 8) == 124_439_808
    # A block as published: 12 d² + 13 d numbers; and the last norm.
    assert count_trained(gpt2, "last", 8) == 12 * 768**2 + 13 * 768 + 2 * 768


def test_the_last_block_is_trained_alone():
    model = tiny_model()
    prepare(model, "last", rank=1, alpha=1.0, seed=0)
    model(IDS, IDS)[1].backward()
    with_gradient = {name for name, p in model.named_parameters() if p.grad is not None}
    assert {name.split(".")[0] for name in with_gradient} == {"blocks", "norm_f"}
    assert all(name.startswith(("blocks.1.", "norm_f.")) for name in with_gradient)


def test_a_model_without_adapters_is_merged_already():
    model = GPT(GPTConfig(5, block_size=4, n_layer=1, n_head=1, n_embd=4))
    with merged(model) as plain:
        assert plain is model
