import subprocess
import sys
import time

import pytest
import torch

from gpt_core.model.config import PRESETS, GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.model.shapes import shapes_of


@pytest.mark.parametrize("position", ["learned", "sinusoidal", "rope", "none"])
@pytest.mark.parametrize("preset", PRESETS)
def test_the_same_shapes_as_a_real_model(preset, position):
    sizes = {"n_layer": 2, "n_head": 2, "n_embd": 16, "block_size": 8, "position": position}
    config = GPTConfig.from_preset(preset, vocab_size=11, **sizes)
    real, empty = GPT(config), shapes_of(config)
    shapes = {name: tensor.shape for name, tensor in real.state_dict().items()}
    assert {name: tensor.shape for name, tensor in empty.state_dict().items()} == shapes
    assert all(parameter.is_meta for parameter in empty.parameters())
    assert empty.num_parameters() == real.num_parameters()
    assert empty.flops_per_token() == real.flops_per_token()


def test_a_model_of_terabytes_takes_no_time():
    config = GPTConfig(1_000_000, n_layer=2, n_head=64, n_embd=65_536, block_size=131_072)
    started = time.perf_counter()
    assert shapes_of(config).num_parameters() > 1e11
    assert time.perf_counter() - started < 5


def test_a_real_model_afterwards_has_numbers():
    shapes_of(GPTConfig(7))
    assert GPT(GPTConfig(7)).wte.weight.abs().sum() > 0
    assert torch.arange(3).tolist() == [0, 1, 2]


def test_the_compiler_stays_unimported():
    code = """
import sys
from gpt_core.model.config import GPTConfig
from gpt_core.model.shapes import shapes_of
for preset in ("classic", "modern"):
    shapes_of(GPTConfig.from_preset(preset, vocab_size=5))
print("torch._inductor" in sys.modules)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "False", result.stderr
