"""How sure a measured share or ratio is: 95% intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

# 97.5% quantile of the normal distribution, for intervals of 95%.
Z95 = 1.959963984540054
RESAMPLES = 2_000


@dataclass(frozen=True)
class Estimate:
    """A measured number, and the ends of its 95% interval."""

    value: float
    low: float
    high: float


def rounded(estimate: Estimate) -> list[float]:
    """[value, low, high], to five digits after the point."""
    return [round(n, 5) for n in (estimate.value, estimate.low, estimate.high)]


def wilson(part: int, whole: int) -> Estimate:
    """A share and its 95% score interval (Wilson, Journal of the ASA 22, 1927, page 209)."""
    p, z = part / whole, Z95
    middle = (p + z**2 / (2 * whole)) / (1 + z**2 / whole)
    half = z / (1 + z**2 / whole) * math.sqrt(p * (1 - p) / whole + z**2 / (4 * whole**2))
    low = middle - half if part else 0.0  # exactly; rounding must not leave the range
    return Estimate(p, low, middle + half if part < whole else 1.0)


def ratio(parts: ArrayLike, wholes: ArrayLike, seed: int = 1) -> Estimate:
    """Σ parts / Σ wholes, and a 95% interval by drawing the pairs again, with replacement.

    The percentile bootstrap (Efron and Tibshirani 1993, section 13.3): words and characters of one
    scene depend on each other, scenes don't. 0 where there is nothing to divide by.
    """
    above, below = np.asarray(parts, dtype=float), np.asarray(wholes, dtype=float)
    random = np.random.default_rng(seed)
    drawn = random.multinomial(len(above), np.full(len(above), 1 / len(above)), size=RESAMPLES)
    again = _divided(drawn @ above, drawn @ below)
    low, high = np.percentile(again, [2.5, 97.5])
    return Estimate(float(_divided(above.sum(), below.sum())), float(low), float(high))


def _divided(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.where(below > 0, above / np.where(below > 0, below, 1), 0.0)
