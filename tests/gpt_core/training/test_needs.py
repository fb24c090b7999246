"""What a model needs: by hand, and against what one really takes."""

import pytest
import torch

from gpt_core.experiments.stopwatch import KeptForBackward
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.training.needs import (
    H100,
    Machine,
    grown,
    kept_for_a_token,
    needs_of,
    training_of,
)

SHAPE = {"vocab_size": 200, "block_size": 64, "n_layer": 3, "n_head": 4, "n_embd": 64}


def test_by_hand():
    config = GPTConfig(10, block_size=8, n_layer=1, n_head=2, n_embd=4, bias=False)
    needs = needs_of(config, (2, 8))
    matrices = 10 * 4 + 8 * 4 + 4 * 12 + 4 * 4 + 4 * 16 + 16 * 4
    assert needs.parameters == matrices + 3 * 4  # three norms
    assert needs.weights == needs.gradients == needs.optimizer / 2 == 4 * needs.parameters
    assert needs.cache == 2 * 1 * 4 * 4 * 8  # keys and values, a layer, a width, bytes, tokens
    block = 2 * 4 + 2 * 4 + 3 * 4 + 4 + 2 * 16
    assert needs.activations == 4 * 2 * 8 * (block + 2 * 4 + 10)


@pytest.mark.parametrize(
    "design",
    [
        {},
        {"activation": "relu", "bias": False},
        {"position": "rope"},
        {"activation": "relu2", "position": "rope", "tie_weights": False},
        {"norm": "none", "activation": "gelu_tanh"},
        {"norm_position": "post"},
    ],
    ids=str,
)
def test_activations_are_those_that_a_pass_keeps(design):
    config = GPTConfig(**SHAPE, **design)
    model = GPT(config).eval()
    x = torch.randint(200, (4, 64))
    with KeptForBackward(model.parameters()) as kept:
        model(x, x)
    wanted = 4 * x.numel() * kept_for_a_token(config)
    assert kept.nbytes == pytest.approx(wanted, rel=0.03)


def test_counts_are_those_of_the_model():
    for design in ({}, {"tie_weights": False, "norm_position": "post", "n_layer": 1}):
        model, needs = GPT(config := GPTConfig(**SHAPE | design)), needs_of(config, (1, 64))
        assert needs.parameters == model.num_parameters()
        assert needs.flops == model.flops_per_token()


def test_a_cache_is_as_large_as_the_decoder_s():
    from gpt_core.generate.decoder import Decoder

    config = GPTConfig(**SHAPE)
    rows = Decoder(GPT(config).eval()).rows  # keys, values, and the queries beside them
    assert needs_of(config, (1, 64)).cache == rows.nbytes * 2 // 3


@pytest.mark.parametrize("times", [1, 8, 1000])
def test_blocks_grow_by_as_many_times(times):
    def in_blocks(config):
        model = needs_of(config, (1, 1))
        return model.parameters - config.vocab_size * config.n_embd - 64 * config.n_embd

    config = GPTConfig(**SHAPE)
    large = grown(config, times)
    assert large.head_dim == config.head_dim
    assert in_blocks(large) / in_blocks(config) == pytest.approx(times, rel=0.02)


def test_training_by_hand():
    needs = needs_of(GPTConfig(**SHAPE), (1, 64))
    found = training_of(needs, Machine("mine", 1e9, 100, ""))
    assert found.tokens == 20 * needs.parameters
    assert found.flops == found.tokens * needs.flops
    assert found.seconds == found.flops / 1e9
    assert found.kwh == pytest.approx(found.seconds / 3600 * 0.1)
    assert training_of(needs, H100).seconds < found.seconds / 1e5
