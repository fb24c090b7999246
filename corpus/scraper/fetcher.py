"""Ask the allowed site for pages, one at a time, politely, and nothing else for anything.

Three libraries share the work. requests-hardened resolves the host's name itself and refuses
private addresses (its adapter is the base of `PoliteAdapter`); requests-cache keeps pages on disk
and revalidates them; Protego reads robots.txt. urllib3's Retry decides what is tried again and
how long to wait, but the waiting is done here: its own loop sleeps where nobody can stop it, takes
no notice of the pace, and doesn't cover a body that breaks off.
"""

from __future__ import annotations

import random
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import urllib3
from protego import Protego
from requests_cache import CachedSession
from requests_hardened.ip_filter_adapter import IPFilterAdapter
from urllib3.util import Retry

from corpus.scraper.site import ScrapeError, Site

AGENT = "gpt-from-scratch-live"
USER_AGENT = f"{AGENT}/0.1 (one learner's copy for study; a request a second; obeys robots.txt)"
ROBOTS_BYTES = 512 * 1024  # RFC 9309 asks for 500 KiB at least
CHUNK = 64 * 1024


@dataclass(frozen=True)
class Manners:
    """How politely and how patiently to ask. Times are seconds, sizes are bytes.

    pace, jitter: the least rest between two requests, and the most that chance adds to it.
    backoff: doubles with every try. longest_wait: a site that wants more is left alone for now.
    page_seconds, page_bytes: a page that takes longer or unpacks to more is given up.
    fresh_seconds: a page this young is taken from the cache without asking.
    """

    pace: float = 1.0
    jitter: float = 0.5
    tries: int = 4
    backoff: float = 1.0
    longest_wait: float = 300.0
    connect_seconds: float = 10.0
    read_seconds: float = 20.0
    page_seconds: float = 60.0
    page_bytes: int = 5_000_000
    fresh_seconds: float = 30 * 86_400.0


class FetchError(Exception):
    """An address that gave no page; the message says why, to end a sentence or a table row."""


class Stopped(Exception):  # noqa: N818 - nothing went wrong
    """The person who started it wants no more."""


class LaterError(ScrapeError):
    """The site wants to be left alone for longer than anybody would watch."""


@dataclass(frozen=True)
class Page:
    """A page as it came: `address` is the one that answered. cached: nothing was downloaded."""

    address: str
    status: int
    body: bytes
    content_type: str = ""
    etag: str | None = None
    cached: bool = False


class PoliteAdapter(IPFilterAdapter):
    """Sends each request, redirects included, when it is allowed to and not before."""

    def __init__(
        self,
        site: Site,
        manners: Manners,
        stop: threading.Event,
        check: Callable[[str], None],
    ) -> None:
        super().__init__(
            is_https_proto=site.origin.startswith("https:"), allow_loopback=site.loopback
        )
        self.pace = manners.pace
        self._manners, self._stop, self._check = manners, stop, check
        self._next = 0.0  # on the monotonic clock

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Return the response with its whole body. Raises FetchError, Stopped or LaterError."""
        address = request.url or ""
        self._check(address)
        retry = Retry(
            total=self._manners.tries - 1,
            status_forcelist=(429, 500, 502, 503, 504),
            backoff_factor=self._manners.backoff,
            retry_after_max=10**9,  # what is too long is decided here
        )
        while True:
            answer = self._ask(request, kwargs)
            if isinstance(answer, requests.Response):
                has_wish = "Retry-After" in answer.headers
                if not retry.is_retry("GET", answer.status_code, has_wish):
                    return answer
                raw, error = answer.raw, None
            else:
                raw, error = None, urllib3.exceptions.ProtocolError(str(answer))
            try:
                retry = retry.increment("GET", address, response=raw, error=error)
            except urllib3.exceptions.MaxRetryError:
                if isinstance(answer, requests.Response):
                    return answer
                raise FetchError(f"{answer}, {self._manners.tries} times in a row") from None
            self.wait(max(self._wish(retry, raw), retry.get_backoff_time()))

    def wait(self, seconds: float) -> None:
        """Rest. Raises Stopped as soon as that is wanted, LaterError if it is too long."""
        if not seconds <= self._manners.longest_wait:  # this way round it catches NaN as well
            raise LaterError(
                f"The site asks to be left alone for {min(seconds, 1e9) / 60:,.0f} minutes: start "
                "again then, what is here stays."
            )
        if self._stop.wait(max(0.0, seconds)):
            raise Stopped

    def slow_down(self, pace: float) -> None:
        """Rest at least so many seconds from now on, the next time too."""
        if not pace <= self.pace:
            self.pace = pace
            self._next = time.monotonic() + pace

    def _ask(self, request: requests.PreparedRequest, kwargs: dict[str, Any]) -> Any:
        """One try: the response, or in words what went wrong and may go right next time."""
        manners = self._manners
        self.wait(self._next - time.monotonic())
        kwargs |= {"stream": True, "timeout": (manners.connect_seconds, manners.read_seconds)}
        try:
            response = super().send(request, **kwargs)
            try:
                response._content = self._body(response.raw)
                response._content_consumed = True
            finally:
                response.raw.close()
        except requests.exceptions.SSLError:
            raise FetchError("the site's certificate isn't valid") from None
        except requests.ConnectionError:
            return "the connection could not be made, or broke"
        except requests.Timeout:
            return f"no answer in {manners.read_seconds:.0f} s"
        except (urllib3.exceptions.HTTPError, OSError) as error:
            # requests' own errors are OSErrors too, and those left are final.
            if isinstance(error, requests.RequestException):
                raise
            return "the page broke off in the middle"
        finally:
            rest = self.pace + random.uniform(0, manners.jitter)
            self._next = time.monotonic() + rest
        return response

    def _body(self, raw: urllib3.HTTPResponse) -> bytes:
        """Read and unpack a body piece by piece, so that no limit is passed unnoticed."""
        coding = raw.headers.get("Content-Encoding", "identity").strip().lower()
        if coding not in ("identity", "gzip", "x-gzip", ""):
            raise FetchError(f"it came packed as {coding[:20]}, which nobody asked for")
        unpack = zlib.decompressobj(zlib.MAX_WBITS | 16) if "gzip" in coding else None
        end = time.monotonic() + self._manners.page_seconds
        most, packed, body = self._manners.page_bytes, 0, bytearray()
        # read1 returns what has come; read would wait for a whole piece, however long.
        while piece := raw.read1(CHUNK, decode_content=False):
            packed += len(piece)
            try:
                body += unpack.decompress(piece, most + 1) if unpack else piece
            except zlib.error:
                raise FetchError("it is packed as gzip, but can't be unpacked") from None
            if max(packed, len(body)) > most:
                raise FetchError(f"it has more than {most / 1e6:.1f} MB, too much for a page")
            if time.monotonic() > end:
                raise FetchError(f"it took more than {self._manners.page_seconds:.0f} s to come")
            if self._stop.is_set():
                raise Stopped
        if unpack and not unpack.eof:
            raise urllib3.exceptions.ProtocolError("gzip breaks off")
        return bytes(body)

    @staticmethod
    def _wish(retry: Retry, raw: urllib3.HTTPResponse | None) -> float:
        """Seconds that the site asks to wait; 0 if it says nothing that can be understood."""
        try:
            return (raw is not None and retry.get_retry_after(raw)) or 0.0
        except (urllib3.exceptions.InvalidHeader, ValueError, OverflowError):
            return 0.0


class Fetcher:
    """Pages of one site: from the cache where that is allowed, else from the site."""

    def __init__(
        self,
        site: Site,
        cache: Path,
        manners: Manners | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        """`cache` is a SQLite file; JSON is in it, so that reading it runs nobody's code."""
        self.site, self.manners = site, manners or Manners()
        self.robots: Page | None = None  # robots.txt as it came
        self._rules: Protego | None = None
        self._no_rules: str | None = None  # why nothing may be fetched, if so
        self._adapter = PoliteAdapter(site, self.manners, stop or threading.Event(), self._check)
        self._session = _session(cache, self.manners.fresh_seconds)
        # Proxies and passwords of the environment would lead elsewhere.
        self._session.trust_env = False
        self._session.max_redirects = 5
        self._session.headers.update({"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"})
        # For any other address there is no adapter, so not even a redirect can leave the site.
        self._session.adapters.clear()
        self._session.mount(f"{site.origin}/", self._adapter)

    def get(self, address: str, *, revalidate: bool = False, anew: bool = False) -> Page:
        """Return the page at an address of the site, whatever its status.

        revalidate: ask the site whether a page in the cache is still the newest. anew: the page in
        the cache is no good. Raises FetchError if there is no page, Stopped, or LaterError.
        """
        if self._rules_unread():
            self._read_robots()
        return self._get(address, refresh=revalidate, force_refresh=anew)

    def kept(self, address: str) -> Page | None:
        """Return the page of an address if the cache has it, however old; asks nobody."""
        request = self._session.prepare_request(requests.Request("GET", address))
        response = self._session.cache.get_response(self._session.cache.create_key(request))
        return None if response is None else _page(response)

    def close(self) -> None:
        """Close connections and the cache."""
        self._session.close()

    def _get(self, address: str, **how: bool) -> Page:
        try:
            response = self._session.get(address, **how)
        except (FetchError, Stopped, LaterError):
            raise
        except requests.exceptions.InvalidSchema:
            raise FetchError("it leads to another site, where nothing is fetched") from None
        except requests.TooManyRedirects:
            raise FetchError("it leads in circles") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
            raise FetchError(f"it can't be fetched ({type(error).__name__})") from None
        return _page(response)

    def _check(self, address: str) -> None:
        """Raise FetchError unless this address may be asked for, now that it is about to be."""
        if not self.site.allows(address):
            raise FetchError("it leads to another site, where nothing is fetched")
        if address == self.site.robots or self._rules_unread():
            return
        if self._no_rules:
            raise FetchError(self._no_rules)
        if self._rules and not self._rules.can_fetch(address, AGENT):
            raise FetchError("robots.txt forbids it")

    def _rules_unread(self) -> bool:
        return self._rules is None and self._no_rules is None

    def _read_robots(self) -> None:
        """Read the site's rules. RFC 9309: none there (4xx) allows all, unreachable nothing."""
        try:
            page = self.robots = self._get(self.site.robots, refresh=True)
        except FetchError as error:
            self._no_rules = f"the site's robots.txt can't be read: {error}"
            return
        if page.status >= 500 or page.status == 429:
            self._no_rules = f"the site's robots.txt can't be read: status {page.status}"
            return
        text = page.body[:ROBOTS_BYTES].decode("utf-8", "replace") if page.status == 200 else ""
        self._rules = Protego.parse(text)
        delay = self._rules.crawl_delay(AGENT) or 0.0
        rate = self._rules.request_rate(AGENT)
        if rate is not None and rate.requests:
            delay = max(delay, rate.seconds / rate.requests)
        self._adapter.slow_down(delay)


def _session(cache: Path, fresh_seconds: float) -> CachedSession:
    """Open the cache. One that is damaged is made anew: it only saves requests."""
    try:
        return _open(cache, fresh_seconds)
    except sqlite3.DatabaseError:
        cache.unlink(missing_ok=True)
        return _open(cache, fresh_seconds)


def _open(cache: Path, fresh_seconds: float) -> CachedSession:
    session = CachedSession(
        str(cache),
        backend="sqlite",
        serializer="json",
        expire_after=fresh_seconds,
        allowable_codes=(200,),
    )
    len(session.cache.responses)  # reads the file
    return session


def _page(response: Any) -> Page:
    return Page(
        address=response.url,
        status=response.status_code,
        body=response.content,
        content_type=response.headers.get("Content-Type", ""),
        etag=response.headers.get("ETag"),
        cached=response.from_cache,
    )
