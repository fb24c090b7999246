"""Scrape a show: list its episodes, fetch those that aren't here, and say how it went."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from corpus.scraper.archive import OUTCOMES, Archive, Entry, sha256
from corpus.scraper.fetcher import Fetcher, FetchError, LaterError, Manners, Page, Stopped
from corpus.scraper.pages import PageError, episodes_on, script_on
from corpus.scraper.site import Episode, ScrapeError, Site, episode_in
from corpus.scraper.transcript import Stage, clean_script, stages

# Missing episodes never end a show, but a site that fails this often in a row has enough to do.
GIVE_UP_AFTER = 10


@dataclass(frozen=True)
class Progress:
    """Where a scrape stands. Times are seconds; `left` is None until it can be estimated."""

    done: int
    total: int
    characters: int
    elapsed: float
    left: float | None
    episode: str = ""
    outcome: str = ""


@dataclass
class Report:
    """How a scrape went: how many episodes came to what, and why those that gave no text didn't.

    texts: the episodes that have one. problems: (episode, outcome, reason) of the others. ended:
    why it ended early, None if it didn't.
    """

    show: str
    listed: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    characters: int = 0
    seconds: float = 0.0
    texts: list[Episode] = field(default_factory=list)
    problems: list[tuple[str, str, str]] = field(default_factory=list)
    ended: str | None = None

    def sentence(self) -> str:
        """All counts in a sentence, those of zero too."""
        counts = ", ".join(f"{self.counts[name]:,} {name}" for name in OUTCOMES)
        return f"{self.listed:,} episodes: {counts}. {self.characters:,} characters of text."


class Scrape:
    """One scrape. Iterate over it to do it; after the last step, `report` is complete."""

    def __init__(
        self,
        slug: str,
        root: Path,
        *,
        season: int | None = None,
        limit: int | None = None,
        site: Site | None = None,
        manners: Manners | None = None,
    ) -> None:
        """`root` holds a folder for each show. limit: the first so many episodes only.

        Raises ScrapeError if `slug` is no name of a show.
        """
        self.archive = Archive(root, slug)
        self.season, self.limit = season, limit
        self.site, self.manners = site or Site(), manners or Manners()
        self.stop = threading.Event()
        self.report = Report(self.archive.slug)
        self.episodes: list[Episode] = []

    def __iter__(self) -> Iterator[Progress]:
        """Yield after each episode. Raises ScrapeError if the show can't be listed."""
        started = time.monotonic()
        try:
            with self.archive.working():
                fetcher = Fetcher(self.site, self.archive.cache, self.manners, self.stop)
                try:
                    yield from self._work(fetcher, started)
                finally:
                    fetcher.close()
                    self._finish(started)
        except (OSError, sqlite3.Error) as error:  # a full disk, most likely
            raise ScrapeError(
                f"{self.archive.folder} can't be written to ({error}): make room there, or choose "
                "another folder, and start again."
            ) from None

    def _work(self, fetcher: Fetcher, started: float) -> Iterator[Progress]:
        try:
            self.episodes = self._list(fetcher)
            yield from self._episodes(fetcher, started)
        except Stopped:
            self.report.ended = "It was stopped; start it again to go on."
        except LaterError as error:
            self.report.ended = str(error)

    def _finish(self, started: float) -> None:
        """Write the corpus of what is here, also after a stop."""
        self.report.seconds = time.monotonic() - started
        if self.episodes:
            self.report.characters = self.archive.join(self.episodes, self._addresses())

    def _addresses(self) -> list[str]:
        return [self.site.episode(self.archive.slug, e.key) for e in self.episodes]

    def _list(self, fetcher: Fetcher) -> list[Episode]:
        """Return the episodes that were asked for, from the show's page. Raises ScrapeError."""
        slug = self.archive.slug
        address = self.site.show(slug)
        try:
            page = fetcher.get(address, revalidate=True)
            if page.status >= 500:
                raise FetchError(f"status {page.status}")
            episodes = episodes_on(page, slug) if page.status == 200 else []
        except (FetchError, PageError) as error:
            self._keep_robots(fetcher)
            self.archive.keep(Entry(address, "failed", time.time(), reason=str(error)))
            raise ScrapeError(
                f"The list of episodes of {slug} can't be fetched: {error}. Try again later."
            ) from None
        self._keep_robots(fetcher)
        outcome = ("cached" if page.cached else "fetched") if episodes else "missing"
        self.archive.keep(_entry(address, outcome, page))
        if not episodes:
            raise ScrapeError(
                f"The site lists no episodes of {slug}: look at the name in its addresses."
            )
        if self.season is not None:
            seasons = sorted({e.season for e in episodes})
            episodes = [e for e in episodes if e.season == self.season]
            if not episodes:
                raise ScrapeError(
                    f"{slug} has no season {self.season}: choose from"
                    f" {', '.join(map(str, seasons))}."
                )
        self.report.listed = len(episodes[: self.limit])
        return episodes[: self.limit]

    def _keep_robots(self, fetcher: Fetcher) -> None:
        page = fetcher.robots
        if page is not None:
            outcome = "missing" if page.status < 500 else "failed"
            if page.status == 200:
                outcome = "cached" if page.cached else "fetched"
            self.archive.keep(_entry(self.site.robots, outcome, page))

    def _episodes(self, fetcher: Fetcher, started: float) -> Iterator[Progress]:
        """Yield once before the first episode and after each."""
        todo = [not self._is_settled(e) for e in self.episodes]
        progress = Progress(0, len(todo), 0, 0.0, self._left(sum(todo), 0, 0.0))
        yield progress
        begun, asked, failed_in_a_row = time.monotonic(), 0, 0
        for i, episode in enumerate(self.episodes):
            if self.stop.is_set():
                raise Stopped
            entry = self._episode(fetcher, episode, asking=todo[i])
            asked += todo[i]
            self._count(episode, entry)
            now = time.monotonic()
            progress = Progress(
                i + 1,
                len(todo),
                self.report.characters,
                now - started,
                self._left(sum(todo[i + 1 :]), asked, now - begun),
                episode.key,
                entry.outcome,
            )
            yield progress
            failed_in_a_row = failed_in_a_row + 1 if entry.outcome == "failed" else 0
            if failed_in_a_row == GIVE_UP_AFTER:
                self.report.ended = (
                    f"{GIVE_UP_AFTER} episodes in a row failed: start it again later."
                )
                return

    def _left(self, to_ask: int, asked: int, seconds: float) -> float:
        """Seconds until the end: as the episodes so far, or at least the pace."""
        each = seconds / asked if asked else self.manners.pace + self.manners.jitter / 2
        return to_ask * each

    def _is_settled(self, episode: Episode) -> bool:
        address = self.site.episode(self.archive.slug, episode.key)
        return self.archive.has(address, episode) or self.archive.is_known_missing(address)

    def _episode(self, fetcher: Fetcher, episode: Episode, *, asking: bool) -> Entry:
        """Return what became of an episode, asking the site only if that isn't known."""
        address = self.site.episode(self.archive.slug, episode.key)
        entry = self.archive.entry(address)
        if not asking and entry is not None:
            return replace(entry, outcome="cached") if entry.text_sha256 else entry
        try:
            # A page that gave no text before may be better now; the one in the cache isn't.
            anew = entry is not None and entry.text_sha256 is None
            page = fetcher.get(address, anew=anew)
        except FetchError as error:
            return self.archive.keep(Entry(address, "failed", time.time(), reason=str(error)))
        return self._read(address, page, episode)

    def _read(self, address: str, page: Page, episode: Episode) -> Entry:
        """Make a text of an episode's page and keep it, or keep why there is none."""
        keep, slug = self.archive.keep, self.archive.slug
        if page.status in (404, 410):
            return keep(_entry(address, "missing", page, f"status {page.status}"))
        if page.status != 200:
            return keep(_entry(address, "failed", page, f"status {page.status}"))
        if page.address != address and episode_in(page.address, slug) != episode.key:
            return keep(_entry(address, "missing", page, "the site shows another page instead"))
        try:
            script = script_on(page)
        except PageError as error:
            return keep(_entry(address, "failed", page, str(error)))
        if script is None:
            return keep(_entry(address, "missing", page, "a page without a script"))
        text = clean_script(script.html)
        if not text:
            reason = "the place of the script is empty"
            return keep(_entry(address, "empty", page, reason, script.charset))
        outcome = "cached" if page.cached else "fetched"
        return keep(_entry(address, outcome, page, None, script.charset), episode, text)

    def _count(self, episode: Episode, entry: Entry) -> None:
        self.report.counts[entry.outcome] += 1
        if entry.text_sha256 is not None:
            self.report.texts.append(episode)
            self.report.characters += len(self.archive.text(episode, entry) or "")
        else:
            self.report.problems.append((episode.key, entry.outcome, entry.reason or ""))


def _entry(
    address: str, outcome: str, page: Page, reason: str | None = None, charset: str | None = None
) -> Entry:
    return Entry(
        address,
        outcome,
        time.time(),
        final_address=page.address,
        status=page.status,
        etag=page.etag,
        sha256=sha256(page.body),
        bytes=len(page.body),
        charset=charset,
        reason=reason,
    )


def kept_stages(archive: Archive, key: str, site: Site | None = None) -> list[Stage]:
    """Return what each cleaning step made of an episode's page; asks nobody for it.

    Empty if the page isn't in the cache any more, or has no script.
    """
    site = site or Site()
    if not archive.cache.is_file():
        return []
    fetcher = Fetcher(site, archive.cache)
    try:
        page = fetcher.kept(site.episode(archive.slug, key))
        script = script_on(page) if page is not None else None
    except (PageError, sqlite3.Error):
        script = None
    finally:
        fetcher.close()
    return list(stages(script.html)) if script else []
