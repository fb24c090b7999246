"""Vectors for runs of tokens: what the last two, three, … characters alone tell.

A GPT finds out for itself, layer by layer, that after "th" often comes "e". A table can simply hold
it: one learned vector for every run of n tokens, added to the vector of the run's last token. There
are far too many runs for a row each (65 characters have 18 million runs of four), so a run's row is
found by hashing, and runs may share one. A step of training touches only the rows that occur in it,
so that such a table costs memory and hardly any arithmetic.

Rows that are shared by hashing: Svenstrup, Hansen & Winther 2017, "Hash embeddings". Runs of
characters hashed into tables: Bojanowski et al. 2017 (fastText); as the input of a GPT: Pagnoni et
al. 2024, "Byte latent transformer", section 3.2.1.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gpt_core.model.config import GPTConfig

# A run of tokens a, b, c is the number ((a + 1) · 48271 + b + 1) · 48271 + c + 1, modulo the prime
# 2³¹ − 1: Karp & Rabin 1987, with a multiplier of Park & Miller 1988.
MULTIPLIER, PRIME = 48_271, 2**31 - 1


class NgramEmbedding(nn.Module):
    """The sum of a vector for the last 2, one for the last 3, … one for the last n tokens.

    All start at zero: the model begins as one without them. Its dropout is its own, since what is
    rare is soon known by heart.
    """

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.longest, self.rows = config.ngrams, config.ngram_rows
        # Sparse: a gradient of the rows that occur, and none of all others.
        self.table = nn.Embedding((self.longest - 1) * self.rows, config.n_embd, sparse=True)
        self.dropout = nn.Dropout(config.ngram_dropout)

    def forward(self, idx: Tensor) -> Tensor:
        """(B, T) → (B, T, C)."""
        return self.dropout(self.table(self.rows_of(idx)).sum(dim=-2))

    def rows_of(self, idx: Tensor) -> Tensor:
        """The table's rows at each place: of the last 2 tokens, the last 3, …; (B, T, n - 1).

        Rows of longer runs stand further down.
        """
        first = self.rows * torch.arange(self.longest - 1, device=idx.device)
        return places_of(idx, self.longest, self.rows) + first


def places_of(idx: Tensor, longest: int, rows: int) -> Tensor:
    """Which of so many rows each run gets: of the last 2 tokens, the last 3, …; (B, T, n - 1).

    idx: (B, T) token ids. Before the first token there is nothing, which counts as 0 where a token
    counts as its id + 1.
    """
    T, reach = idx.shape[1], longest - 1
    padded = F.pad(idx + 1, (reach, 0))
    number, power, found = padded[:, reach:], 1, []
    for back in range(1, longest):  # each run is the one before and an older token
        power = power * MULTIPLIER % PRIME
        number = (number + padded[:, reach - back : reach - back + T] * power) % PRIME
        found.append(number % rows)
    return torch.stack(found, dim=-1)
