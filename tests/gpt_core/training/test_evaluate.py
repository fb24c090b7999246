import math

import pytest
import torch

from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.training.evaluate import bits_per_character, mean_loss


def test_batches_of_different_sizes_count_by_their_tokens():
    torch.manual_seed(0)
    model = GPT(GPTConfig(vocab_size=7, block_size=8, n_layer=1, n_head=2, n_embd=16, dropout=0.5))
    x, y = torch.randint(7, (2, 3, 8))
    whole = mean_loss(model, [(x, y)])
    parts = [(x[:1], y[:1]), (x[1:], y[1:])]
    assert mean_loss(model, parts) == pytest.approx(whole, rel=1e-5)
    assert model.training  # as it was, though dropout was off meanwhile
    assert mean_loss(model.eval(), parts) == pytest.approx(whole, rel=1e-5)
    assert not model.training


def test_bits_per_character_by_hand():
    # 50 tokens of 4 bits each spell 100 characters: 2 bits a character.
    assert bits_per_character(4 * math.log(2), 50, 100) == pytest.approx(2.0)
