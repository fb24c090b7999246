"""The process of one job: asked, followed, and ended, however it behaves.

It is to write lines as gpt_core.jobs does. It may as well be killed in the middle of one, write
something else, or write without an end: then there is one sentence about it and no result.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from typing import IO, Any

from ui import PROJECT

_LONGEST_LINE = 4_000_000  # bytes; the largest result of gpt_core.jobs has 150,000
_LAST_MOMENT = 5.0  # seconds that a job may live on after the end of its output

CRASHED = "The computation ended with an error. Start it again, or choose smaller settings."
NOT_STARTED = (
    "The computation could not be started: this computer has no room for another program now. "
    "Start it again in a minute."
)
_KILLED = (
    "The computation was ended from outside, most likely because the memory ran out. Choose "
    "smaller settings, or start it again."
)
_UNREADABLE = "The computation was stopped: what it said can't be read. Start it again."
_UNFINISHED = "The computation ended before it had a result. Start it again."


class JobProcess:
    """A job that runs. Every method but `follow` may be called by any thread."""

    def __init__(self, command: Sequence[str], request: bytes) -> None:
        """Start it. Raises OSError if that isn't possible."""
        self._request = request
        self._process = subprocess.Popen(
            list(command),
            cwd=PROJECT,
            env={"OMP_NUM_THREADS": "1"} | os.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def follow(self, hear: Callable[[int, int, dict[str, Any] | None], None]) -> str:
        """Ask it, and call hear(done, total, value) for every step until it has ended.

        Returns why there is no result, in one sentence; an empty string if there is one.
        """
        stdin, stdout = self._pipes
        with contextlib.suppress(OSError):  # it may have ended before it was asked
            stdin.write(self._request)
            stdin.flush()
        error, whole = "", False
        while line := stdout.readline(_LONGEST_LINE):
            if not line.endswith(b"\n") and len(line) < _LONGEST_LINE:
                break  # it ended in the middle of a line: its exit code says more
            step = _step(line)
            if step is None:
                self.kill()
                error = _UNREADABLE
                break
            if isinstance(step, str):
                error = step
                continue
            done, total, value = step
            whole = done == total and value is not None
            hear(done, total, value)
        code = self._wait()
        if error or (whole and code == 0):
            return error
        return _KILLED if code < 0 else CRASHED if code else _UNFINISHED

    def kill(self) -> None:
        """End it at once, and whatever it has started itself."""
        if self._process.returncode is not None:
            return  # its number may be another program's by now
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()

    def close(self) -> None:
        """Make sure that it has ended, and give its pipes back."""
        self.kill()
        self._process.wait()
        for pipe in self._pipes:
            with contextlib.suppress(OSError):  # a part of the request was never read
                pipe.close()

    @property
    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None  # it was started with both
        return stdin, stdout

    def _wait(self) -> int:
        try:
            return self._process.wait(_LAST_MOMENT)
        except subprocess.TimeoutExpired:  # nothing can come of it any more
            self.kill()
            return abs(self._process.wait())


def _step(line: bytes) -> tuple[int, int, dict[str, Any] | None] | str | None:
    """How far a job is and what it knows; or its error; None for a line that says neither."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    if "error" in said:
        return said["error"] if isinstance(said["error"], str) and said["error"] else None
    done, total, value = said.get("done"), said.get("total"), said.get("value")
    if type(done) is not int or type(total) is not int or not 0 <= done <= total:
        return None
    return (done, total, value) if value is None or isinstance(value, dict) else None
