"""What the lesson on one step computes, in bits; the library counts in nats."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from gpt_core.experiments import one_step as microscope
from gpt_core.experiments.one_step import Report
from ui.services.caches import PASSES, shared
from ui.services.study import Study

BIT = math.log(2)  # nats


@shared(PASSES)
def step_of(
    study: Study, other: tuple[int, ...], optimizer: str, factors: tuple[float, ...]
) -> Report:
    """A step on the prompt, at each learning rate."""
    config = microscope.recipe(study.loaded.run.train_config, optimizer)
    return in_bits(microscope.one_step(study.model, study.ids, other, config, factors))


def in_bits(report: Report) -> Report:
    """The same step; losses, slopes and gradients are those of the loss in bits."""
    return replace(
        report,
        parts=tuple(
            replace(part, gradient=part.gradient / BIT, slope=part.slope / BIT)
            for part in report.parts
        ),
        outcomes=tuple(
            replace(outcome, loss=outcome.loss / BIT, elsewhere=outcome.elsewhere / BIT)
            for outcome in report.outcomes
        ),
    )


def autopsies_in_bits(value: dict[str, Any]) -> dict[str, Any]:
    """What the job too_large_step found, with its losses in bits."""
    losses = ("loss", "elsewhere")
    steps = [
        step | {key: None if step[key] is None else step[key] / BIT for key in losses}
        for step in value["steps"]
    ]
    return value | {"guessing": value["guessing"] / BIT, "steps": steps}
