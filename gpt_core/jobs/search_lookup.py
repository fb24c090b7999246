"""Four searches on a recorded grid, repeated many times with other luck."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from gpt_core.experiments.landscape import LOOKS
from gpt_core.experiments.search import METHODS, SPACE, Choice, Lookup, best_so_far, search
from gpt_core.jobs import JobError, Progress, whole
from gpt_core.training.run import Run

MOST_REPEATS, MOST_BUDGET, MOST_SEEDS = 200, 24, 8
BAND = (10, 50, 90)  # percentiles over the repeats


def search_lookup(_run: Run | None, settings: dict[str, Any]) -> Iterator[Progress]:
    """settings: {"curves", "repeats", "budget", "seed"}. Raises JobError.

    curves: for each setting of `search.SPACE`, the last changing fastest, for each seed, the bits
    at each look. budget: of each search, in whole runs. The result: {"best": the bits of the best
    setting, "methods": {method: {"low", "middle", "high": percentiles of what was found after 1, 2,
    … runs, None before there is anything, "tried": settings in each search, on average}}}.
    """
    curves = table(settings.get("curves"))
    repeats = whole(settings, "repeats", 1, MOST_REPEATS)
    budget = whole(settings, "budget", 1, MOST_BUDGET)
    first = whole(settings, "seed", 0, 1_000_000)
    found: dict[str, list[list[float]]] = {method: [] for method in METHODS}
    tried = dict.fromkeys(METHODS, 0)
    for repeat in range(repeats):
        for method in METHODS:
            lookup = Lookup(curves, first + repeat)
            trials = [*search(method, lookup, budget, first + repeat)]
            found[method].append(best_so_far(trials, lookup.worth, budget))
            tried[method] += len(trials)
        if repeat % 10 == 9 or repeat == repeats - 1:
            told = {
                method: _bands(each) | {"tried": round(tried[method] / len(each), 1)}
                for method, each in found.items()
            }
            value = {"best": round(Lookup(curves).best, 4), "methods": told}
            yield Progress(repeat + 1, repeats, value | {"repeats": repeat + 1})


def table(value: Any) -> dict[Choice, np.ndarray]:
    """The curves by setting. Raises JobError where they are no full table of numbers."""
    try:
        numbers = np.array(value, dtype=float)
    except (TypeError, ValueError):
        numbers = np.zeros(0)
    choices = [*product(*SPACE)]
    shape = numbers.shape
    right = len(shape) == 3 and shape[0] == len(choices) and shape[2] == LOOKS
    if not right or not 1 <= shape[1] <= MOST_SEEDS or not np.isfinite(numbers).all():
        raise JobError(f"curves must be numbers: {len(choices)} settings × seeds × {LOOKS} looks.")
    return dict(zip(choices, numbers, strict=True))


def _bands(found: list[list[float]]) -> dict[str, list[float | None]]:
    """Percentiles over the repeats; nothing found yet counts as worse than anything."""
    ordered = np.sort(np.array(found), axis=0)  # (repeats, budget)
    at = [min(len(found) - 1, round(share / 100 * (len(found) - 1))) for share in BAND]
    return {
        name: [round(v, 4) if math.isfinite(v) else None for v in ordered[place].tolist()]
        for name, place in zip(("low", "middle", "high"), at, strict=True)
    }
