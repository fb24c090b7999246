"""Work that takes longer than a page may wait, done in a process of its own.

Each job is a module of this package with one function, named like the module:

    def head_value(run: Run | None, settings: dict) -> Iterator[Progress]

It yields how far it is; the last Progress holds the result, as plain JSON values. A job that is
not about one model gets no run. Settings come from a page's fixed choices, and yet every job
checks them (`choice`, `whole`): what a visitor may compute is bounded here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from gpt_core.training.run import Run


class JobError(ValueError):
    """A job that can't be done as asked; the message says what to do."""


@dataclass(frozen=True)
class Progress:
    """How far a job is. value: what is known so far, or in the last one the result."""

    done: int
    total: int
    value: dict[str, Any] | None = None


Job = Callable[[Run | None, dict[str, Any]], Iterator[Progress]]


def job_names() -> list[str]:
    """The names of all jobs."""
    return sorted(m.name for m in iter_modules(__path__) if not m.name.startswith("_"))


def find_job(name: str) -> Job:
    """A job by its name. Raises JobError when there is none."""
    if name not in job_names():
        raise JobError(f"There is no job {name!r}; there are {', '.join(job_names())}.")
    return getattr(import_module(f"gpt_core.jobs.{name}"), name)


def choice(settings: dict[str, Any], name: str, allowed: Sequence[Any]) -> Any:
    """A setting that must be one of a few values. Raises JobError."""
    value = settings.get(name)
    if value not in allowed:
        raise JobError(f"{name} is {value!r}; choose one of {', '.join(map(str, allowed))}.")
    return value


def whole(settings: dict[str, Any], name: str, low: int, high: int) -> int:
    """A setting that must be a whole number in a range. Raises JobError."""
    value = settings.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise JobError(f"{name} is {value!r}; it must be a whole number from {low} to {high}.")
    return value


def text(settings: dict[str, Any], name: str, longest: int) -> str:
    """A setting that must be a text of at most so many characters. Raises JobError."""
    value = settings.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise JobError(f"{name} must be a text of 1 to {longest} characters.")
    return value


def token_ids(run: Run, settings: dict[str, Any], name: str = "ids") -> list[int]:
    """A setting that must be a list of the run's token ids that fits its context."""
    value: Any = settings.get(name)
    config = run.model_config
    right = isinstance(value, list) and 0 < len(value) <= config.block_size
    if not right or not all(type(i) is int and 0 <= i < config.vocab_size for i in value):
        raise JobError(
            f"{name} must be 1 to {config.block_size} token ids below {config.vocab_size}."
        )
    return value
