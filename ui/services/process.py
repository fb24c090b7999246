"""A process beside the app: started, told, heard, and ended.

Work in a thread of the app would make every page several times slower. A process of its own, at the
lowest priority, leaves the pages quick and loses almost nothing itself. All of them keep to this:

- Standard input tells the process what to do, a line each, and its end means that the app is gone,
  however it went (`corpus.command_line.listen`).
- What a user can put right is its last line on standard error, "error: " and one sentence, and its
  exit code is 2 (`corpus.command_line.run_command`).
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from ui import PROJECT

LONGEST_LINE = 4_000_000  # bytes; the largest result of gpt_core.jobs has 150,000
_LONGEST_SENTENCE = 1_000  # bytes
_SENTENCE = 2  # the exit code of a process whose last line is a sentence
_LOWEST_PRIORITY = 19
_CAN_BE_NICE = hasattr(os, "setpriority")


class Process:
    """A running process. Every method but `lines` may be called by any thread.

    error: the sentence with which it ended; empty until it was waited for, or where there is none.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        threads: int = 1,
        log: Path | None = None,
        inherited: Sequence[int] = (),
    ) -> None:
        """Start it, or raise OSError.

        threads: it may compute with; one where nice is missing. log: a new file for what it writes
        to standard error, in the place of whatever is there. inherited: open files that it keeps.
        """
        self.error = ""
        self._log: IO[bytes] = _new(log) if log else tempfile.TemporaryFile()  # noqa: SIM115
        try:
            self._process = subprocess.Popen(
                list(command),
                cwd=PROJECT,
                env={"OMP_NUM_THREADS": str(threads if _CAN_BE_NICE else 1)} | os.environ,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                start_new_session=True,  # Ctrl-C reaches the app, which then asks politely
                pass_fds=inherited,
            )
        except BaseException:
            self._log.close()
            raise
        if _CAN_BE_NICE:
            with suppress(OSError):  # it may have ended
                os.setpriority(os.PRIO_PROCESS, self.pid, _LOWEST_PRIORITY)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._process.poll()

    def send(self, line: str) -> None:
        """Tell it something; a process that has just ended doesn't mind."""
        assert self._process.stdin is not None  # it was started with a pipe
        with suppress(OSError, ValueError):
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()

    def log_into(self, log: Path) -> None:
        """Its next errors stand in another file, which it is told to write to. Raises OSError."""
        new = _new(log)
        self._log.close()
        self._log = new

    def heard(self) -> bytes:
        """What it has written since it was asked before, without waiting for more."""
        output = self._process.stdout
        if output is None or output.closed or not hasattr(os, "set_blocking"):
            return b""
        os.set_blocking(output.fileno(), False)
        with suppress(BlockingIOError):
            return os.read(output.fileno(), LONGEST_LINE)
        return b""

    def lines(self) -> Iterator[bytes]:
        """What it writes, a line each; one without an end is cut, and left out where it ends so."""
        output = self._process.stdout
        while line := output.readline(LONGEST_LINE) if output else b"":
            if line.endswith(b"\n") or len(line) == LONGEST_LINE:
                yield line

    def wait(self, seconds: float) -> int | None:
        """Its exit code. None if it has not ended after so many seconds: then it is killed."""
        code = None
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
        if code == _SENTENCE and not self.error:
            self.error = self._last_sentence()
        return code

    def kill(self) -> None:
        """End it at once, and whatever it has started itself."""
        if self._process.returncode is not None:
            return  # its number may be another program's by now
        with suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self.pid, signal.SIGKILL)
            else:
                self._process.kill()

    def close(self, seconds: float = 0.0) -> None:
        """Give its files back; first it may save and leave for so many seconds, or it is killed."""
        if seconds:
            self._close(self._process.stdin)
        else:
            self.kill()
        self.wait(seconds)
        self._close(self._process.stdin, self._process.stdout, self._log)

    def _close(self, *files: IO[bytes] | None) -> None:
        for file in filter(None, files):
            with suppress(OSError):  # a part of what it was told was never read
                file.close()

    def _last_sentence(self) -> str:
        if self._log.closed:
            return ""
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - _LONGEST_SENTENCE))
        last = self._log.read().decode("utf-8", "replace").removesuffix("\n").rpartition("\n")[2]
        return last.removeprefix("error: ") if last.startswith("error: ") else ""


def _new(log: Path) -> IO[bytes]:
    """A new file in the place of whatever is there; a link isn't followed."""
    log.unlink(missing_ok=True)
    return log.open("x+b")
