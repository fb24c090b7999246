"""A model reads held-out text: what it expected at each token, and how sure it was.

One pass gives all that a page on evaluation asks for: the loss, how the loss falls with the context
before a token, and whether the model's probabilities come true.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from gpt_core.evaluation.held_out import Piece
from gpt_core.evaluation.intervals import Estimate, ratio
from gpt_core.evaluation.surprise import token_bits
from gpt_core.model.gpt import GPT
from gpt_core.model.recording import run

MOST_LOGITS = 1 << 24  # numbers kept while a temperature is looked for: 64 MB


@dataclass(frozen=True)
class Reading:
    """What a model expected at N tokens, each but the first of some pieces of text.

    All are (N,). piece: which piece it is of. before: how many tokens stood before it there. bits:
    −log₂ of the probability that the token had. characters: its length. confidence: the largest
    probability that any token had. right: whether that token came.
    """

    piece: np.ndarray
    before: np.ndarray
    bits: np.ndarray
    characters: np.ndarray
    confidence: np.ndarray
    right: np.ndarray

    def of_pieces(self, values: np.ndarray) -> np.ndarray:
        """Sums of values (N,) over each piece."""
        return np.bincount(self.piece, weights=values)

    @property
    def per_token(self) -> Estimate:
        """The loss in bits per token; the interval is over pieces."""
        return ratio(self.of_pieces(self.bits), np.bincount(self.piece))

    @property
    def per_character(self) -> Estimate:
        """The loss in bits per character; the interval is over pieces."""
        return ratio(self.of_pieces(self.bits), self.of_pieces(self.characters))

    def by_context(self, edges: Sequence[int]) -> list[tuple[int, int, Estimate]]:
        """Bits per character of tokens with low ≤ before < high, for each two neighbours of edges.

        Ranges without a character are left out.
        """
        found = []
        for low, high in pairwise(edges):
            here = (self.before >= low) & (self.before < high)
            characters = self.of_pieces(self.characters * here)
            if characters.sum():
                bits = ratio(self.of_pieces(self.bits * here), characters)
                found.append((low, high, bits))
        return found


def read(model: GPT, pieces: Sequence[Piece], temperature: float = 1.0) -> Reading:
    """Let a model in eval mode read pieces of at least two tokens, each by itself.

    temperature: what all logits are divided by first.
    """
    parts = []
    for number, piece in enumerate(pieces):
        logits = run(model, piece.ids).logits.float() / temperature  # (T, V)
        confidence, best = logits[:-1].softmax(dim=-1).max(dim=-1)
        targets = torch.tensor(piece.ids[1:], device=logits.device)
        count = len(piece.ids) - 1
        parts.append(
            (
                np.full(count, number),
                np.arange(1, count + 1),
                token_bits(logits, piece.ids).clamp(min=0).cpu().numpy(),
                _lengths(piece),
                confidence.double().cpu().numpy(),
                (best == targets).cpu().numpy(),
            )
        )
    return Reading(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _lengths(piece: Piece) -> np.ndarray:
    """Characters of each token but the first; the bytes of one character count once in all."""
    ends = np.array([token.end for token in piece.tokens])
    return np.diff(ends)


def predictions(model: GPT, pieces: Sequence[Piece]) -> tuple[Tensor, Tensor]:
    """Logits (N, V) for the tokens (N,) that came, of as many pieces as there is room for."""
    room, logits, came = MOST_LOGITS // model.config.vocab_size, [], []
    for piece in pieces:
        kept = min(len(piece.ids) - 1, room)
        if kept <= 0:
            break
        logits.append(run(model, piece.ids).logits[:kept].float())
        came.append(torch.tensor(piece.ids[1 : 1 + kept], device=logits[-1].device))
        room -= kept
    return torch.cat(logits), torch.cat(came)


def nats(bits: float) -> float:
    """The same surprise in the unit of the natural logarithm."""
    return bits * math.log(2)
