"""Scrapes that run beside the app, one at a time, each of them its visitor's own.

A thread is enough: it mostly waits for the site. What it has fetched is on disk, so a scrape whose
app was closed goes on where it was when it is started again.
"""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from corpus import MAX_BYTES, MIN_CHARACTERS, Corpus
from corpus.scraper.site import ScrapeError, Site, check_slug
from ui.services.models import runs_root
from ui.services.processwide import once_per_process

# The rest of the scraper takes a third of a second to import, and few visits to the lesson need it.
if TYPE_CHECKING:
    from corpus.scraper.fetcher import Manners
    from corpus.scraper.scrape import Progress, Report, Scrape
    from corpus.scraper.transcript import Stage

logger = logging.getLogger(__name__)

_JOBS_KEPT = 100


def scraping_is_on() -> bool:
    """On by default, off on a public deployment (GPT_PUBLIC=1)."""
    return os.environ.get("GPT_PUBLIC") != "1"


class Job:
    """A scrape in its thread. `progress` and `error` may be read at any time by anybody."""

    def __init__(self, scrape: Scrape) -> None:
        self.scrape = scrape
        self.progress: Progress | None = None
        self.error: str | None = None
        self.thread = threading.Thread(target=self._run, name="scraping", daemon=True)
        self.thread.start()

    @property
    def active(self) -> bool:
        """Whether it is still going on."""
        return self.thread.is_alive()

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop, and is at its last page."""
        return self.active and self.scrape.stop.is_set()

    @property
    def report(self) -> Report:
        """How it went; complete when it is no longer active."""
        return self.scrape.report

    def text(self) -> Corpus:
        """Return the joined corpus, or as many whole episodes of it as the app can take.

        Raises ScrapeError if that is too little to train on.
        """
        try:
            text = self.scrape.archive.corpus.read_text(encoding="utf-8")
        except OSError:
            text = ""
        if len(text) < MIN_CHARACTERS:
            raise ScrapeError(
                f"There are {len(text):,} characters, too few to train on: scrape more episodes."
            )
        name = f"{self.report.show}, scraped"
        if len(text.encode()) > MAX_BYTES:
            text = _whole_episodes(text, MAX_BYTES)
            name += ", its beginning"
        return Corpus(name, text)

    def _run(self) -> None:
        try:
            for progress in self.scrape:
                self.progress = progress
        except ScrapeError as error:
            self.error = str(error)
        except Exception:
            logger.exception("A scrape ended with an error.")
            self.error = (
                "Something unexpected ended it; the app's log says what. Start it again to go on."
            )


def _whole_episodes(text: str, most_bytes: int) -> str:
    """Cut after the last episode that fits; inside the first one if not even that does."""
    from corpus.scraper.archive import SEPARATOR

    text = text.encode()[:most_bytes].decode("utf-8", "ignore")
    return text.rpartition(SEPARATOR)[0] + "\n" if SEPARATOR in text else text


class ScrapingService:
    """The scrapes of this app process. Every method may be called by any thread."""

    def __init__(
        self, root: Path, site: Site | None = None, manners: Manners | None = None
    ) -> None:
        """`root` holds a folder for each show. Only tests name a site."""
        self.root, self._site, self._manners = root, site, manners
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._stages: tuple[tuple[str, str, int], list[Stage]] | None = None

    def start(self, visitor: str, show: str, season: int | None, limit: int | None) -> None:
        """Start a scrape for a visitor. Raises ScrapeError if that isn't possible now, or here."""
        if not scraping_is_on():
            raise ScrapeError("Scraping is switched off on this server: run the app at home.")
        from corpus.scraper.scrape import Scrape

        scrape = Scrape(
            show, self.root, season=season, limit=limit, site=self._site, manners=self._manners
        )
        with self._lock:
            if any(job.active for job in self._jobs.values()):
                raise ScrapeError("Another scrape is going on: wait until it ends, or stop it.")
            self._jobs.pop(visitor, None)
            self._jobs[visitor] = Job(scrape)
            for oldest in list(self._jobs)[:-_JOBS_KEPT]:
                del self._jobs[oldest]

    def stop(self, visitor: str) -> None:
        """Ask the visitor's scrape to end after the page that is under way."""
        if job := self.job(visitor):
            job.scrape.stop.set()

    def hand_over(self, earlier: str, visitor: str) -> None:
        """What was started under an earlier id is the visitor's."""
        with self._lock:
            if job := self._jobs.pop(earlier, None):
                self._jobs[visitor] = job

    def close(self) -> None:
        """Ask the scrape that is going on to end after its page; what it has fetched is kept."""
        with self._lock:
            for job in self._jobs.values():
                job.scrape.stop.set()

    def job(self, visitor: str) -> Job | None:
        """The visitor's last scrape."""
        with self._lock:
            return self._jobs.get(visitor)

    def stages(self, show: str, episode: str) -> list[Stage]:
        """What each cleaning step made of an episode's page; empty if it isn't kept.

        The last answer is remembered: a rerun of the lesson asks for it again.
        """
        from corpus.scraper.archive import Archive
        from corpus.scraper.scrape import kept_stages

        cache = self.root / check_slug(show) / "cache.sqlite"
        key = (show, episode, cache.stat().st_mtime_ns if cache.is_file() else 0)
        known = self._stages  # one tuple, so that threads see a key with its own answer
        if known is None or known[0] != key:
            known = (key, kept_stages(Archive(self.root, show), episode, self._site))
            self._stages = known
        return known[1]


@once_per_process(close=ScrapingService.close)
def scraping_service() -> ScrapingService:
    """The one service of this app process; its texts lie beside the runs."""
    return ScrapingService(runs_root() / "scraped")
