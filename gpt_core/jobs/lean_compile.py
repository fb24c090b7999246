"""torch.compile on this machine: how long it takes, and how much sooner a step is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from gpt_core.experiments.training_memory import compiled
from gpt_core.jobs import JobError, Progress
from gpt_core.jobs.lean_training import MOST_PARAMETERS, batch_of
from gpt_core.training.run import Run


def lean_compile(run: Run, settings: dict[str, Any]) -> Iterator[Progress]:
    """No settings. Result: see `training_memory.Compiled`, and "batch": [B, T].

    Raises JobError on a machine without a compiler.
    """
    model = run.load_model()
    if model.num_parameters() > MOST_PARAMETERS:
        raise JobError("Compiling so large a model would take too long here; choose a smaller one.")
    batch = batch_of(run)
    yield Progress(0, 1)
    found = compiled(model, batch)
    if found is None:
        raise JobError("This machine has no C++ compiler, which torch.compile needs.")
    yield Progress(1, 1, asdict(found) | {"batch": list(batch[0].shape)})
