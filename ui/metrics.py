"""A run's metrics.jsonl as curves in memory: read once, then only what was added."""

from __future__ import annotations

import json
import math
import os
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


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

    def add(self, record: dict[str, Any]) -> None:
        """Take one line of metrics.jsonl. A record of a kind unknown here is passed over."""
        step = int(record["step"])
        if "loss" in record:
            self._rewind(step)
            self.step.append(step)
            for name in STEP_VALUES:
                getattr(self, name).append(float(record.get(name, math.nan)))
        if "val_loss" in record:
            elapsed = self.elapsed[-1] if self.elapsed else 0.0
            self.evaluations.append(
                Evaluation(step, elapsed, float(record["train_loss"]), float(record["val_loss"]))
            )
        if "sample" in record:
            self.samples.append(SampleText(step, str(record["sample"])))

    def _rewind(self, step: int) -> None:
        """Forget steps that are about to be trained again, after a killed worker."""
        if not self.step or self.step[-1] < step:
            return
        self.evaluations = [e for e in self.evaluations if e.step < step]
        self.samples = [s for s in self.samples if s.step < step]
        while self.step and self.step[-1] >= step:
            self.step.pop()
            for name in STEP_VALUES:
                getattr(self, name).pop()


STEP_VALUES = ("loss", "lr", "grad_norm", "tokens_per_s", "elapsed")


class MetricsReader:
    """Follows one metrics.jsonl; each read() costs only what was written since the last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.curves = Curves()
        self._offset = 0
        self._file_number = -1

    def read(self) -> bool:
        """Take in all whole lines that were added; True if there were any.

        A file that was replaced or cut short is read again from its start. A torn line (the
        process was killed while writing it) is passed over.
        """
        try:
            with self.path.open("rb") as file:
                status = os.fstat(file.fileno())
                if status.st_ino != self._file_number or status.st_size < self._offset:
                    self.curves, self._offset = Curves(), 0
                    self._file_number = status.st_ino
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return False
        whole = data.rfind(b"\n") + 1
        self._offset += whole
        for line in data[:whole].splitlines():
            self._take(line)
        return whole > 0

    def _take(self, line: bytes) -> None:
        try:
            record = json.loads(line)
            self.curves.add(record)
        except (ValueError, TypeError, KeyError):
            return  # torn, or not a record
