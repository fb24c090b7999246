"""One training process: how it is started, told to pause or stop, and kept the only one.

Training in a thread of the app would make every page several times slower. A process of its own,
at the lowest priority, leaves the pages quick and loses almost nothing itself.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PROJECT = Path(__file__).resolve().parent.parent
LOG_NAME = "worker.log"
_LOWEST_PRIORITY = 19
_CAN_BE_NICE = hasattr(os, "setpriority")

Command = Callable[[Path], Sequence[str]]


def training_command(folder: Path) -> list[str]:
    """The command line that trains (or goes on training) the run in this folder."""
    return [sys.executable, "-m", "gpt_core", "train", "--run", str(folder), "--worker"]


class MachineLock:
    """Held by whoever trains on this machine, whichever app started it.

    It is an advisory lock on a file. The worker inherits the open file, so the lock lives exactly
    as long as the worker does: an app that is killed leaves nothing to clean up. The worker's
    process id is written in it, for people. Without fcntl (Windows) only one service is guarded.
    """

    def __init__(self, path: Path | None = None) -> None:
        user = os.getuid() if hasattr(os, "getuid") else "user"
        self.path = path or Path(tempfile.gettempdir()) / f"gpt-training-{user}.lock"

    def acquire(self) -> BinaryIO | None:
        """The locked file, or None while another worker has it."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        file = os.fdopen(os.open(self.path, flags, 0o600), "r+b")
        if fcntl is None:
            return file
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return file


class Worker:
    """A running training process."""

    def __init__(
        self, folder: Path, lock: BinaryIO, threads: int, command: Command = training_command
    ) -> None:
        """Start it; the lock file is handed over to it. One thread where nice is missing."""
        threads = threads if _CAN_BE_NICE else 1
        environment = {"OMP_NUM_THREADS": str(threads)} | os.environ
        inherited = {"pass_fds": (lock.fileno(),)} if fcntl else {}
        with lock, (folder / LOG_NAME).open("wb") as log:
            self._process = subprocess.Popen(
                list(command(folder)),
                cwd=PROJECT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the app, which then asks politely
                **inherited,  # type: ignore[arg-type]
            )
            lock.truncate(0)
            lock.write(f"{self._process.pid}\n".encode())
        if _CAN_BE_NICE:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, self._process.pid, _LOWEST_PRIORITY)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._process.poll()

    def send(self, command: str) -> None:
        """Tell it to "pause" or "stop"; a worker that has just ended doesn't mind."""
        stdin = self._process.stdin
        with contextlib.suppress(OSError, ValueError):
            stdin.write(f"{command}\n".encode())  # type: ignore[union-attr]
            stdin.flush()  # type: ignore[union-attr]

    def kill(self) -> None:
        """End it at once. Its folder stays whole: it is written atomically."""
        self._process.kill()
        self._process.wait()
        self._close_stdin()

    def close(self, seconds: float = 10.0) -> None:
        """Let it save and exit (the end of its stdin tells it to), or end it after a while."""
        self._close_stdin()
        try:
            self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def _close_stdin(self) -> None:
        with contextlib.suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]
