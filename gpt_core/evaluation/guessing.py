"""How many bits a character has, by somebody who guesses each until it is right.

Shannon, "Prediction and Entropy of Printed English", Bell System Technical Journal 30, 1951,
section 4. q_i: the share of characters that were right at the i-th guess.

    Σ i (q_i − q_{i+1}) log₂ i  ≤  bits per character  ≤  −Σ q_i log₂ q_i
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 1_000


@dataclass(frozen=True)
class Bounds:
    """Bits per character lie between lower and upper.

    low, high: the 95% interval of both together: the guesses' characters drawn again and again, the
    2.5% point of the lower bound and the 97.5% point of the upper one.
    """

    lower: float
    upper: float
    low: float
    high: float


def bounds(ranks: Sequence[int], seed: int = 1, told: int = 0, alphabet: int = 1) -> Bounds:
    """Bounds by the number of guesses (N,) that each character took, 1 or more.

    told: how many of the characters were given up. At which guess they would have come nobody
    knows, so each may have any of the alphabet's ranks: log₂ of its size at most.

    Raises ValueError where there is none, or one below 1.
    """
    if not len(ranks) or min(ranks) < 1:
        raise ValueError("It takes at least one character, and at least one guess for each.")
    shares = np.bincount(np.asarray(ranks), minlength=2)[1:] / len(ranks)
    drawn = np.random.default_rng(seed).multinomial(len(ranks), shares, size=RESAMPLES)
    again = drawn / len(ranks)
    low = float(np.percentile(_lower(again), 2.5))
    high = float(np.percentile(_upper(again), 97.5))
    lower, upper = (float(bound(shares[None])[0]) for bound in (_lower, _upper))
    unknown = told / len(ranks) * float(np.log2(alphabet))
    return Bounds(lower, upper + unknown, min(low, lower), max(high, upper) + unknown)


def _upper(shares: np.ndarray) -> np.ndarray:
    """The entropy of each row of shares (R, K), in bits."""
    logs = np.log2(np.where(shares > 0, shares, 1.0))
    return -(shares * logs).sum(axis=1) + 0.0  # no −0


def _lower(shares: np.ndarray) -> np.ndarray:
    """Shannon's lower bound of each row of shares (R, K).

    The bound is for shares that fall from guess to guess, as an ideal guesser's do. A few
    characters may give others, so they are sorted first: the guesses get other numbers.
    """
    falling = -np.sort(-shares, axis=1)
    i = np.arange(1, shares.shape[1] + 1)
    drops = falling - np.pad(falling[:, 1:], ((0, 0), (0, 1)))
    return (i * drops * np.log2(i)).sum(axis=1)


def rank(guesses: str, character: str) -> int | None:
    """At which guess, counted from 1, the character was right; None if at none.

    Capital and small letters count alike, and a guess that was made before doesn't count again.
    """
    tried = list(dict.fromkeys(guesses.lower()))
    wanted = character.lower()
    return tried.index(wanted) + 1 if wanted in tried else None
