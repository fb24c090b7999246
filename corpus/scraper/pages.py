"""Read the site's pages: which episodes a show has, and where on a page the script stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message
from html import escape
from urllib.parse import urljoin

import lxml.etree
import lxml.html

from corpus.cleaning import Tally
from corpus.decoding import decode
from corpus.scraper.fetcher import Page
from corpus.scraper.site import EPISODE, Episode, episode_in
from corpus.texts import CorpusError

CONTAINER = "scrolling-script-container"
# A class attribute can carry more tokens than the one that is looked for.
HAS_CLASS = "contains(concat(' ', normalize-space(@class), ' '), ' {} ')"
NUMBERING = re.compile(r"^\d+\.\s*(?:-\s*)?")


class PageError(ValueError):
    """A page that can't be read; the message ends a sentence."""


@dataclass(frozen=True)
class Script:
    """The script on a page, as the HTML inside its container. charset: of the page's bytes."""

    html: str
    charset: str


def text_of(page: Page) -> tuple[str, str]:
    """Return the page's text and the name of its charset.

    A charset in the header is believed if the bytes fit it. The site names none, and its pages are
    UTF-8; what isn't is recognized as a file of unknown origin would be. Raises PageError.
    """
    body = page.body.replace(b"\x00", b"")  # means nothing in a page, and binary data elsewhere
    header = Message()
    header["Content-Type"] = page.content_type or "text/html"
    charset = header.get_content_charset() or "utf-8"
    try:
        return body.decode(charset), charset
    except (LookupError, UnicodeDecodeError):
        pass
    try:
        decoded = decode(body, Tally())
    except CorpusError:
        raise PageError("its letters can't be decoded") from None
    return decoded.text, decoded.encoding


def episodes_on(page: Page, slug: str) -> list[Episode]:
    """Return the show's episodes in order, each once; none if this is no show page.

    Raises PageError if the page's letters can't be decoded.
    """
    tree = _parse(text_of(page)[0])
    found: dict[str, Episode] = {}
    links = tree.xpath(f"//a[{HAS_CLASS.format('season-episode-title')}][@href]")
    # Should the site rename its classes, the addresses still tell.
    for link in links or tree.xpath("//a[contains(@href, 'view_episode_scripts.php')]"):
        try:
            key = episode_in(urljoin(page.address, link.get("href").strip()), slug)
        except ValueError:  # no address at all
            continue
        numbers = EPISODE.fullmatch(key or "")
        if key and numbers and key not in found:
            season, number = map(int, numbers.groups())
            title = NUMBERING.sub("", " ".join(link.text_content().split()))
            found[key] = Episode(season, number, key, title)
    return sorted(found.values())


def script_on(page: Page) -> Script | None:
    """Return the script of an episode page; None if the page has no place for one (a soft 404).

    The script may be empty. Raises PageError if the page breaks off inside it, or can't be decoded.
    """
    text, charset = text_of(page)
    containers = _parse(text).xpath(f"//*[{HAS_CLASS.format(CONTAINER)}]")
    if not containers:
        return None
    # The parser closes what was left open, so only the source tells that the end is missing.
    if "</" not in text[text.rfind(CONTAINER) :].replace("</script", ""):
        raise PageError("the page breaks off inside the script")
    parts = [c for c in containers if not c.xpath(f"ancestor::*[{HAS_CLASS.format(CONTAINER)}]")]
    return Script("\n".join(inner_html(part) for part in parts), charset)


def inner_html(element: lxml.html.HtmlElement) -> str:
    """Return what stands between an element's tags."""
    children = (lxml.html.tostring(child, encoding="unicode") for child in element)
    return escape(element.text or "", quote=False) + "".join(children)


def parse_fragment(html: str) -> lxml.html.HtmlElement:
    """Return an element that holds a piece of HTML, whatever that is."""
    return _parse(f"<html><body><div>{html}</div></body></html>").xpath("//body")[0]


def _parse(text: str) -> lxml.html.HtmlElement:
    """Parse a page, however broken. `huge_tree`: no limit of depth but that on the page's bytes."""
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True)
    data = text.encode("utf-8", "replace")
    try:
        tree = lxml.html.document_fromstring(data, parser=parser)
    except lxml.etree.LxmlError:  # an empty page, for example
        tree = None
    return tree if tree is not None else lxml.html.document_fromstring(b"<html></html>")
