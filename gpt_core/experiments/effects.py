"""Which setting matters most: the variance of a grid's results, split among its settings.

The functional analysis of variance (Hooker 2007; for hyperparameters Hutter, Hoos & Leyton-Brown
2014), on a full grid, where it needs no model of the results: means are enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

NOISE = "seed"


def variance_shares(results: np.ndarray, names: Sequence[str]) -> dict[tuple[str, ...], float]:
    """Shares of the variance of results (levels of each setting …, seeds); together they are 1.

    (name,): what the setting explains by itself. (name, name, …): what only these settings
    together explain, beyond their own. (NOISE,): what differs between seeds of equal settings.
    Raises ValueError where not all results are finite numbers.
    """
    if not np.isfinite(results).all():
        raise ValueError("A grid with results that are no numbers can't be split.")
    means, axes = results.mean(axis=-1), range(len(names))
    total = float(((results - results.mean()) ** 2).mean())
    effects: dict[tuple[int, ...], np.ndarray] = {(): np.full_like(means, means.mean())}
    shares: dict[tuple[str, ...], float] = {}
    for size in range(1, len(names) + 1):
        for kept in combinations(axes, size):
            others = tuple(axis for axis in axes if axis not in kept)
            effect = means.mean(axis=others, keepdims=True) + np.zeros_like(means)
            for smaller, known in effects.items():
                if set(smaller) < set(kept):
                    effect = effect - known
            effects[kept] = effect
            shares[tuple(names[axis] for axis in kept)] = float((effect**2).mean()) / total
    noise = float(((results - means[..., None]) ** 2).mean())
    return shares | {(NOISE,): noise / total}
