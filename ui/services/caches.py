"""What is computed once and shared by all visitors: the same model, prompt and settings.

Streamlit's own cache takes a third of a millisecond to recognise its arguments, and any visitor can
empty it for everybody. And it counts results, of which one may be a thousand times as large as
another. Here all results of one kind share a pool, which has room for so many bytes: when it is
full, the results that were not asked for longest go first.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from functools import wraps
from threading import Condition
from types import FunctionType, ModuleType
from typing import Any, Generic, ParamSpec, TypeVar

import streamlit as st
from cachetools import LRUCache, cached
from cachetools.keys import hashkey

P = ParamSpec("P")
T = TypeVar("T")

_LONG_TEXT = 400  # characters; a longer text is remembered by its sha256
_ENTRY = 8 << 10  # bytes of a result's key and of its place in the pool


class Pool:
    """Room for the results of many functions. most: bytes in all."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.lock = Condition()
        self.results: LRUCache[Hashable, Any] = LRUCache(most, self._size)

    def _size(self, result: object) -> int:
        # A model that is larger than the pool is kept alone in it, and not loaded for each edit.
        return min(self.most, _ENTRY + size_of(result))

    def clear(self) -> None:
        """Forget all results: for tests."""
        with self.lock:
            self.results.clear()


# Numbers, tables, charts, tokenizers, counts of texts.
RESULTS = Pool(128 << 20)
# What was recorded while a model read a prompt. A class of two hundred must fit in, or everybody's
# pass is gone before their next edit: with the bundled model it is room for 390 passes of 40
# tokens, or for seventeen of 384.
PASSES = Pool(256 << 20)
# Weights. A GPT-2 of 124 million parameters takes half a gigabyte.
MODELS = Pool(2 << 30)
SNAPSHOTS = Pool(200 << 20)


def shared(pool: Pool = RESULTS, wait: str = "") -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Remember a function's results for all visitors, by its arguments.

    wait: what the page says while a result that takes long is computed.

    Arguments must be hashable, or have a `key` that is: small, equal for arguments of equal
    results, and keeping nothing alive (a model, above all). Whoever asks for what is just being
    computed waits for it. An exception is not remembered.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        # Not the function itself: a page makes its own ones again whenever it runs.
        name = function.__code__.co_filename, function.__qualname__

        def key(*arguments: Any, **named: Any) -> Hashable:
            small = {keyword: _small(argument) for keyword, argument in named.items()}
            return hashkey(name, *map(_small, arguments), **small)

        compute = _announced(function, wait) if wait else function
        return cached(pool.results, key, condition=pool.lock)(compute)

    return decorate


@dataclass(frozen=True)
class Aside(Generic[T]):
    """An argument that makes no difference to the result, only to how it is found."""

    value: T
    key = None


def _announced(function: Callable[P, T], wait: str) -> Callable[P, T]:
    @wraps(function)
    def compute(*arguments: P.args, **named: P.kwargs) -> T:
        with st.spinner(wait):
            return function(*arguments, **named)

    return compute


def _small(argument: Any) -> Hashable:
    if isinstance(argument, str):
        if len(argument) <= _LONG_TEXT:
            return argument
        return hashlib.sha256(argument.encode("utf-8", "surrogatepass")).digest()
    return getattr(argument, "key", argument)


def size_of(result: object) -> int:
    """Bytes that a result keeps in memory, roughly: its numbers, texts and what holds them.

    A tensor counts with all the memory that it looks into, however small a part it shows.
    """
    total, open_, known = 0, [result], set[int]()
    while open_:
        value = open_.pop()
        if id(value) not in known:
            known.add(id(value))
            total += _own_size(value, known)
            open_.extend(_parts(value))
    return total


def _own_size(value: object, known: set[int]) -> int:
    torch = sys.modules.get("torch")  # a result that holds a tensor has imported it
    if torch and isinstance(value, torch.Tensor):
        storage = value.untyped_storage()
        if (address := storage.data_ptr()) in known:
            return 0
        known.add(address)
        return storage.nbytes()
    owner = getattr(value, "base", None)  # of a numpy array that looks into another's memory
    return max(sys.getsizeof(value), getattr(owner, "nbytes", 0))


def _parts(value: object) -> Iterator[object]:
    if isinstance(value, (type, ModuleType, FunctionType)):
        return
    if isinstance(value, dict):
        yield from value
        yield from value.values()
    elif isinstance(value, (list, tuple, set, frozenset)):
        yield from value
    elif not type(value).__module__.startswith("torch") or _is_module(value):
        yield from getattr(value, "__dict__", {}).values()
        yield from (getattr(value, name) for name in getattr(value, "__slots__", ()))


def _is_module(value: object) -> bool:
    torch = sys.modules.get("torch")
    return bool(torch and isinstance(value, torch.nn.Module))
