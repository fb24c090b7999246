"""What is computed once and shared by all visitors: the same model, prompt and settings.

Streamlit's own cache takes a third of a millisecond to recognise its arguments, and any visitor can
empty it for everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Condition
from typing import Any, TypeVar

from cachetools import LRUCache, cached
from cachetools.keys import hashkey

F = TypeVar("F", bound=Callable[..., Any])


def shared(most: int, size: Callable[[Any], int] | None = None) -> Callable[[F], F]:
    """Remember a function's last `most` results for all visitors, by its arguments.

    size: of a result, where `most` bounds the sum of sizes instead of the number of results.

    Arguments must be hashable, or have a `key` that is: small, equal for arguments of equal
    results, and keeping nothing alive (a model, above all). Whoever asks for what is just being
    computed waits for it. An exception is not remembered.
    """

    def decorate(function: F) -> F:
        remember = cached(LRUCache(most, size), key=_key, condition=Condition())
        return remember(function)  # type: ignore[return-value]

    return decorate


def _key(*arguments: Any, **named: Any) -> Hashable:
    return hashkey(*map(_small, arguments), **{name: _small(a) for name, a in named.items()})


def _small(argument: Any) -> Hashable:
    return getattr(argument, "key", argument)
