"""One published file fetched over HTTP: capped, checked, and there whole or not at all."""

from __future__ import annotations

import hashlib
import http.client
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO

from corpus.files import check_writable, replacing

PIECE = 1 << 16  # bytes read at a time
SILENCE = 15.0  # seconds without a byte after which a server counts as gone
Progress = Callable[[int, int | None], None]
"""Called with the bytes so far and the bytes in all, None where the server doesn't say."""


class DownloadError(ValueError):
    """A file that could not be fetched; the message is one sentence that says what to do."""


class NotThereError(DownloadError):
    """The server was reached, and has no such file."""


def cache_folder() -> Path:
    """Where this project keeps downloads: the platform's cache folder, or GPT_CACHE."""
    if chosen := os.environ.get("GPT_CACHE"):
        return Path(chosen)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "gpt-from-scratch-live"


def download(
    url: str,
    path: Path,
    *,
    max_bytes: int,
    sha256: str | None = None,
    seconds: float = 3600.0,
    progress: Progress | None = None,
    name: str | None = None,
) -> Path:
    """Fetch url into path and return path.

    It is written beside its place and moved there when it is complete, so nobody ever sees half
    of it. seconds: the longest that all of it may take. name: what messages call it, by default
    the file's name in the address. Raises DownloadError when the address can't be reached or says
    no, or when the file is too large, incomplete, or not of that sha256.
    """
    name = name or url.rsplit("/", 1)[-1]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        check_writable(path)
    except OSError as error:
        raise DownloadError(
            f"{path.parent} can't be written ({error.strerror}): set GPT_CACHE to another folder."
        ) from None
    with replacing(path) as temporary:
        with temporary.open("wb") as file:
            found = _fetch(url, name, file, max_bytes, seconds, progress)
        if sha256 is not None and found != sha256:
            raise DownloadError(
                f"What came for {name} is not the published file (its sha256 differs), so it was"
                " thrown away: try again, or from another network."
            )
    return path


def _fetch(
    url: str, name: str, file: IO[bytes], max_bytes: int, seconds: float, progress: Progress | None
) -> str:
    """Copy what the address answers to a file and return its sha256."""
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "gpt-from-scratch-live"})
        with urllib.request.urlopen(request, timeout=SILENCE) as answer:
            return _copy(answer, name, file, max_bytes, time.monotonic() + seconds, progress)
    except urllib.error.HTTPError as error:
        kind = NotThereError if error.code in (401, 403, 404, 410) else DownloadError
        raise kind(
            f"The server has no {name} for us (it answered {error.code}): check the name, or try"
            " again later."
        ) from None
    except (OSError, http.client.HTTPException) as error:
        host = url.split("/")[2]
        raise DownloadError(
            f"{name} can't be fetched because {host} can't be reached from here"
            f" ({_reason(error)}): go online and try again."
        ) from None


def _copy(
    answer: http.client.HTTPResponse,
    name: str,
    file: IO[bytes],
    max_bytes: int,
    deadline: float,
    progress: Progress | None,
) -> str:
    announced = answer.headers.get("Content-Length", "")
    total = int(announced) if announced.isdecimal() else None
    digest, size = hashlib.sha256(), 0
    while piece := answer.read1(PIECE):
        size += len(piece)
        if size > max_bytes:
            raise DownloadError(
                f"{name} is larger than the {max_bytes / 1e6:,.1f} MB that were expected, so it was"
                " not kept: its address may have changed."
            )
        if time.monotonic() > deadline:
            raise DownloadError(f"{name} takes too long to come: try again later.")
        file.write(piece)
        digest.update(piece)
        if progress:
            progress(size, total)
    if total is not None and size < total:
        raise DownloadError(f"{name} broke off after {size:,} of {total:,} bytes: try again.")
    return digest.hexdigest()


def _reason(error: Exception) -> str:
    """What went wrong, in a word or two."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return "no answer"
    return getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
