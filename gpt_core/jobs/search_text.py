"""A search for good settings on a text of one's own, each trial a small GPT that is trained."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from gpt_core.experiments.landscape import RATE
from gpt_core.experiments.search import LONGEST, METHODS, NAMES, Choice, OnText, search
from gpt_core.experiments.stack import Member
from gpt_core.experiments.stopwatch import one_thread
from gpt_core.jobs import JobError, Progress, choice, text, whole
from gpt_core.training.run import Run

BUDGET = 10  # whole runs
READ = 38_400  # characters that one of them reads
USUAL: Choice = (RATE, 32, 2, 8)
CHECKED = (11, 12, 13)  # seeds that the search has not seen


def search_text(_run: Run | None, settings: dict[str, Any]) -> Iterator[Progress]:
    """settings: {"text", "method": one of `search.METHODS`, "seed": 1 to 5}. Raises JobError.

    The result: {"trials": [{"choice": {name: value}, "bits", "cost", "pruned"}], "usual": USUAL,
    "check": None, or {"found", "usual": the bits of both with three new seeds each}}.
    """
    method = choice(settings, "method", METHODS)
    seed = whole(settings, "seed", 1, 5)
    try:
        runs = OnText(text(settings, "text", LONGEST), READ, seed)
    except ValueError as error:
        raise JobError(str(error)) from None
    with one_thread():
        yield from _searched(runs, method, seed)


def _searched(runs: OnText, method: str, seed: int) -> Iterator[Progress]:
    total, spent = 8 * (BUDGET + 2 * len(CHECKED)), 0.0
    trials: list[dict[str, Any]] = []
    best, lowest = USUAL, math.inf
    value = {"trials": trials, "usual": _named(USUAL), "check": None}
    yield Progress(0, total, value)
    for trial in search(method, runs, BUDGET, seed):
        spent += trial.cost
        if not trial.pruned and trial.loss < lowest:
            best, lowest = trial.choice, trial.loss
        told = {"bits": _finite(trial.loss), "cost": trial.cost, "pruned": trial.pruned}
        trials.append({"choice": _named(trial.choice)} | told)
        yield Progress(round(8 * spent), total, value)
    check = {}
    for name, setting in (("found", best), ("usual", USUAL)):
        members = [Member(setting[0], seed) for seed in CHECKED]
        *_, losses = runs.train_members(setting, members)
        check[name] = [*map(_finite, losses)]
        yield Progress(min(total - 1, 8 * (BUDGET + 3 * len(check))), total, value)
    yield Progress(total, total, value | {"check": check, "best": _named(best)})


def _named(setting: Choice) -> dict[str, float]:
    return dict(zip(NAMES, setting, strict=True))


def _finite(loss: float) -> float | None:
    return loss if math.isfinite(loss) else None
