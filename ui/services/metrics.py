"""A run's records as curves in memory: read once, then only what was added."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gpt_core.training.run_files import MetricsFile, Record


@dataclass(frozen=True)
class Evaluation:
    """Mean loss over a part of each split, in nats per token."""

    step: int
    elapsed: float
    train_loss: float
    val_loss: float


@dataclass(frozen=True)
class SampleText:
    """What the model wrote when it had trained for this many steps."""

    step: int
    text: str


@dataclass
class Curves:
    """One value a step in each array; evaluations and samples where they were taken.

    loss is in nats per token, elapsed in seconds of training.
    """

    step: array[float] = field(default_factory=lambda: array("d"))
    loss: array[float] = field(default_factory=lambda: array("d"))
    lr: array[float] = field(default_factory=lambda: array("d"))
    grad_norm: array[float] = field(default_factory=lambda: array("d"))
    tokens_per_s: array[float] = field(default_factory=lambda: array("d"))
    elapsed: array[float] = field(default_factory=lambda: array("d"))
    evaluations: list[Evaluation] = field(default_factory=list)
    samples: list[SampleText] = field(default_factory=list)

    @property
    def last_step(self) -> int:
        """The last step that was measured; 0 before the first."""
        return int(self.step[-1]) if self.step else 0

    def copy(self) -> Curves:
        """A copy that no longer changes."""
        arrays = {name: getattr(self, name)[:] for name in ("step", *STEP_VALUES)}
        return Curves(**arrays, evaluations=self.evaluations[:], samples=self.samples[:])

    def add(self, record: Record) -> None:
        """Take one record; one that goes back in time is passed over.

        Steps only go up in a run's file. A run that goes on from an earlier step gets a new one.
        """
        if record.loss is not None and record.step > self.last_step:
            self.step.append(record.step)
            for name in STEP_VALUES:
                value = getattr(record, name)
                getattr(self, name).append(math.nan if value is None else value)
        train, val = record.train_loss, record.val_loss  # a record has both or none
        if train is not None and val is not None and record.step > _last(self.evaluations):
            elapsed = self.elapsed[-1] if self.elapsed else 0.0
            self.evaluations.append(Evaluation(record.step, elapsed, train, val))
        if record.sample is not None and record.step > _last(self.samples):
            self.samples.append(SampleText(record.step, record.sample))


def _last(points: Sequence[Evaluation] | Sequence[SampleText]) -> int:
    return points[-1].step if points else -1


STEP_VALUES = ("loss", "lr", "grad_norm", "tokens_per_s", "elapsed")


class MetricsReader:
    """A run's curves, from its folder; each read() costs only what was written since the last."""

    def __init__(self, folder: Path) -> None:
        self.curves = Curves()
        self._file = MetricsFile(folder)

    @property
    def fault(self) -> str | None:
        """Why the last read() found nothing it could read; None when it did."""
        return self._file.fault

    def read(self) -> None:
        """Take in all whole lines that were added. What is no record is passed over."""
        for record in self._file.read():
            if record is None:
                self.curves = Curves()
            elif isinstance(record, Record):
                self.curves.add(record)
