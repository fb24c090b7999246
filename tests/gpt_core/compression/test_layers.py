"""A model that multiplies by codes gives what the same weights in float32 give."""

import pytest
import torch

from gpt_core.compression.layers import QuantizedLinear, with_codes
from gpt_core.compression.rounding import GRIDS, nearest, round_model
from gpt_core.generate.decoder import Decoder
from gpt_core.generate.sample import SampleConfig, generate
from gpt_core.model.gpt import GPT
from gpt_core.model.weights import load_weights, weights
from tests.gpt_core.designs import DESIGNS, IDS, make_model
from tests.helpers import tiny_model


def near(ours, theirs, share):
    """Whether two tensors differ by at most a share of the largest number."""
    return (ours - theirs).abs().max() <= share * theirs.abs().max()


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize(("out", "width"), [(48, 64), (13, 64), (16, 33), (5, 7)])
@pytest.mark.parametrize("tokens", [1, 2, 9])  # with a kernel, and without
def test_the_kernels_agree_with_the_product_written_out(name, out, width, tokens):
    torch.manual_seed(0)
    weight, x = torch.randn(out, width), torch.randn(3, tokens, width)
    layer = QuantizedLinear(nearest(weight, GRIDS[name]), torch.randn(out))
    wanted = torch.nn.functional.linear(x, layer.weight, layer.bias)
    assert near(layer(x), wanted, 0.01 if layer.kernel else 1e-5)
    factors = torch.linspace(-1, 2, out)
    scaled = layer.times(factors).times(torch.full((out,), 2.0))
    assert near(scaled(x), 2 * wanted * factors, 0.01 if layer.kernel else 1e-5)
    torch.testing.assert_close(scaled.weight, 2 * layer.weight * factors[:, None])


@pytest.mark.parametrize("name", GRIDS)
def test_a_kernel_only_rounds_what_goes_in_and_out(name):
    torch.manual_seed(0)
    layer = QuantizedLinear(nearest(torch.randn(48, 64), GRIDS[name]))
    x = torch.randn(5, 64).bfloat16().float()  # what has been rounded is not rounded again
    off = (layer(x) - layer.explicit(x)).abs() / layer.explicit(x).abs().max()
    assert off.max() < 2**-7


def test_without_a_kernel_the_product_is_written_out():
    layer = QuantizedLinear(nearest(torch.randn(5, 7), GRIDS["int8 per channel"]))
    assert layer.kernel is not None
    layer.kernel = None
    x = torch.randn(3, 7)
    torch.testing.assert_close(layer(x), x @ layer.weight.t())


def rounded_twin(model, codes):
    """The same model in float32 with the weights that the codes stand for."""
    twin = GPT(model.config).eval()
    whole = {n: codes[n].weight() if n in codes else t for n, t in weights(model).items()}
    load_weights(twin, whole)
    return twin


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("name", GRIDS)
@torch.no_grad()
def test_the_model_and_its_decoder(design, name):
    model = make_model(design)
    codes = round_model(model, GRIDS[name])
    small, twin = with_codes(model, codes), rounded_twin(model, codes)
    idx = torch.tensor([IDS])
    wanted = twin(idx)[0][0]
    assert near(small(idx)[0][0], wanted, 0.05)
    if not model.config.causal:
        return
    decoder = Decoder(small)
    assert near(decoder.read(IDS[:5]), wanted[:5], 0.05)
    assert near(decoder(IDS[5:6]), wanted[5], 0.05)


@torch.no_grad()
def test_a_head_can_be_left_out_of_it():
    model = make_model("layernorm with bias")
    codes = round_model(model, GRIDS["int8 per channel"])
    off = [(1, 2)]
    left = Decoder(with_codes(model, codes), off).read(IDS)
    assert near(left, Decoder(rounded_twin(model, codes), off).read(IDS), 0.05)
    assert not near(left, Decoder(with_codes(model, codes)).read(IDS), 0.05)


def test_it_writes_the_same_text_with_and_without_the_cache():
    model = tiny_model(n_embd=64, block_size=16)
    small = with_codes(model, round_model(model, GRIDS["int4 in groups"]))
    config = SampleConfig(max_new_tokens=30, seed=3)
    cached, plain = (
        [step.token for step in generate(small, [1, 2], config, use_cache=cache)]
        for cache in (True, False)
    )
    assert cached == plain


def test_the_model_itself_is_left_as_it_was():
    model = tiny_model()
    before = {n: p.clone() for n, p in model.named_parameters()}
    small = with_codes(model, round_model(model, GRIDS["int4 in groups"]))
    assert all(torch.equal(p, before[n]) for n, p in model.named_parameters())
    assert not any(p.requires_grad for p in small.parameters())
