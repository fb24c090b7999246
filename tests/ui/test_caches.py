"""Results that are shared by all visitors, and the room that they take."""

import threading
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from ui.services.caches import Aside, Pool, shared, size_of

KB = 1 << 10


def counted(pool, answer):
    """A shared function, and the list of what it was asked."""
    asked = []

    @shared(pool)
    def function(*arguments):
        asked.append(arguments)
        return answer(*arguments)

    return function, asked


def test_a_result_is_computed_once():
    function, asked = counted(Pool(1 << 20), lambda x: x + 1)
    assert [function(1), function(1), function(2)] == [2, 2, 3]
    assert asked == [(1,), (2,)]


def test_two_functions_in_one_pool_are_told_apart():
    pool = Pool(1 << 20)

    @shared(pool)
    def one(x):
        return x + 1

    @shared(pool)
    def two(x):
        return x + 2

    assert (one(1), two(1)) == (2, 3)


def test_a_page_that_runs_again_finds_its_results():
    """Streamlit runs a page's file anew each time, and with it every function in it."""
    pool, made = Pool(1 << 20), []
    source = compile(
        "@shared(pool)\ndef f(x):\n    made.append(x)\n    return x\nf(1)", "p.py", "exec"
    )
    for _ in range(2):
        exec(source, {"shared": shared, "pool": pool, "made": made})
    assert made == [1]


def test_functions_of_one_name_in_two_files_are_told_apart():
    pool, made = Pool(1 << 20), []
    text = "@shared(pool)\ndef f(x):\n    made.append(x)\n    return x\nf(1)"
    for file in ("one.py", "two.py"):
        exec(compile(text, file, "exec"), {"shared": shared, "pool": pool, "made": made})
    assert made == [1, 1]


def test_the_pool_keeps_to_its_bytes_whatever_the_results_are():
    pool = Pool(1 << 20)
    function, asked = counted(pool, lambda n: np.zeros(n, np.uint8))
    for n in range(300 * KB, 300 * KB + 10):  # three fit in
        function(n)
    assert sum(size_of(kept) for kept in pool.results.values()) <= 1 << 20
    assert len(pool.results) == 3
    function(300 * KB + 9)
    assert len(asked) == 10
    function(300 * KB)
    assert len(asked) == 11


def test_small_results_fill_the_pool_as_well():
    """What they are remembered by takes more room than they do."""
    pool = Pool(1 << 20)
    function, _ = counted(pool, lambda ids: 0.5)
    for n in range(1000):
        function(tuple(range(n, n + 200)))
    assert len(pool.results) <= 128


def test_what_is_larger_than_the_pool_is_kept_alone():
    pool = Pool(1 << 20)
    function, asked = counted(pool, lambda n: np.zeros(n, np.uint8))
    function(1)
    function(2 << 20)
    function(2 << 20)
    assert len(asked) == 2
    assert len(pool.results) == 1


def test_an_argument_s_key_stands_for_it():
    study = SimpleNamespace(key="a")
    same = SimpleNamespace(key="a")
    function, asked = counted(Pool(1 << 20), lambda study, aside: study.key)
    function(study, Aside(1))
    function(same, Aside([2]))
    assert len(asked) == 1


def test_a_long_text_is_not_kept_as_a_key():
    pool = Pool(1 << 20)
    function, asked = counted(pool, len)
    texts = ["a" * 10_000, "a" * 9_999 + "b", "\ud800" * 10_000]
    assert [function(text) for text in texts + texts] == [10_000] * 6
    assert len(asked) == 3
    assert size_of(list(pool.results)) < 4 * KB


def test_who_asks_for_what_is_being_computed_waits_for_it():
    computing, go_on = threading.Event(), threading.Event()

    def slow(x):
        computing.set()
        assert go_on.wait(10)
        return x

    function, asked = counted(Pool(1 << 20), slow)
    found = []
    threads = [threading.Thread(target=lambda: found.append(function(1))) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert computing.wait(10)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert found == [1, 1, 1]
    assert len(asked) == 1


def test_an_exception_is_not_remembered():
    fails = [True]

    def sometimes(x):
        if fails.pop():
            raise ValueError
        return x

    function, _ = counted(Pool(1 << 20), sometimes)
    fails[:] = [False, True]
    with pytest.raises(ValueError):
        function(1)
    assert function(1) == 1


@dataclass(frozen=True)
class Trace:
    tensors: dict
    words: list


@dataclass(frozen=True, slots=True)
class Slotted:
    array: np.ndarray


@pytest.mark.parametrize(
    ("value", "bytes_"),
    [
        (torch.zeros(1000), 4000),
        (torch.zeros(1000)[:1], 4000),  # a part keeps the whole alive
        (torch.zeros(1000, dtype=torch.float16), 2000),
        ([torch.zeros(1000)] * 5, 4000),
        (np.zeros(1000), 8000),
        (np.zeros(1000)[:1], 8000),
        (b"x" * 4000, 4000),
        ("x" * 4000, 4000),
        (Trace({"q": torch.zeros(1000)}, ["x" * 3000]), 7000),
        (Slotted(np.zeros(1000)), 8000),
        (nn.Linear(10, 100), 4400),
        ({"a": [(np.zeros(1000),)]}, 8000),
    ],
)
def test_sizes(value, bytes_):
    """Known sizes; what holds them, Python's objects, may come to 4 KB more."""
    assert bytes_ <= size_of(value) <= bytes_ + 4 * KB


def test_a_circle_has_an_end():
    circle = [np.zeros(1000)]
    circle.append(circle)
    assert 8000 <= size_of(circle) <= 9000
