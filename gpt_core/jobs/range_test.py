"""A learning-rate range test, and short runs around the rate that it recommends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gpt_core.experiments import range_test as ours
from gpt_core.experiments.stack import Shape
from gpt_core.experiments.stopwatch import one_thread
from gpt_core.jobs import Progress, choice, whole
from gpt_core.training.run import Run

WIDTHS = (16, 32, 64)
MOST_SEED = 5
_EVERY = 4  # steps between two partial results
RECORDED = {"range_test": {"n_embd": 32, "seed": 1}}


def range_test(_run: Run | None, settings: dict[str, Any]) -> Iterator[Progress]:
    """settings: {"n_embd", "seed"}. Raises JobError.

    The result: {"rates", "losses", "smooth": of each step, "broke": a rate or None, "point": the
    rate to take, "around": [{"rate", "bits": one for each of three seeds}]}; "around" is empty
    until the short runs have ended. In bits per character.
    """
    shape = Shape(n_embd=choice(settings, "n_embd", WIDTHS))
    seed = whole(settings, "seed", 1, MOST_SEED)
    with one_thread():
        yield from _tested(shape, seed)


def _tested(shape: Shape, seed: int) -> Iterator[Progress]:
    total = ours.STEPS + len(ours.FACTORS) * len(ours.SEEDS) * ours.SHORT
    for done, seen in enumerate(ours.range_test(shape, seed), start=1):
        if done % _EVERY == 0:
            yield Progress(done, total, _told(seen, []))
    yield Progress(ours.STEPS, total, _told(seen, []))
    for step, found in ours.around(shape, seen.point):
        done = ours.STEPS + step * len(ours.FACTORS) * len(ours.SEEDS)
        if found:
            runs = [
                {"rate": float(f"{factor * seen.point:.2g}"), "bits": bits}
                for factor, bits in zip(ours.FACTORS, found, strict=True)
            ]
            yield Progress(total, total, _told(seen, runs))
        elif step % _EVERY == 0:
            yield Progress(done, total)


def _told(seen: ours.RangeTest, around: list[dict[str, Any]]) -> dict[str, Any]:
    told = {"rates": seen.rates, "losses": seen.losses, "smooth": seen.smooth}
    return told | {"broke": seen.broke, "point": seen.point, "around": around}
