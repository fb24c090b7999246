"""How well a model predicts a text."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from gpt_core.model.gpt import GPT
from gpt_core.training import data


@torch.no_grad()
def mean_loss(model: GPT, batches: Iterable[tuple[Tensor, Tensor]]) -> float:
    """Mean loss over batches (x, y) of any sizes, in nats per token; dropout is off."""
    training = model.training
    model.eval()
    total, count = 0.0, 0
    for x, y in batches:
        device = model.device
        total += model(x.to(device), y.to(device))[1].item() * y.numel()
        count += y.numel()
    model.train(training)
    return total / count


def whole_split_loss(model: GPT, tokens: np.ndarray) -> float:
    """Loss over a whole split, cut into sequences of block_size without overlap."""
    return mean_loss(model, data.windows(tokens, model.config.block_size))


def bits_per_character(loss: float, tokens: int, characters: int) -> float:
    """Loss in nats per token as bits per character: comparable across tokenizers."""
    return loss / math.log(2) * tokens / characters
