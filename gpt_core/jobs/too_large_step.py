"""Steps that are far too large, on purpose, and an autopsy after each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch

from gpt_core.experiments import one_step as microscope
from gpt_core.jobs import Progress, choice, whole
from gpt_core.jobs.one_step import checked
from gpt_core.model.gpt import GPT
from gpt_core.model.observe import record
from gpt_core.training.autopsy import Finding, autopsy, first_not_finite, sizes
from gpt_core.training.optim import make_optimizer
from gpt_core.training.run import Run

FACTORS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
MOST_STEPS = 20


def too_large_step(run: Run | None, settings: dict[str, Any]) -> Iterator[Progress]:
    """Train on one sentence with `factor` times the learning rate for up to `steps` steps.

    The result: {"guessing": ln V, "steps": [one for each, the first before any step]}. A step tells
    the losses, and the autopsy: the first tensor of the forward pass that broke, else the one that
    grew most, compared with the forward pass before the first step. It ends early when the loss is
    no number.
    """
    run, ids, other = checked(run, settings)
    factor = choice(settings, "factor", FACTORS)
    count = whole(settings, "steps", 1, MOST_STEPS)
    model = run.load_model().eval()
    config = microscope.recipe(run.train_config, settings["optimizer"])
    optimizer = make_optimizer(model, config)
    healthy, first = _look(model, ids, other)
    said = [first | {"broken": False, "name": None, "before": None, "after": None}]
    result = {"guessing": math.log(model.config.vocab_size), "steps": said}
    yield Progress(0, count, result)
    done = 0
    for done in microscope.steps(model, optimizer, ids, factor, count):
        now, losses = _look(model, ids, other)
        said.append(losses | _told(autopsy(healthy, now)))
        yield Progress(done, count, result)
    if done < count:
        yield Progress(done, done, result)


@torch.no_grad()
def _look(model: GPT, ids: list[int], other: list[int]) -> tuple[dict[str, float], dict[str, Any]]:
    """The sizes of all tensors on the sentence, and both losses (None for what is no number)."""
    with record(model) as tensors:
        loss = model(*microscope.pairs(model, ids))[1]
    losses = {"loss": loss.item(), "elsewhere": microscope.loss_of(model, other)}
    losses = {name: value if math.isfinite(value) else None for name, value in losses.items()}
    return sizes(tensors), losses | {"not_finite": first_not_finite(tensors)}


def _told(finding: Finding) -> dict[str, Any]:
    after = finding.after if math.isfinite(finding.after) else None
    return {
        "broken": finding.broken,
        "name": finding.name,
        "before": finding.before,
        "after": after,
    }
