"""How long a run waits for its turn."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ui.services.runs import RunView
from ui.services.training import TrainingService

if TYPE_CHECKING:
    from gpt_core.model.config import GPTConfig
    from gpt_core.training.config import TrainConfig

_START = 2.0  # seconds that a run takes besides its steps, where its process is there already


def seconds_until(service: TrainingService, run_id: str) -> float | None:
    """Seconds until a queued run begins, at this machine's speed; None if it doesn't wait.

    What is before it is counted as far as its turn goes. Right within a factor of two or so, as the
    estimates that it adds up.
    """
    now, queue = service.waiting()
    ids = [view.run_id for view in queue]
    if run_id not in ids:
        return None
    before = queue[: ids.index(run_id)]
    most, speed = service.limits.turn_seconds, service.speed()
    total = _START
    if now is not None:
        left = now.seconds_left if now.seconds_left is not None else _seconds(now, speed)
        total += min(left, most)
    return total + sum(_START + min(_seconds(view, speed), most) for view in before)


def _seconds(view: RunView, flops_per_s: float) -> float:
    """Of a run that has not begun, or has no speed yet; 0 where its files can't be read."""
    model, train = view.setup.model, view.setup.train
    if model is None or train is None:
        return 0.0
    share = 1 - min(1.0, view.step / max(1, train.steps))
    return share * _seconds_of(model, train, flops_per_s)


@lru_cache(maxsize=512)  # each of thirty who wait asks for all that are before them
def _seconds_of(model: GPTConfig, train: TrainConfig, flops_per_s: float) -> float:
    from gpt_core.training.estimate import estimate

    return estimate(model, train, flops_per_s).seconds
