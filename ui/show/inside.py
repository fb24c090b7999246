"""What holds inside of a with block, and for nobody else who runs at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Value = TypeVar("Value")


@contextmanager
def inside(variable: ContextVar[Value], value: Value) -> Iterator[None]:
    """Set a variable; afterwards it is as it was."""
    before = variable.set(value)
    try:
        yield
    finally:
        variable.reset(before)
