"""One training process: how it is started, told to pause or stop, and kept the only one.

Training in a thread of the app would make every page several times slower. A process of its own,
at the lowest priority, leaves the pages quick and loses almost nothing itself.
"""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import re
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, BinaryIO

from gpt_core.training.run_files import LONGEST_REASON, open_file
from ui import PROJECT

if sys.platform == "win32":
    fcntl = None
else:
    import fcntl

LOG_NAME = "worker.log"
SENTENCE = 2  # a worker's exit code when its last line says, in one sentence, what is in the way
_LOWEST_PRIORITY = 19
_CAN_BE_NICE = hasattr(os, "setpriority")

Command = Callable[[Path], Sequence[str]]


def training_command(folder: Path) -> list[str]:
    """The command line that trains (or goes on training) the run in this folder."""
    return [sys.executable, "-m", "gpt_core", "train", "--run", str(folder), "--worker"]


class MachineLock:
    """Held by whoever trains on this machine, whichever of this user's apps started it.

    It is an advisory lock on a file: the first of a few places where this user can have one, since
    anybody may have put something else at the first. The worker inherits the open file, so the lock
    lives exactly as long as the worker does: an app that is killed leaves nothing to clean up. The
    worker's process id is written in it, for people. Without fcntl (Windows) only one service is
    guarded.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.places = [path] if path else _places()

    def acquire(self) -> BinaryIO | None:
        """The locked file, or None while another worker has it.

        Raises OSError, with a sentence, when there can be no such file in any of the places.
        """
        file = self._open()
        if fcntl is None:
            return file
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return file

    def _open(self) -> BinaryIO:
        problems = []
        for place in self.places:
            try:
                return _own_file(place)
            except OSError as error:
                problems.append(f"{place} ({error.strerror})")
        raise OSError(
            errno.EACCES,
            f"The lock file that keeps two runs from training at once can't be opened: "
            f"{'; '.join(problems)}.",
        )


def _places() -> list[Path]:
    """Where this user's lock may be, on this machine. The same places for every app."""
    user = os.getuid() if hasattr(os, "getuid") else "user"
    places = [Path(tempfile.gettempdir()) / f"gpt-training-{user}.lock"]
    places.append(Path(f"/run/user/{user}/gpt-training.lock"))
    with contextlib.suppress(RuntimeError):  # no home; one that several machines may share
        places.append(Path.home() / ".cache" / f"gpt-training-{platform.node()}.lock")
    return places


def _own_file(path: Path) -> BinaryIO:
    """Open a file for writing that nobody else can have put there; make it if there is none."""
    flags = os.O_RDWR | os.O_CREAT
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    number = os.open(path, flags, 0o600)
    found = os.fstat(number)
    own = not hasattr(os, "getuid") or found.st_uid == os.getuid()
    if not (own and stat.S_ISREG(found.st_mode) and found.st_nlink == 1):
        os.close(number)
        raise OSError(errno.EACCES, "it is somebody else's")
    return os.fdopen(number, "r+b")


def _new_file(path: Path) -> BinaryIO:
    """Open a file for writing in the place of whatever is there: a link isn't followed."""
    path.unlink(missing_ok=True)
    return path.open("xb")


def last_sentence(folder: Path) -> str | None:
    """The error, in one sentence, with which a worker ended; None when there is none."""
    try:
        with open_file(folder / LOG_NAME) as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - LONGEST_REASON))
            lines = log.read().decode("utf-8", "replace").split("\n")
    except OSError:
        return None
    found = re.fullmatch(r"error: (.+)\n?", "\n".join(lines[-2:]))
    return found and found[1]


class Worker:
    """A running training process."""

    def __init__(
        self, folder: Path, lock: BinaryIO, threads: int, command: Command = training_command
    ) -> None:
        """Start it; the lock file is handed over to it. One thread where nice is missing."""
        threads = threads if _CAN_BE_NICE else 1
        environment = {"OMP_NUM_THREADS": str(threads)} | os.environ
        inherited = (lock.fileno(),) if fcntl else ()
        with lock, _new_file(folder / LOG_NAME) as log:
            self._process = subprocess.Popen(
                list(command(folder)),
                cwd=PROJECT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the app, which then asks politely
                pass_fds=inherited,
            )
            with contextlib.suppress(OSError):  # the disk may be full
                os.ftruncate(lock.fileno(), 0)
                os.write(lock.fileno(), f"{self._process.pid}\n".encode())
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

    @property
    def _stdin(self) -> IO[bytes]:
        assert self._process.stdin is not None  # it was started with a pipe
        return self._process.stdin

    def send(self, command: str) -> None:
        """Tell it to "pause" or "stop"; a worker that has just ended doesn't mind."""
        with contextlib.suppress(OSError, ValueError):
            self._stdin.write(f"{command}\n".encode())
            self._stdin.flush()

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
            self._stdin.close()
