"""Has a model learned to copy? Tokens in random order, twice.

The first time nobody can know what comes next. The second time the answer stands there: find where
the token before it stood, look at what came after. A head that looks there although nothing but the
repetition points there is an induction head, and a model that uses one predicts the second copy
better (Olsson et al. 2022, "In-context Learning and Induction Heads").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from gpt_core.interpret.head_importance import affordable
from gpt_core.interpret.head_roles import CLEAR_EXCESS, CLEAR_TIMES
from gpt_core.model.gpt import GPT
from gpt_core.model.observe import record

MOST_FLOPS = 2e10  # well under a second
LONGEST, MOST_ROWS = 48, 8


@dataclass(frozen=True)
class RepeatTest:
    """R sequences of 2n tokens, the second half like the first.

    idx: (R, 2n). loss: (2n - 1,), nats of tokens 1 … 2n - 1, the mean over sequences.
    pattern: (L, H, 2n, 2n) of the first sequence. share, chance: (L, H), how much attention in the
    second copy goes to the token after the earlier one's copy, and to an average token of the first
    copy.
    """

    idx: Tensor
    loss: Tensor
    pattern: Tensor
    share: Tensor
    chance: Tensor

    @property
    def n(self) -> int:
        """How many tokens are repeated."""
        return self.idx.shape[1] // 2

    @property
    def first(self) -> float:
        """Mean loss of the first copy's tokens, all but the very first, in nats."""
        return self.loss[: self.n - 1].mean().item()

    @property
    def second(self) -> float:
        """Mean loss of the same tokens in the second copy, in nats."""
        return self.loss[self.n :].mean().item()

    def passed(self) -> Tensor:
        """Which heads look at the token after the earlier copy clearly more than chance, (L, H)."""
        excess = self.share - self.chance
        return (self.share >= CLEAR_TIMES * self.chance) & (excess >= CLEAR_EXCESS)


def random_tokens(model: GPT, seed: int, among: Sequence[int] | None = None) -> Tensor:
    """(R, n) ids, all equally likely; a large model gets fewer rows.

    among: which tokens; None for the whole vocabulary.
    """
    config = model.config
    n = max(2, min(LONGEST, config.block_size // 2))
    rows = max(1, min(MOST_ROWS, affordable(model, 1, MOST_FLOPS) // (2 * n)))
    generator = torch.Generator().manual_seed(seed)
    size = len(among) if among else config.vocab_size
    drawn = torch.randint(size, (rows, n), generator=generator)
    return torch.tensor(among)[drawn] if among else drawn


@torch.no_grad()
def repeat_test(model: GPT, once: Tensor) -> RepeatTest:
    """Read sequences (R, n), n ≥ 2, twice in a row. Raises ValueError where 2n doesn't fit."""
    idx, n = torch.cat([once, once], dim=1), once.shape[1]
    if n < 2:
        raise ValueError("At least two tokens have to be repeated.")
    with record(model, "blocks.*.pattern") as tensors:
        logits, _ = model(idx)
    loss = F.cross_entropy(logits[:, :-1].float().mT, idx[:, 1:], reduction="none").mean(dim=0)
    layers = range(model.config.n_layer)
    patterns = torch.stack([tensors[f"blocks.{layer}.pattern"] for layer in layers])  # (L, R, H…)
    rows = torch.arange(n, 2 * n - 1)
    return RepeatTest(
        idx=idx,
        loss=loss,
        pattern=patterns[:, 0],
        share=patterns[..., rows, rows - n + 1].mean(dim=(1, 3)),
        chance=patterns[..., n:-1, :n].mean(dim=(1, 3, 4)),
    )
