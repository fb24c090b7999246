"""Does another sequence, or a later token, move what a GPT says of this token?

Attention hides later tokens and never looks into another sequence of the batch. A norm that
averages over the batch and over time does: in training mode BatchNorm passes on what attention
hides (Shen et al. 2020, "PowerNorm", section 3, on why it does badly in Transformers).
"""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor

from gpt_core.model.gpt import GPT


@torch.no_grad()
def moved_by(model: GPT, idx: Tensor, place: tuple[int, int], token: int, train: bool) -> Tensor:
    """How far each prediction moves when one token of a batch is changed.

    idx: (B, T). place: (b, t) of the token that becomes `token`. train: in training mode, where
    BatchNorm takes its statistics from this very batch; else in eval mode. Returns (B, T): half
    the sum of all changes of the next token's probabilities, 0 for exactly the same prediction, 1
    for one that has nothing in common. The model itself is left as it is.
    """
    twin = copy.deepcopy(model).train(train)  # training mode updates running averages
    changed = idx.clone()
    changed[place] = token
    before, after = (twin(batch)[0].double().softmax(dim=-1) for batch in (idx, changed))
    return (after - before).abs().sum(dim=-1) / 2


@torch.no_grad()
def loss_in_mode(model: GPT, x: Tensor, y: Tensor, train: bool, together: int) -> float:
    """Mean loss on a batch, `together` of its sequences at a time, in nats per token.

    x, y: (B, T), B a multiple of `together`. What is left out of one pass can't be averaged over.
    """
    twin = copy.deepcopy(model).train(train)
    losses = [
        F.cross_entropy(twin(part)[0].flatten(0, 1), targets.flatten()).item()
        for part, targets in zip(x.split(together), y.split(together), strict=True)
    ]
    return sum(losses) / len(losses)


def is_allowed(place: tuple[int, int], sequences: int, tokens: int) -> Tensor:
    """Which predictions (B, T) may move: those of the same sequence, from the changed token on."""
    allowed = torch.zeros(sequences, tokens, dtype=torch.bool)
    allowed[place[0], place[1] :] = True
    return allowed
