"""Four very small trained GPTs that differ in their norm alone, weights and all."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean
from typing import Any

from gpt_core.experiments.norm_race import (
    NORMS,
    SMALL,
    held_out_losses,
    make_trainer,
    packed,
)
from gpt_core.jobs import Progress
from gpt_core.training.run import Run

_EVERY = 20  # steps between two lines of progress


def norms_small(run: Run | None, settings: dict[str, Any]) -> Iterator[Progress]:
    """Train `SMALL` with each norm, to be looked at afterwards.

    No settings. The result: {norm: {"loss": held-out, nats per character, "weights": see
    `gpt_core.experiments.norm_race.packed`}}.
    """
    total, models = len(NORMS) * SMALL.steps, {}
    for place, norm in enumerate(NORMS):
        trainer = make_trainer(norm, SMALL)
        for told in trainer:
            if told.step % _EVERY == 0 and told.step < SMALL.steps:
                yield Progress(place * SMALL.steps + told.step, total)
        loss = fmean(held_out_losses(trainer.model))
        models[norm] = {"loss": loss, "weights": packed(trainer.model)}
        yield Progress((place + 1) * SMALL.steps, total, dict(models))
