"""How long things take, side by side: what is compared takes turns, and so has the same luck."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

import torch
from torch import Tensor

# Of the thread that asks: what else the machine does hardly counts. Windows tells this time in
# steps of 16 ms, in which a small model writes twenty tokens.
thread_seconds = time.perf_counter if os.name == "nt" else time.thread_time


@dataclass(frozen=True)
class Times:
    """Seconds of several things in the same rounds: seconds[thing][round]."""

    seconds: list[list[float]]

    def typical(self, thing: int) -> float:
        """The median of one thing's seconds."""
        return median(self.seconds[thing])

    def ratio(self, thing: int, base: int = 0) -> list[float]:
        """How many times as fast as the base a thing is: the median, lowest and highest round."""
        each = [b / t for b, t in zip(self.seconds[base], self.seconds[thing], strict=True)]
        return [median(each), min(each), max(each)]


def take_turns(
    things: Sequence[Callable[[], object]],
    rounds: int = 5,
    clock: Callable[[], float] = time.perf_counter,
) -> Times:
    """Time things in turns, after one try each that doesn't count.

    Every other round goes backwards: whoever follows the first finds a warmer machine.
    """
    seconds: list[list[float]] = [[] for _ in things]
    for thing in things:
        thing()
    turns = [*zip(things, seconds, strict=True)]
    for number in range(rounds):
        for thing, own in turns[:: -1 if number % 2 else 1]:
            started = clock()
            thing()
            own.append(max(clock() - started, 1e-9))
    return Times(seconds)


@contextmanager
def one_thread() -> Iterator[None]:
    """A small model's step is over before a second thread has begun; none helps at batch 1."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def bandwidth(megabytes: int = 128) -> float:
    """Bytes a second that a product of a large matrix and one vector reads from memory."""
    width = 4096
    matrix = torch.ones(megabytes * 1_000_000 // (4 * width), width)
    vector = torch.ones(width)
    times = take_turns([lambda: torch.mv(matrix, vector)], rounds=7)
    return matrix.nbytes / min(times.seconds[0])


class KeptForBackward:
    """Counts the bytes that are kept for the backward pass at once, beside the parameters.

    with KeptForBackward(model.parameters()) as kept:
        loss = model(x, y)[1]
    kept.nbytes  # the most that was kept at any moment
    """

    def __init__(self, parameters: Iterator[Tensor]) -> None:
        self._parameters = {p.untyped_storage().data_ptr() for p in parameters}
        self._holders: dict[int, int] = {}  # by storage: how many saved tensors look into it
        self._now = self.nbytes = 0
        self._hooks = torch.autograd.graph.saved_tensors_hooks(
            lambda tensor: _Held(self, tensor), lambda held: held.tensor
        )

    def hold(self, storage: torch.UntypedStorage) -> None:
        """One more looks into a storage, which takes memory once."""
        place = storage.data_ptr()
        self._holders[place] = self._holders.get(place, 0) + 1
        if self._holders[place] == 1 and place not in self._parameters:
            self._now += storage.nbytes()
            self.nbytes = max(self.nbytes, self._now)

    def release(self, storage: torch.UntypedStorage) -> None:
        """One less."""
        place = storage.data_ptr()
        self._holders[place] -= 1
        if not self._holders[place] and place not in self._parameters:
            self._now -= storage.nbytes()

    def __enter__(self) -> KeptForBackward:
        self._hooks.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._hooks.__exit__(*exception)


class _Held:
    """A tensor that a graph keeps; the graph lets go of it in the backward pass."""

    def __init__(self, owner: KeptForBackward, tensor: Tensor) -> None:
        self.owner, self.tensor = owner, tensor.detach()  # else it would hold its own graph
        owner.hold(tensor.untyped_storage())

    def __del__(self) -> None:
        self.owner.release(self.tensor.untyped_storage())
