"""The one site that may be asked for transcripts, and its addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

# What stands in the site's addresses: "modern-family", "stranger-things-2016".
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+){0,15}")
SLUG_LENGTH = 80
# Numbers can be odd ("s03e90"), so they are only ever compared, never counted up.
EPISODE = re.compile(r"s(\d{1,3})e(\d{1,4})")

COPYRIGHT = (
    "Scripts belong to those who made the show. Use what you fetch for your own study, and don't "
    "pass it on: not the texts, and not a model that could recite them."
)


class ScrapeError(ValueError):
    """A show can't be scraped; the message is one sentence that says what to do."""


@dataclass(frozen=True, order=True)
class Episode:
    """One episode as the show page lists it. `key` is its name in the address, "s01e01"."""

    season: int
    number: int
    key: str
    title: str = ""

    @property
    def file_name(self) -> str:
        """Name of its text file; `key` is nothing but two numbers, so it is safe in a path."""
        return f"{self.key}.txt"


@dataclass(frozen=True)
class Site:
    """Addresses of the allowed site. `loopback` lets tests ask a server of their own machine."""

    origin: str = "https://www.springfieldspringfield.co.uk"
    loopback: bool = False

    @property
    def robots(self) -> str:
        """Where its rules for programs are."""
        return f"{self.origin}/robots.txt"

    def show(self, slug: str) -> str:
        """Address of the page that lists all episodes of a show."""
        return f"{self.origin}/episode_scripts.php?{urlencode({'tv-show': slug})}"

    def episode(self, slug: str, key: str) -> str:
        """Address of the page with one episode's script."""
        query = urlencode({"tv-show": slug, "episode": key})
        return f"{self.origin}/view_episode_scripts.php?{query}"

    def allows(self, address: str) -> bool:
        """Whether an address lies on this very site: same scheme, host and port, no password."""
        try:
            asked, own = urlsplit(address), urlsplit(self.origin)
            same_port = asked.port == own.port
        except ValueError:  # no address at all
            return False
        names = (asked.scheme, asked.hostname) == (own.scheme, own.hostname)
        return names and same_port and "@" not in asked.netloc


def check_slug(text: str) -> str:
    """Return the name of a show as addresses have it. Raises ScrapeError for anything else."""
    slug = text.strip().lower()
    if len(slug) > SLUG_LENGTH or not SLUG.fullmatch(slug):
        raise ScrapeError(
            "Write the show's name as in the site's addresses: small letters, digits and hyphens,"
            " for example modern-family."
        )
    return slug


def episode_in(address: str, slug: str) -> str | None:
    """Return the key of the episode of this show that an address names, or None."""
    try:
        # Some links were escaped twice: "&amp;episode=" is then part of the address.
        query = parse_qs(urlsplit(address.replace("&amp;", "&")).query)
    except ValueError:
        return None
    key = query.get("episode", [""])[0].strip().lower()
    show = query.get("tv-show", [""])[0].strip().lower()
    return key if show == slug and EPISODE.fullmatch(key) else None
