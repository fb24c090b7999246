"""Services: made once, by whoever asks first, and alive as long as the process.

They are no entries of a cache. A cache may be emptied at any time; a training run may not end with
it. When the app ends they are closed, the last one first.
"""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import update_wrapper
from typing import Any, Generic, TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Service(Generic[T]):
    """What `once_per_process` makes of a function: who calls it gets the one service."""

    def __init__(self, make: Callable[[], T], close: Callable[[T], None] | None) -> None:
        self._make, self._end = make, close
        self._lock = threading.RLock()
        self._made: list[T] = []  # at most one
        update_wrapper(self, make)

    def __call__(self) -> T:
        """The service. Who asks while it is being made waits; if that raises, it is not made."""
        if not self._made:
            with self._lock:
                if not self._made:
                    self._made.append(self._make())
                    _in_order.append(self)
        return self._made[0]

    def close(self) -> None:
        """End it, if it was ever made. It stays the one service: nobody makes another by asking."""
        if self._made and self._end:
            self._end(self._made[0])

    def reset(self) -> None:
        """End it and make another one when it is asked for again: for tests."""
        self.close()
        with self._lock:
            if self._made:
                self._made.clear()
                _in_order.remove(self)

    @contextmanager
    def replaced(self, other: T) -> Iterator[T]:
        """Let everybody have the other one for a while: for tests."""
        kept, self._made = self._made, [other]
        try:
            yield other
        finally:
            self._made = kept


_in_order: list[Service] = []  # as they were made


def once_per_process(
    close: Callable[[Any], None] | None = None,
) -> Callable[[Callable[[], T]], Service[T]]:
    """Make of a function without arguments a service of this process: see `Service`.

    close: how to end it; it may be called more than once.
    """
    return lambda make: Service(make, close)


def close_all() -> None:
    """End all services, which may take as long as a training run takes to save."""
    for one in reversed(_in_order):
        try:
            one.close()
        except Exception:
            logger.exception("A service could not be closed.")


atexit.register(close_all)  # for a process that is no server, or is told to end twice
