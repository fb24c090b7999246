"""The process that trains a run: how it is started, and kept the only one on this machine."""

from __future__ import annotations

import errno
import os
import platform
import stat
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from ui.services.process import Process

if sys.platform == "win32":
    fcntl = None
else:
    import fcntl

LOG_NAME = "worker.log"

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
    with suppress(RuntimeError):  # no home; one that several machines may share
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


def start_worker(
    folder: Path, lock: BinaryIO, threads: int, command: Command = training_command
) -> Process:
    """Start training the run in this folder; the lock file is handed over to the process."""
    inherited = (lock.fileno(),) if fcntl else ()
    with lock:
        process = Process(
            command(folder), threads=threads, log=folder / LOG_NAME, inherited=inherited
        )
        with suppress(OSError):  # the disk may be full
            os.ftruncate(lock.fileno(), 0)
            os.write(lock.fileno(), f"{process.pid}\n".encode())
    return process
