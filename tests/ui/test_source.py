"""The lines that ran, shown to many visitors at once."""

import gc
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import pytest

from gpt_core.model.gpt import FeedForward
from ui.app import source


class Slow:
    """Garbage that gives other threads time to go on while it is collected."""

    def __init__(self):
        self.me = self

    def __del__(self):
        for _ in range(50):
            pass


def make_garbage(_):
    for _ in range(20_000):
        Slow()


@pytest.fixture
def busy():
    """Threads take turns, and garbage is searched for, as often as Python allows."""
    switches, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(5, 10, 10_000)
    yield
    sys.setswitchinterval(switches)
    gc.set_threshold(*thresholds)


def read_at_once():
    """What four threads found, reading again and again."""

    def read(_):
        return {source._source.__wrapped__(FeedForward) for _ in range(15)}

    with ThreadPoolExecutor(5) as pool:
        pool.submit(make_garbage, None)
        return set.union(*pool.map(read, range(4)))


def test_many_visitors_may_read_the_lines_at_once(busy):
    ((where, lines),) = read_at_once()
    assert where.startswith("`gpt_core/model/gpt.py`, line ")
    assert lines.startswith("class FeedForward(")


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="mended in newer versions of Python")
def test_without_taking_turns_they_may_not(busy, monkeypatch):
    """What the lock is for; when this fails, it can go."""
    monkeypatch.setattr(source, "_parsing", nullcontext())
    with pytest.raises(SystemError):
        for _ in range(20):
            read_at_once()
