"""Jobs of gpt_core beside the pages: one process at a time, its progress, its Stop, its result.

A result is kept for whoever asks the same of the same weights. The process is to write lines as
gpt_core.jobs does. It may as well be killed in the middle of one, write something else, or write
without an end: then there is one sentence about it and no result.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ui.services.process import Process
from ui.services.processwide import once_per_process
from ui.services.training import Errand, TrainingService, training_service
from ui.show.duration import duration

logger = logging.getLogger(__name__)

RESULTS_KEPT = 200
_LONGEST_QUEUE = 20
_FULL = "Too many computations are waiting here. Try again in a few minutes."
_TOO_LONG = "The computation was stopped: it took longer than {} allowed here."
_CRASHED = "The computation ended with an error. Start it again, or choose smaller settings."
_NOT_STARTED = (
    "The computation could not be started: this computer has no room for another program now. "
    "Start it again in a minute."
)
_KILLED = (
    "The computation was ended from outside, most likely because the memory ran out. Choose "
    "smaller settings, or start it again."
)
_UNREADABLE = "The computation was stopped: what it said can't be read. Start it again."
_UNFINISHED = "The computation ended before it had a result. Start it again."
_LOOK = 0.2  # seconds between two looks at whether a job that waits for its turn is still wanted
_LAST_MOMENT = 5.0  # seconds that a job may live on after the end of its output

Key = tuple[str, str, str]


def longest_job(guest: bool = False) -> float:
    """Seconds that one job may take: less where strangers share the machine.

    guest: whether it was asked for from another computer than the one that runs the app.
    """
    return 180.0 if guest or os.environ.get("GPT_PUBLIC") == "1" else 900.0


@dataclass(frozen=True)
class JobView:
    """A job as a page sees it.

    state: queued, running, finished, failed or stopped. place: how many jobs are before it.
    value: what is known so far; the result once it has finished.
    """

    state: str
    done: int = 0
    total: int = 0
    seconds: float = 0.0
    place: int = 0
    value: dict[str, Any] | None = None
    error: str = ""

    @property
    def active(self) -> bool:
        """Whether it is going to change."""
        return self.state in ("queued", "running")


@dataclass
class _Entry:
    request: str
    visitors: set[str]
    view: JobView = field(default_factory=lambda: JobView("queued"))
    started: float = 0.0
    process: Process | None = None
    guest: bool = False
    errand: Errand | None = None  # while it waits for its turn among the runs


class JobService:
    """Does jobs one after the other. Every method may be called by any thread."""

    def __init__(
        self,
        command: list[str] | None = None,
        runs: Callable[[], TrainingService] | None = None,
    ) -> None:
        """runs: the service in whose queue each job waits for its turn; else they wait for each
        other alone."""
        self._command, self._runs = command or [sys.executable, "-m", "gpt_core.jobs"], runs
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._entries: OrderedDict[Key, _Entry] = OrderedDict()
        self._queue: list[Key] = []
        self._closed = False
        threading.Thread(target=self._work, name="jobs", daemon=True).start()

    def start(self, key: Key, folder: Path | None, visitor: str, guest: bool = False) -> None:
        """Queue a job, or join whoever asked for the same. A visitor's other job gives way.

        guest: see `longest_job`; of a job that several asked for, the first one's.
        """
        name, _, settings = key
        request = {"job": name, "run": folder and str(folder), "settings": json.loads(settings)}
        with self._lock:
            for other in [k for k, e in self._entries.items() if k != key and e.view.active]:
                self._leave(other, visitor)
            entry = self._entries.get(key)
            if entry is not None and entry.view.state in ("queued", "running", "finished"):
                entry.visitors.add(visitor)
                return
            entry = _Entry(json.dumps(request), {visitor}, guest=guest)
            if self._closed or len(self._queue) >= _LONGEST_QUEUE:
                entry.view = JobView("failed", error=_FULL)
            else:
                self._queue.append(key)
            self._entries[key] = entry
            self._forget_old()
            self._wake.notify()

    def stop(self, key: Key, visitor: str) -> None:
        """This visitor doesn't want it any more; it ends when nobody else does."""
        with self._lock:
            self._leave(key, visitor)

    def hand_over(self, earlier: str, visitor: str) -> None:
        """What was asked for under an earlier id is the visitor's."""
        with self._lock:
            for entry in self._entries.values():
                if earlier in entry.visitors:
                    entry.visitors = entry.visitors - {earlier} | {visitor}

    def view(self, key: Key) -> JobView | None:
        """How the job is; None if nobody has asked for it."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            if entry.errand and self._runs:
                return replace(entry.view, place=self._runs().before_errand(entry.errand))
            if entry.view.state == "queued":
                return replace(entry.view, place=self._queue.index(key) + bool(self._running()))
            if entry.view.state == "running":
                return replace(entry.view, seconds=time.monotonic() - entry.started)
            return entry.view

    def close(self) -> None:
        """End whatever runs or waits. The service can't be used afterwards."""
        with self._lock:
            self._closed = True
            for key, entry in self._entries.items():
                entry.visitors.clear()
                self._leave(key, "")
            self._wake.notify()

    def _running(self) -> Key | None:
        now = (k for k, e in self._entries.items() if e.errand or e.view.state == "running")
        return next(now, None)

    def _leave(self, key: Key, visitor: str) -> None:
        entry = self._entries.get(key)
        if entry is None or not entry.view.active:
            return
        entry.visitors.discard(visitor)
        if entry.visitors:
            return
        entry.view = replace(entry.view, state="stopped")
        if key in self._queue:
            self._queue.remove(key)
        if entry.process is not None:
            entry.process.kill()

    def _forget_old(self) -> None:
        ended = [key for key, entry in self._entries.items() if not entry.view.active]
        for key in ended[: max(0, len(self._entries) - RESULTS_KEPT)]:
            del self._entries[key]

    def _work(self) -> None:
        while (entry := self._next()) is not None:
            error, errand = _CRASHED, entry.errand
            try:
                self._wait_for_turn(entry)
                error = self._do(entry)
            except Exception:
                logger.exception("The job service stumbled; it goes on with the next job.")
            self._end(entry, error)
            if errand and self._runs:
                self._runs().end_errand(errand)

    def _wait_for_turn(self, entry: _Entry) -> None:
        """Until it has its turn among the runs, where it needs one, or nobody wants it any more."""
        errand = entry.errand
        while errand and not errand.ready.wait(_LOOK) and entry.view.active and not self._closed:
            pass
        with self._lock:
            entry.errand = None
            if entry.view.state == "queued":
                entry.started = time.monotonic()
                entry.view = replace(entry.view, state="running")

    def _next(self) -> _Entry | None:
        """The first of the queue, which runs when it has its turn; None when the service is
        closed."""
        with self._lock:
            self._wake.wait_for(lambda: self._queue or self._closed)
            if self._closed:
                return None
            entry = self._entries[self._queue.pop(0)]
            if self._runs:
                entry.errand = self._runs().queue_errand()
            return entry

    def _do(self, entry: _Entry) -> str:
        """Do a job from its beginning to its end; why it has no result, if it has none."""
        with self._lock:
            if entry.view.state != "running":  # stopped in the meantime
                return ""
            try:
                entry.process = process = Process(self._command)
            except OSError:
                logger.exception("A job could not be started.")
                return _NOT_STARTED
        timer = threading.Timer(longest_job(entry.guest), self._too_long, (entry,))
        timer.daemon = True
        try:
            timer.start()
            return self._follow(entry, process)
        finally:
            timer.cancel()
            process.close()

    def _follow(self, entry: _Entry, process: Process) -> str:
        """Ask it, and take in every step; why there is no result, or an empty string."""
        process.send(entry.request)
        whole = False
        for line in process.lines():
            step = _step(line)
            if step is None:
                process.kill()
                return _UNREADABLE
            whole = step["done"] == step["total"] and step.get("value") is not None
            with self._lock:
                if entry.view.state == "running":
                    entry.view = replace(entry.view, **step)
        code = process.wait(_LAST_MOMENT)
        if code == 0:
            return "" if whole else _UNFINISHED
        return process.error or (_KILLED if code is not None and code < 0 else _CRASHED)

    def _end(self, entry: _Entry, error: str) -> None:
        with self._lock:
            entry.process = None
            if entry.view.state == "running":
                state, seconds = "failed" if error else "finished", time.monotonic() - entry.started
                entry.view = replace(entry.view, state=state, seconds=seconds, error=error)

    def _too_long(self, entry: _Entry) -> None:
        with self._lock:
            if entry.view.state == "running" and entry.process is not None:
                said = _TOO_LONG.format(duration(longest_job(entry.guest)))
                entry.view = replace(entry.view, state="failed", error=said)
                entry.process.kill()


def _step(line: bytes) -> dict[str, Any] | None:
    """How far a job is and what it knows, as fields of a JobView; None for any other line."""
    try:
        said = json.loads(line)
        done, total, value = said["done"], said["total"], said.get("value")
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        return None
    if type(done) is not int or type(total) is not int or not 0 <= done <= total:
        return None
    known = {} if value is None else {"value": value}
    return {"done": done, "total": total} | known if isinstance(value, dict | None) else None


@once_per_process(close=JobService.close)
def job_service() -> JobService:
    """The one service of this app process."""
    return JobService()


@once_per_process(close=JobService.close)
def search_service() -> JobService:
    """Another one for jobs that train on a text of one's own: they wait in Training's queue."""
    return JobService(runs=training_service)
