"""Is one of two things better? The interval of a mean of paired differences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev

_Z = NormalDist().inv_cdf(0.975)
# The 97.5% points of Student's t where the series below is not exact to three digits.
_SMALL = {1: 12.7062, 2: 4.3027, 3: 3.1824, 4: 2.7764, 5: 2.5706}


@dataclass(frozen=True)
class Difference:
    """A mean difference and its 95% interval."""

    mean: float
    low: float
    high: float

    @property
    def sign(self) -> int:
        """1 or -1 where the whole interval lies on that side of 0; else 0: nothing was shown."""
        return (self.low > 0) - (self.high < 0)

    @property
    def most(self) -> float:
        """How large the difference is at most, whichever way."""
        return max(abs(self.low), abs(self.high))


def paired(ours: Sequence[float], theirs: Sequence[float]) -> Difference:
    """The mean of ours − theirs over three or more pairs, by Student's t.

    A pair has everything in common but what is compared: the piece of text, or the seed. Raises
    ValueError for fewer pairs, or for two lists of different lengths.
    """
    gains = [a - b for a, b in zip(ours, theirs, strict=True)]
    if len(gains) < 3:
        raise ValueError("Fewer than three pairs say nothing about how much they scatter.")
    mean, half = fmean(gains), _quantile(len(gains) - 1) * standard_error(gains)
    return Difference(mean, mean - half, mean + half)


def standard_error(values: Sequence[float]) -> float:
    """Of the mean of two or more values."""
    return stdev(values) / math.sqrt(len(values))


def _quantile(freedom: int) -> float:
    """The 97.5% point of Student's t: Abramowitz and Stegun 1964, table 26.10 and 26.7.5."""
    if freedom in _SMALL:
        return _SMALL[freedom]
    z, n = _Z, freedom
    return (
        z
        + (z**3 + z) / (4 * n)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
    )


def least_difference(differences: Sequence[float], runs: int) -> float:
    """How large a mean difference over so many pairs must be to be believed, at 95%.

    differences: of two or more pairs that were run to find out how much they scatter. Of runs that
    are no pairs, of one setting: the difference of two of them scatters √2 times as much as one.
    """
    quantile = _quantile(len(differences) - 1)
    return quantile * stdev(differences) / math.sqrt(runs)
