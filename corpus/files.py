"""Files and folders that are there whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path to write to; what is written there takes the place of `path` at the end, whole.

    That name never stands for half of a file, not even after a power cut. When something goes
    wrong, `path` stays as it was. An OSError names `path`. What is no file, such as /dev/stdout, is
    written to itself.
    """
    if _is_device(path):
        yield path
        return
    _refuse_folder(path)
    temporary = _beside(path)
    try:
        yield temporary
        _to_disk(temporary)
        temporary.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Give a new folder to fill, which takes the place of `folder`, whole, at the end.

    What `folder` held before is deleted then. When something goes wrong, it stays as it was.
    """
    folder = folder.resolve()  # where it is a link, that stays
    new, old = _beside(folder), _beside(folder)
    new.mkdir(parents=True)
    try:
        yield new
        if folder.exists():
            folder.rename(old)
        try:
            new.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file whole; see `replacing`. Raises OSError."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def append(path: Path, content: bytes) -> None:
    """Add to the end of a file in one write, all of it or nothing. An OSError names the file."""
    try:
        with path.open("ab", buffering=0) as file:
            end = file.tell()
            if file.write(content) < len(content):
                file.truncate(end)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def check_writable(path: Path) -> None:
    """Raise OSError, which names `path`, when no file can be put there."""
    if not _is_device(path):
        _refuse_folder(path)
        try:
            tempfile.TemporaryFile(dir=path.parent).close()
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from None


def is_file(path: Path) -> bool:
    """Whether there is a file that may be looked at; never raises."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _to_disk(path: Path) -> None:
    """Wait until a file's content is stored, so that a power cut can't leave its name alone."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _refuse_folder(path: Path) -> None:
    if path.is_dir():
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))


def _is_device(path: Path) -> bool:
    return path.parent == Path("/dev") or path.exists() and not (path.is_file() or path.is_dir())


def _beside(path: Path) -> Path:
    """A hidden name in the same folder that nothing has."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
