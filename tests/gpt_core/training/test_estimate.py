from dataclasses import replace

import pytest
import torch

from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.training.config import TrainConfig
from gpt_core.training.estimate import activation_bytes, estimate, measure_speed, speed_reached


def bytes_kept(config, rows):
    """What PyTorch really keeps for the backward pass: every storage once, without weights."""
    model = GPT(config)
    model.use_fused = False  # as training on a CPU in bfloat16 does
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    idx = torch.zeros(rows, config.block_size, dtype=torch.long)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model(idx, idx)
    return sum(kept.values())


@pytest.mark.parametrize("preset", ["classic", "modern", "notebook"])
@pytest.mark.parametrize("sizes", [(2, 64, 32, 60), (1, 32, 128, 1000), (3, 96, 64, 300)])
def test_memory_is_what_pytorch_keeps_within_a_factor_of_two(preset, sizes):
    n_layer, n_embd, block_size, vocab_size = sizes
    config = GPTConfig.from_preset(
        preset,
        vocab_size=vocab_size,
        n_layer=n_layer,
        n_embd=n_embd,
        n_head=4,
        block_size=block_size,
    )
    expected = bytes_kept(config, 4)
    assert expected / 2 < activation_bytes(config, TrainConfig(batch_size=4)) < 2 * expected


def test_an_estimate_grows_with_what_is_asked():
    model, train = GPTConfig(65), TrainConfig()
    small = estimate(model, train, 1e10)
    assert small.parameters == GPT(model).num_parameters()
    assert estimate(model, replace(train, steps=4000), 1e10).seconds == 2 * small.seconds
    assert estimate(replace(model, n_layer=8), train, 1e10).seconds > 1.5 * small.seconds
    assert estimate(model, replace(train, batch_size=48), 1e10).memory_bytes > small.memory_bytes
    halves = estimate(model, replace(train, grad_accum=4), 1e10)
    assert halves.memory_bytes < small.memory_bytes
    assert estimate(model, train, 2e10).seconds < small.seconds


def test_a_run_that_was_timed_makes_the_next_estimate_right():
    model, train = GPTConfig(65), TrainConfig(eval_batches=0, steps=100)
    seconds = estimate(model, train, 3e10).seconds
    assert speed_reached(model, train, seconds / 100) == pytest.approx(3e10)
    assert 0 < speed_reached(model, train, 1e-6) < 1e18  # faster than the overhead alone


def test_speed_is_a_plausible_number():
    assert 1e8 < measure_speed() < 1e14
