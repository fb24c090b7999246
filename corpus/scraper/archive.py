"""The folder of a show: a text file per episode, one joined corpus, a manifest, the cache.

    modern-family/episodes/s01e01.txt   one episode, UTF-8
    modern-family/corpus.txt            all episodes in order, two empty lines between them
    modern-family/manifest.jsonl        one JSON object per address, see `Entry`
    modern-family/cache.sqlite          the pages as they came

A text file is written beside its place and moved there when it is whole, and only then is its
line added to the manifest. An episode without such a line, or whose text isn't the one that the
line describes, is missing: a process killed at any moment costs one episode at most.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from corpus.files import write_bytes
from corpus.scraper.site import Episode, ScrapeError, check_slug
from corpus.scraper.transcript import PARSER_VERSION

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# What an address came to. A page that is there and was read is fetched or cached.
OUTCOMES = ("fetched", "cached", "empty", "missing", "failed")
SEPARATOR = "\n\n\n"
RECHECK_SECONDS = 86_400.0  # what was missing or empty is asked for again after a day


@dataclass(frozen=True)
class Entry:
    """A line of the manifest: what became of one address.

    address: as asked for. final_address: the one that answered. sha256, bytes: of the page's
    body, unpacked. time: seconds since 1970. episode, text_sha256: only where a text was written.
    """

    address: str
    outcome: str
    time: float
    parser_version: int = PARSER_VERSION
    final_address: str | None = None
    status: int | None = None
    etag: str | None = None
    sha256: str | None = None
    bytes: int | None = None
    charset: str | None = None
    reason: str | None = None
    episode: str | None = None
    text_sha256: str | None = None


class Archive:
    """What is kept of one show."""

    def __init__(self, root: Path, slug: str) -> None:
        """`root` holds a folder for each show. Raises ScrapeError for a name that is none."""
        self.slug = check_slug(slug)
        self.root, self.folder = root, root / self.slug
        self.manifest = self.folder / "manifest.jsonl"
        self.corpus = self.folder / "corpus.txt"
        self.cache = self.folder / "cache.sqlite"
        self._entries = self._read()

    @contextmanager
    def working(self) -> Iterator[None]:
        """Make the folder, and hold the lock that lets one scraper at a time work in `root`.

        One for all shows, so that two of them don't ask the site twice as often. Raises
        ScrapeError if another process or thread has it, or the folder can't be written to.
        """
        try:
            (self.folder / "episodes").mkdir(parents=True, exist_ok=True)
            lock = (self.root / ".lock").open("ab")
        except OSError as error:
            raise ScrapeError(
                f"The folder {self.folder} can't be written to ({error.strerror}): choose another."
            ) from None
        with lock:
            if fcntl is not None:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    raise ScrapeError(
                        "Another scrape is going on here: wait until it ends, or stop it."
                    ) from None
            self._remove_leftovers()
            self._entries = self._read()
            self._write_manifest()
            yield

    def entry(self, address: str) -> Entry | None:
        """Return what is known of an address."""
        return self._entries.get(address)

    def entries(self) -> list[Entry]:
        """Return all that is known, an entry for each address."""
        return list(self._entries.values())

    def has(self, address: str, episode: Episode) -> bool:
        """Whether this episode's text is here, whole, and made by today's parser."""
        entry = self._entries.get(address)
        return (
            entry is not None
            and entry.parser_version == PARSER_VERSION
            and entry.text_sha256 is not None
            and self.text(episode, entry) is not None
        )

    def is_known_missing(self, address: str) -> bool:
        """Whether the site said lately that it doesn't have this episode, or not its words."""
        entry = self._entries.get(address)
        return (
            entry is not None
            and entry.outcome in ("missing", "empty")
            and entry.parser_version == PARSER_VERSION
            and 0 <= time.time() - entry.time < RECHECK_SECONDS
        )

    def text(self, episode: Episode, entry: Entry) -> str | None:
        """Return an episode's text if it is the one that the entry describes."""
        try:
            data = self._path(episode).read_bytes()
        except OSError:
            return None
        return data.decode("utf-8") if sha256(data) == entry.text_sha256 else None

    def keep(self, entry: Entry, episode: Episode | None = None, text: str | None = None) -> Entry:
        """Write an episode's text, if there is one, and then the manifest's line."""
        if episode is not None and text is not None:
            data = text.encode("utf-8")
            write_bytes(self._path(episode), data)
            entry = Entry(
                **asdict(entry) | {"episode": episode.key, "text_sha256": sha256(data)},
            )
        self._entries[entry.address] = entry
        with self.manifest.open("ab") as file:
            file.write(_line(entry))
            file.flush()
            os.fsync(file.fileno())
        return entry

    def join(self, episodes: list[Episode], addresses: list[str]) -> int:
        """Write the corpus of those episodes that are here; return its length in characters."""
        texts = []
        for episode, address in zip(episodes, addresses, strict=True):
            entry = self._entries.get(address)
            if entry is not None and entry.text_sha256 is not None:
                texts.append(self.text(episode, entry) or "")
        joined = SEPARATOR.join(text.rstrip("\n") for text in texts if text)
        joined += "\n" if joined else ""
        write_bytes(self.corpus, joined.encode("utf-8"))
        self._write_manifest()
        return len(joined)

    def _path(self, episode: Episode) -> Path:
        return self.folder / "episodes" / episode.file_name

    def _read(self) -> dict[str, Entry]:
        """Read the manifest; of several lines for an address the last one counts."""
        entries: dict[str, Entry] = {}
        names = {field.name for field in fields(Entry)}
        with suppress(OSError):
            for line in self.manifest.read_bytes().split(b"\n"):
                try:  # a line that was being written when the process died is no line
                    values = json.loads(line)
                    entry = Entry(**{k: v for k, v in values.items() if k in names})
                    entries[entry.address] = entry
                except (ValueError, TypeError, AttributeError):
                    continue
        return entries

    def _write_manifest(self) -> None:
        """Write it anew, one line for each address, without what was half written."""
        write_bytes(self.manifest, b"".join(map(_line, self._entries.values())))

    def _remove_leftovers(self) -> None:
        for folder in (self.folder, self.folder / "episodes"):
            for path in folder.glob(".*.tmp"):
                path.unlink(missing_ok=True)


def sha256(data: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _line(entry: Entry) -> bytes:
    return json.dumps(asdict(entry), ensure_ascii=False).encode("utf-8") + b"\n"
