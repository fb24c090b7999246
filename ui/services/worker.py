"""The process that trains runs: how it is started, kept warm, and the only one on this machine."""

from __future__ import annotations

import errno
import json
import os
import platform
import stat
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from gpt_core.training.run_files import DONE, LOG, TRAIN
from ui.services.process import Process

if sys.platform == "win32":
    fcntl = None
else:
    import fcntl

LOG_NAME = LOG

# Of the run that is first; None where there is none yet. It is also told by `Worker.train`.
Command = Callable[[Path | None], Sequence[str]]

STAYS = fcntl is not None  # where a process can be heard without waiting, and share a lock


def training_command(folder: Path | None) -> list[str]:
    """The command line of a process that trains runs, or where that can't be, this run alone."""
    command = [sys.executable, "-m", "gpt_core", "train"]
    return [*command, "--stay"] if STAYS else [*command, "--run", str(folder), "--worker"]


class MachineLock:
    """Held by whoever trains on this machine, whichever of this user's apps started it.

    It is an advisory lock on a file: the first of a few places where this user can have one, since
    anybody may have put something else at the first. The worker inherits the open file, so the lock
    that it trains under lives as long as the worker does: an app that is killed leaves nothing to
    clean up. The worker's process id is written in it, for people. Without fcntl (Windows) only one
    service is guarded.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.places = [path] if path else _places()

    def acquire(self, held: BinaryIO | None = None) -> BinaryIO | None:
        """The locked file, or None while another worker has it.

        held: the file of a worker that waits, which is taken if it still is the one that others
        lock. Raises OSError, with a sentence, when there can be no such file in any of the places.
        """
        file = self.open()
        if held and os.path.sameopenfile(held.fileno(), file.fileno()):
            file.close()
            file = held
        if fcntl is None:
            return file
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if file is not held:
                file.close()
            return None
        return file

    def open(self) -> BinaryIO:
        """The file, not locked yet. Raises OSError as `acquire` does."""
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


class Worker:
    """A process that trains a run, and may go on with another one when that has ended.

    lock: see `MachineLock`; the process has it as well.
    """

    def __init__(
        self,
        lock: BinaryIO,
        folder: Path | None = None,
        threads: int = 1,
        command: Command = training_command,
    ) -> None:
        """Start it, with the run in this folder or with none yet. Raises OSError.

        The lock belongs to the worker from now on, also where it can't be started.
        """
        self.lock = lock
        try:
            self.process = Process(
                command(folder),
                threads=threads,
                log=folder and folder / LOG_NAME,
                inherited=(lock.fileno(),) if fcntl else (),
            )
        except BaseException:
            lock.close()
            raise
        if folder:
            self._tell(folder, threads)

    def train(self, folder: Path, threads: int) -> None:
        """Go on with this run. Raises OSError where its log can't be written."""
        self.process.log_into(folder / LOG_NAME)
        self._tell(folder, threads)

    def has_done(self) -> bool:
        """Whether it says that a run has ended in order, and it waits for another one."""
        return DONE.encode() in self.process.heard().split()

    def rest(self) -> None:
        """Others may train: it has nothing to do."""
        if fcntl:
            fcntl.flock(self.lock, fcntl.LOCK_UN)

    def close(self, seconds: float = 0.0) -> None:
        """See `Process.close`; the lock goes with it."""
        self.process.close(seconds)
        self.lock.close()

    def _tell(self, folder: Path, threads: int) -> None:
        with suppress(OSError):  # the disk may be full
            os.ftruncate(self.lock.fileno(), 0)
            self.lock.seek(0)
            os.write(self.lock.fileno(), f"{self.process.pid}\n".encode())
        if STAYS:  # as JSON, which is ASCII whatever the folder is called
            self.process.send(f"{TRAIN} {_allowed(threads)} {json.dumps(str(folder))}")


def _allowed(threads: int) -> int:
    """As many, or fewer if the machine's owner has said so for all that OpenMP does."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    return min(threads, int(said)) if said.isdecimal() and int(said) else threads
