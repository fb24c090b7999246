"""What all commands of this project do alike: one sentence for a mistake, and orderly ends."""

from __future__ import annotations

import argparse
import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn, TextIO

# What asks a process to end: Ctrl-C, a polite kill, a lost connection, a closed window (Windows).
_ASKING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, in words and not in Python's names of types."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.register("type", int, _whole)
        self.register("type", float, _decimal)

    def error(self, message: str) -> NoReturn:
        """End with that sentence and exit code 2."""
        self.exit(2, f"{self.prog}: {message}; see --help.\n")


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def _decimal(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


def positive(text: str) -> int:
    """The type of an option that counts something."""
    if not text.strip().isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return int(text)


def run_command(command: Callable[[], int]) -> int:
    """Run a command and return its exit code.

    Besides what it returns: 2, and one sentence on stderr, for all that a user can put right; 130
    after Ctrl-C and 141 when nobody reads its output any more, as shells count. A polite kill or a
    lost connection is a SystemExit, so that nothing is left half-written. Other errors are bugs.
    """
    _show_everything()
    try:
        with on_request_to_end(_leave):
            code = command()
            if sys.stdout:
                sys.stdout.flush()  # a full disk shows itself here, not when all is over
        return code
    except KeyboardInterrupt:
        _say("\nStopped.")
        return 130
    except BrokenPipeError:
        return 141
    except OSError as error:
        _say(f"error: {_sentence(error)}")
    except (MemoryError, RuntimeError) as error:
        if not _out_of_memory(error):
            raise
        _say("error: The memory ran out; a smaller model, batch or context needs less.")
    except ValueError as error:  # ConfigError, RunError, TokenizerError and all their like
        _say(f"error: {error}")
    finally:
        for stream in (sys.stdout, sys.stderr):
            _give_up_on_what_cannot_be_written(stream)
    return 2


@contextmanager
def on_request_to_end(ask: Callable[[int], None]) -> Iterator[None]:
    """Within this block, call ask(number) for each signal that asks the process to end.

    A lost connection stays ignored where it is already, as by nohup.
    """
    before = {}
    for number in (getattr(signal, name) for name in _ASKING if hasattr(signal, name)):
        handler = signal.getsignal(number)
        if number == signal.SIGINT or handler != signal.SIG_IGN:
            before[number] = handler
            signal.signal(number, lambda number, frame: ask(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def listen(hear: Callable[[str], None], commands: TextIO | None = None) -> None:
    """Call hear(line) for each line of standard input, in a thread of its own.

    At the end it is hear(""): the program that started this one and told it what to do is gone.
    """
    source = commands or sys.stdin

    def read() -> None:
        line = "\n"
        while line:
            line = source.readline()
            hear(line)

    threading.Thread(target=read, daemon=True).start()


def _leave(number: int) -> None:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


def _sentence(error: OSError) -> str:
    """What happened to which file, and what to do."""
    reason = error.strerror or str(error) or type(error).__name__
    reason = f"{reason[0].lower()}{reason[1:]}"
    if error.errno in _FULL:
        what = error.filename or "The output"
        return f"{what} can't be written, {reason}: make room, and give the same command again."
    if error.filename is None:
        return f"The output can't be written: {reason}."
    return f"{error.filename} can't be read or written: {reason}."


def _out_of_memory(error: Exception) -> bool:
    """Whether it is Python's, NumPy's or one of PyTorch's ways to say so."""
    said = str(error)
    return isinstance(error, MemoryError) or "out of memory" in said or "allocate memory" in said


def _say(sentence: str) -> None:
    with suppress(OSError):  # a terminal that is gone
        print(sentence, file=sys.stderr)


def _show_everything() -> None:
    """Write what an old terminal's characters can't spell as \\u…, rather than end there."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _give_up_on_what_cannot_be_written(stream: TextIO | None) -> None:
    """Drop what a closed pipe or a full disk doesn't take; Python would complain of it at exit."""
    if stream is None:
        return
    try:
        stream.flush()
    except OSError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
