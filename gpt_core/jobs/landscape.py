"""A part of the recorded landscape: many small GPTs, each with settings of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from gpt_core.experiments.landscape import Outcome, parts, stacks, told, train
from gpt_core.jobs import Progress, choice
from gpt_core.training.run import Run

_EVERY = 5  # steps between two lines of progress
RECORDED = {f"landscape_{part}": {"part": part} for part in parts()}


def landscape(_run: Run | None, settings: dict[str, Any]) -> Iterator[Progress]:
    """settings: {"part"}, one of `gpt_core.experiments.landscape.parts`. Raises JobError.

    The result: {"groups": [{"shape": see `told`, "columns": names, "rows": [a run's values]}]}.
    The last two columns are "bits", at each look, and "train".
    """
    part = choice(settings, "part", list(parts()))
    groups = parts()[part]
    total = sum(group.steps * len(group.members) for group in groups)
    done, found = 0, []
    for group in groups:
        rows: list[list[Any]] = []
        for stack in stacks(group):
            count = len(stack.members)
            outcomes: list[Outcome] = []
            for step, seen in train(stack):
                outcomes = seen
                if step % _EVERY == 0:
                    yield Progress(done + step * count, total)
            done += stack.steps * count
            for member, outcome in zip(stack.members, outcomes, strict=True):
                rows.append([*asdict(member).values(), list(outcome.bits), outcome.train])
        columns = [*asdict(group.members[0]), "bits", "train"]
        found.append({"shape": told(group), "columns": columns, "rows": rows})
    yield Progress(total, total, {"groups": found})
