"""`train --stay`: one process for many runs, one after the other, each without a start of its own.

Standard input says `train 2 "FOLDER"` for a run, with its threads and its folder as JSON, then
"pause" or "stop" for the one that trains; its end is the end of the process, which saves first.
After a run that ended in order the process says "done" on standard output and waits for the next.
After any other it ends itself.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

import torch

from corpus.command_line import listen
from gpt_core.training.run import Run
from gpt_core.training.run_files import DONE, LOG, TRAIN
from gpt_core.training.train_run import Interruption, find_device, lower_priority, train_run


class _Order(NamedTuple):
    """A run to train, and the wishes that it end."""

    threads: int
    folder: Path
    interruption: Interruption


class _Orders:
    """What is said on standard input, heard in a thread of its own."""

    def __init__(self) -> None:
        self.queue: SimpleQueue[_Order | None] = SimpleQueue()
        self._newest = Interruption()

    def hear(self, line: str) -> None:
        """Take one line; "" for the end."""
        word, _, rest = line.rstrip("\n").partition(" ")
        threads, _, folder = rest.partition(" ")
        if word == TRAIN and threads.isdecimal():
            with suppress(ValueError, TypeError):  # nonsense is no order
                path = Path(json.loads(folder))
                self._newest = Interruption()
                self.queue.put(_Order(int(threads), path, self._newest))
            return
        self._newest.obey(line)
        if not line:
            self.queue.put(None)


def stay(device: str | None) -> int:
    """Train what is asked for until nobody asks any more."""
    lower_priority()
    orders, device = _Orders(), find_device(device)
    listen(orders.hear)
    while (order := orders.queue.get()) is not None:
        _log_into(order.folder)
        torch.set_num_threads(order.threads)
        with order.interruption.by_signals():
            train_run(Run.open(order.folder), order.interruption, device=device)
        if order.interruption.by_signal:
            break
        gc.collect()  # of a run nothing stays in memory
        print(DONE, flush=True)
    return 0


def _log_into(folder: Path) -> None:
    """What is said from now on is about this run: its log is there already, and no link."""
    flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
    sys.stderr.flush()
    with suppress(OSError):
        log = os.open(folder / LOG, flags)
        os.dup2(log, sys.stderr.fileno())
        os.close(log)
