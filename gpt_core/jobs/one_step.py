"""One step under the microscope, for a model too large to copy while a page waits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gpt_core.experiments import one_step as microscope
from gpt_core.jobs import JobError, Progress, choice, text
from gpt_core.training.run import Run

LONGEST_TEXT = 2000  # characters
MOST_PARAMETERS = 400_000_000  # copy, gradients and the optimizer's memory take 30 bytes for each


def one_step(run: Run | None, settings: dict[str, Any]) -> Iterator[Progress]:
    """The report of a step on settings' `sentence`, also looked at on `other`."""
    run, ids, other = checked(run, settings)
    config = microscope.recipe(run.train_config, settings["optimizer"])
    yield Progress(0, 1)
    report = microscope.one_step(run.load_model(), ids, other, config)
    yield Progress(1, 1, report.to_plain())


def checked(run: Run | None, settings: dict[str, Any]) -> tuple[Run, list[int], list[int]]:
    """The run and both texts' tokens. Raises JobError for what can't be done."""
    choice(settings, "optimizer", microscope.OPTIMIZERS)
    if run is None:
        raise JobError("A step needs a model.")
    from gpt_core.model.shapes import shapes_of

    if shapes_of(run.model_config).num_parameters() > MOST_PARAMETERS:
        raise JobError(f"A step needs a model of at most {MOST_PARAMETERS:,} parameters.")
    tokenizer = run.tokenizer()
    longest = min(microscope.LONGEST, run.model_config.block_size)
    both = []
    for name in ("sentence", "other"):
        tokens = tokenizer.tokenize(text(settings, name, LONGEST_TEXT))
        if len(tokens) < 2:
            raise JobError("A step needs at least two tokens of text: one to predict the other.")
        both.append([token.id for token in tokens[-longest:]])
    sentence, other = both
    return run, sentence, other
