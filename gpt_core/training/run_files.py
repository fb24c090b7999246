"""A run's folder and its small files, read with suspicion: status.json, metrics.jsonl and others.

A folder may have been copied halfway, edited by hand, filled by a full disk or made by somebody
else. Whatever lies in it, reading gives values of the types below or one sentence (RunError), and
takes a bounded time and a bounded amount of memory. PyTorch is not needed here.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeGuard

from corpus.files import append, is_file, write_bytes

CONFIG, STATUS, METRICS = "config.json", "status.json", "metrics.jsonl"
MODEL, SNAPSHOTS, STATE = "model.safetensors", "snapshots", "state.safetensors"
START = "start.safetensors"
# What the app notes about a run, and what a training process leaves: nothing of the run's own.
NOTES, LOG, LOCK = "service.json", "worker.log", "lock"
# What is said to a process that trains one run after the other, and what it says after each.
TRAIN, DONE = "train", "done"
# What the app calls the run that comes with it; no other run may have this name.
BUNDLED = "bundled"
COPYING = "copying"  # the second one: lists read twice
STATES = ("queued", "running", "paused", "stopped", "finished", "diverged", "failed")
ACTIVE, ENDED = ("queued", "running"), ("stopped", "finished", "diverged")
OUT_OF_MEMORY = "The memory ran out, most likely; try a smaller model or a smaller batch."

# The reason in the status of a run that was made of somebody else's weights.
IMPORTED = "It was imported already trained, so how it learned was not recorded."

# Bounds that nothing which training writes comes near.
MOST_STEPS = 1_000_000
LARGEST_NUMBER = 1e30
LONGEST_REASON = 1_000  # characters
LARGEST_JSON = 4_000_000  # bytes
LARGEST_METRICS = 250_000_000
LONGEST_LINE = 1_000_000


class RunError(ValueError):
    """A run that can't be made or read; the message says why in one sentence."""


@dataclass(frozen=True)
class Status:
    """Where a run stands.

    state: one of STATES. step: steps taken. reason: a sentence for people, or None.
    """

    state: str
    step: int
    reason: str | None = None


@dataclass(frozen=True)
class Record:
    """One line of metrics.jsonl: a step, an evaluation, or a sample of text.

    step: how many steps were done. Of a step: loss (nats per token, of its batch), lr, grad_norm,
    tokens_per_s and elapsed (seconds of training so far). Of an evaluation: train_loss and
    val_loss. Of a sample: the text. What a line doesn't tell is None.
    """

    step: int
    loss: float | None = None
    lr: float | None = None
    grad_norm: float | None = None
    tokens_per_s: float | None = None
    elapsed: float | None = None
    train_loss: float | None = None
    val_loss: float | None = None
    sample: str | None = None

    def line(self) -> bytes:
        """As it stands in the file."""
        told = {name: value for name, value in asdict(self).items() if value is not None}
        text = json.dumps(told, ensure_ascii=False, allow_nan=False) + "\n"
        return text.encode("utf-8", "replace")


_NUMBERS = ("loss", "lr", "grad_norm", "tokens_per_s", "elapsed", "train_loss", "val_loss")


def record_of(line: bytes, name: str) -> Record:
    """What a line of a run's metrics.jsonl says; keys that are unknown here are passed over.

    name: the run's. Raises RunError for what training can't have written.
    """
    what = f"A line of {METRICS} of {name}"
    values = parse_json(line, what)
    if not is_step(values.get("step")):
        raise RunError(f"{what} has no step.")
    told = {key: values[key] for key in _NUMBERS if key in values}
    if not all(map(is_number, told.values())):
        raise RunError(f"{what} is damaged: it has a value that is no number.")
    if ("train_loss" in told) != ("val_loss" in told):
        raise RunError(f"{what} is damaged: an evaluation has two losses.")
    sample = values.get("sample")
    if not isinstance(sample, str | None):
        raise RunError(f"{what} is damaged: its sample is no text.")
    return Record(values["step"], **told, sample=None if sample is None else printable(sample))


def is_step(value: Any) -> TypeGuard[int]:
    """Whether a value can be a number of steps."""
    return type(value) is int and 0 <= value <= MOST_STEPS


def is_number(value: Any) -> bool:
    """Whether a value is a finite number of a size that can be drawn."""
    # Comparing comes before any conversion: JSON's integers may be too long for a float.
    return type(value) in (int, float) and -LARGEST_NUMBER <= value <= LARGEST_NUMBER


def printable(text: str) -> str:
    """A text that can be sent to a browser: JSON may hold halves of characters."""
    return text.encode("utf-8", "replace").decode("utf-8")


class MetricsFile:
    """Follows the metrics.jsonl of a folder; a `read` costs only what was written since the last.

    fault: a sentence when the file can't be read at all, None otherwise (also before it is there).
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / METRICS
        self.fault: str | None = None
        self._name = folder.name
        self._offset = 0
        self._file_number = -1
        self._in_long_line = False

    def read(self) -> Iterator[Record | RunError | None]:
        """The records of all whole lines that were added; an error for each line that is none.

        None comes first when reading begins at the file's start: what was read before counts no
        more, because another file took its place (as when a run goes on from an earlier step) or
        because it was cut short.
        """
        self.fault = None
        try:
            with open_file(self.path) as file:
                found = os.fstat(file.fileno())
                if found.st_size > LARGEST_METRICS:
                    self.fault = f"{METRICS} of {self._name} is far larger than training makes it."
                    return
                if found.st_ino != self._file_number or found.st_size < self._offset:
                    self._offset, self._file_number = 0, found.st_ino
                    self._in_long_line = False
                    yield None
                yield from self._new(file)
        except FileNotFoundError:
            return
        except OSError as error:
            self.fault = f"{METRICS} of {self._name} can't be read: {error.strerror}."

    def _new(self, file: BinaryIO) -> Iterator[Record | RunError | None]:
        file.seek(self._offset)
        while line := file.readline(LONGEST_LINE):
            whole = line.endswith(b"\n")
            if not whole and len(line) < LONGEST_LINE:
                return  # it is still being written, or was torn when its writer died
            self._offset += len(line)
            if self._in_long_line or not whole:
                if whole:
                    yield RunError(f"A line of {METRICS} of {self._name} is far too long.")
                self._in_long_line = not whole
                continue
            try:
                record = record_of(line, self._name)
            except RunError as error:
                yield error
            else:
                yield record


@dataclass(frozen=True)
class RunFolder:
    """A run's folder, known by its path alone: every method looks at what it needs and no more."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    def began(self) -> float:
        """When its settings were written, in seconds since 1970; 0 if that can't be known."""
        try:
            return (self.path / CONFIG).stat().st_mtime
        except OSError:
            return 0.0

    def has_model(self) -> bool:
        """Whether there are weights to look at."""
        return is_file(self.weights_path())

    def version(self, of: str = MODEL) -> str | None:
        """What changes whenever a file of it is replaced or grows; None where there is none."""
        try:
            stat = (self.path / of).stat()
        except OSError:
            return None
        return f"{stat.st_mtime_ns:x}-{stat.st_size:x}"

    def has_notes(self) -> bool:
        """Whether the app noted whose it is."""
        return is_file(self.path / NOTES)

    def notes(self) -> dict[str, Any]:
        """What the app noted about it. Raises RunError."""
        return read_json(self.path / NOTES)

    def write_notes(self, values: dict[str, Any]) -> None:
        """Note something about it. Raises OSError."""
        write_json(self.path / NOTES, values)

    def files_to_hand_out(self) -> list[Path]:
        """All but what only more training needs, the snapshots and who owns it. Raises OSError."""
        private = (NOTES, LOCK, LOG, STATE, START)
        return sorted(p for p in self.path.iterdir() if is_file(p) and p.name not in private)

    def status(self) -> Status:
        """Where it stands. Raises RunError when status.json is missing or damaged."""
        values = read_json(self.path / STATUS)
        state, step, reason = (values.get(key) for key in ("state", "step", "reason"))
        if state not in STATES or not is_step(step) or not isinstance(reason, str | None):
            raise RunError(f"{STATUS} of {self.name} is damaged.")
        return Status(state, step, reason and printable(reason[:LONGEST_REASON]))

    def was_imported(self) -> bool:
        """Whether its weights were made by somebody else; False where a damaged status hides it."""
        try:
            return self.status().reason == IMPORTED
        except RunError:
            return False

    def set_status(self, state: str, step: int, reason: str | None = None) -> None:
        """Replace the status, on a full disk in its place. Raises OSError."""
        path, values = self.path / STATUS, asdict(Status(state, step, reason))
        try:
            write_json(path, values)
        except OSError:
            if not is_file(path):
                raise
            with path.open("r+b") as file:
                file.write(_json(values))
                file.truncate()

    def metrics(self) -> list[Record]:
        """All records so far, oldest first. Raises RunError for a damaged line.

        A last line that isn't complete yet is left out.
        """
        records = []
        for record in self._records():
            if isinstance(record, RunError):
                raise record
            records.append(record)
        return records

    def _records(self) -> Iterator[Record | RunError]:
        """What `metrics` gives, with an error in the place of each damaged line.

        Raises RunError when the file can't be read at all.
        """
        file = MetricsFile(self.path)
        yield from (record for record in file.read() if record is not None)
        if file.fault:
            raise RunError(file.fault)

    def append_metrics(self, record: Record) -> None:
        """Add one record: one write, so that no reader and no kill sees a part of it for long.

        Raises OSError when the disk has no room for all of it; then nothing is added.
        """
        append(self.path / METRICS, record.line())

    def keep_metrics(self, step: int) -> None:
        """Forget all that came after a step, which is about to be trained again.

        So steps only ever go up in one file. Lines that are damaged are forgotten, too. Raises
        RunError, and changes nothing, when the file can't be read.
        """
        records = (record for record in self._records() if isinstance(record, Record))
        kept = [record.line() for record in records if record.step <= step]
        write_bytes(self.path / METRICS, b"".join(kept))
        for snapshot in self.snapshots():
            if snapshot > step:
                self.weights_path(snapshot).unlink()

    def weights_path(self, step: int | None = None) -> Path:
        """The file of the newest weights, or of the snapshot of a step."""
        if step is None:
            return self.path / MODEL
        return self.path / SNAPSHOTS / f"step_{step:06d}.safetensors"

    def snapshots(self) -> list[int]:
        """The steps whose weights were kept, in order."""
        names = (path.stem for path in (self.path / SNAPSHOTS).glob("step_*.safetensors"))
        steps = (name.removeprefix("step_") for name in names)
        return sorted(n for n in map(int, filter(str.isdecimal, steps)) if is_step(n))


def open_file(path: Path) -> BinaryIO:
    """Open a regular file for reading. Raises OSError, also for what is no file.

    A named pipe that nobody writes to would be waited for without an end.
    """
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError(None, "it is no file")
    except OSError:
        os.close(number)
        raise
    return os.fdopen(number, "rb")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object. Raises RunError for anything else."""
    what = f"{path.name} of {path.parent.name}"
    try:
        with open_file(path) as file:
            content = file.read(LARGEST_JSON + 1)
    except FileNotFoundError:
        raise RunError(f"{what} is missing.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RunError(f"{what} can't be read: {reason}.") from None
    if len(content) > LARGEST_JSON:
        raise RunError(f"{what} is damaged: it is far too large.")
    return parse_json(content, what)


def parse_json(content: bytes, what: str) -> dict[str, Any]:
    """A JSON object; `what` it is begins the sentence of the RunError for anything else."""

    def refuse(number: str) -> float:  # JSON has no NaN, but Python reads it
        raise ValueError(number)

    try:
        value = json.loads(content, parse_constant=refuse)
    except (ValueError, RecursionError):
        raise RunError(f"{what} is damaged: it is no valid JSON.") from None
    if not isinstance(value, dict):
        raise RunError(f"{what} is damaged: it must be a JSON object.")
    return value


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Replace a JSON file whole. Raises OSError."""
    write_bytes(path, _json(value))


def _json(value: dict[str, Any]) -> bytes:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1)
    return text.encode("utf-8", "replace")
