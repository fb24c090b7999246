"""Activation patching at every layer and position: how much of the answer each state carries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gpt_core.interpret.patching import (
    KEPT,
    STATES,
    contrast,
    first_difference,
    patch_each,
    patching_cost,
)
from gpt_core.jobs import JobError, Progress, choice, token_ids
from gpt_core.model import recording
from gpt_core.training.run import Run

MOST_COST = 1.5e12  # floating point operations: about half a minute on one slow core


def patch_grid(run: Run | None, settings: dict[str, Any]) -> Iterator[Progress]:
    """Copy `state` from the run on `source` into that on `into`, one position at a time.

    settings: into and source, token ids of equal number; state, one of STATES. The result:
    {"moved": one list per layer, a number per position, as `patch_each`}.
    """
    if run is None:
        raise JobError("Patching needs a model.")
    into, source = token_ids(run, settings, "into"), token_ids(run, settings, "source")
    state = choice(settings, "state", STATES)
    if len(into) != len(source):
        raise JobError("Both prompts need as many tokens.")
    config = run.model_config
    positions = len(into) - first_difference(config, into, source)
    if patching_cost(config, len(into), positions) > MOST_COST:
        raise JobError("The prompts are too long for a model of this size; shorten them.")
    model = run.load_model().eval()
    runs = recording.run(model, into, *KEPT), recording.run(model, source, *KEPT)
    try:
        measure = contrast(*runs)
    except ValueError as error:
        raise JobError(str(error)) from error
    moved: list[list[float]] = []
    for layer in range(config.n_layer):
        yield Progress(layer, config.n_layer)
        row = patch_each(model, *runs, state, layer, measure)
        moved.append([round(share, 5) for share in row])
    yield Progress(config.n_layer, config.n_layer, {"moved": moved})
