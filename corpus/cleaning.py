"""Repair what copying and saving do to a text, and report every kind of change.

Only damage is repaired: letters decoded with the wrong encoding, HTML entities, control
characters. What the author wrote stays: curly quotes, full-width punctuation, emoji,
right-to-left marks. The repairs are ftfy's (https://ftfy.readthedocs.io).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from unicodedata import normalize

from ftfy import TextFixerConfig, fix_encoding, fix_encoding_and_explain, fixes
from ftfy.badness import is_bad

# Repairs work on a line, and on a long line in pieces of this many characters: some take time
# that grows faster than the length.
PIECE = 400
# Mojibake that no single decoding explains costs about 5 microseconds a character to repair,
# so at most this many characters of it are.
REPAIR_LIMIT = 200_000

LINE_ENDINGS = re.compile("\r\n?|[\x0b\x0c\u2028\u2029]")
SURROGATES = re.compile("[\ud800-\udfff]+")
PIECES = re.compile(rf".{{1,{PIECE - 1}}}\s|.{{1,{PIECE}}}", re.DOTALL)
# UTF-8 read as something else leaves two such characters side by side, or one of these three.
MAYBE_MOJIBAKE = re.compile(
    "[^\x00-\x7f]{2}|[\x80-\x9f\N{LATIN CAPITAL LETTER A WITH CIRCUMFLEX}"
    "\N{LATIN CAPITAL LETTER A WITH TILDE}]"
)
LIGATURES = re.compile(f"[{''.join(map(chr, fixes.LIGATURES))}]")
# What prints nothing: C0 but tab and newline, C1, and those that ftfy lists besides.
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u206a-\u206f\ufeff\ufff9-\ufffc]")


@dataclass(frozen=True)
class Change:
    """One kind of change: `count` of `unit` were touched, `before` → `after` is the first.

    In the two examples every character that doesn't print is written as an escape.
    """

    kind: str
    count: int
    unit: str
    before: str
    after: str


@dataclass(frozen=True)
class CleaningReport:
    """What was done to a text: the encoding found, lengths in characters, all changes."""

    encoding: str
    characters_before: int
    characters_after: int
    changes: tuple[Change, ...]


class Tally:
    """Collects changes: a count for each kind, and the first example of it."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._first: dict[str, tuple[str, str, str]] = {}

    def note(self, kind: str, count: int, unit: str, before: str, after: str) -> None:
        """Add `count` changes of a kind; the example is used if it is the kind's first."""
        if kind not in self._first:
            self._first[kind] = (unit, *_example(before, after))
        self._counts[kind] += count

    def note_line(self, kind: str, before: str, after: str) -> None:
        """Add a line that changed."""
        self.note(kind, 1, "lines", before.rstrip("\n"), after.rstrip("\n"))

    def changes(self) -> tuple[Change, ...]:
        """Return all changes, in the order in which their kinds came up."""
        return tuple(Change(kind, self._counts[kind], *how) for kind, how in self._first.items())


def clean(
    text: str, encoding: str = "Unicode", tally: Tally | None = None
) -> tuple[str, CleaningReport]:
    """Return the repaired text and the report. `tally` may hold changes made while decoding."""
    tally = tally or Tally()
    characters = len(text)
    if text.startswith("\ufeff"):
        tally.note("byte order mark removed", 1, "places", text[:20], text[1:20])
        text = text[1:]
    text = _replace(SURROGATES, _join_surrogates, text, "broken characters repaired", tally)
    text = _replace(LINE_ENDINGS, lambda _: "\n", text, "line endings made uniform", tally)
    is_html = "<" in text
    pieces = list(_pieces(text))
    if not is_html:  # in real HTML an entity is meant: "&lt;" there must not become "<"
        pieces = _repair("HTML entities resolved", fixes.unescape_html, pieces, tally)
    pieces = _repair_mojibake(pieces, tally)
    for kind, repair in REPAIRS:
        pieces = _repair(kind, repair, pieces, tally)
    text = "".join(pieces)
    return text, CleaningReport(encoding, characters, len(text), tally.changes())


def _replace(
    pattern: re.Pattern[str],
    by: Callable[[re.Match[str]], str],
    text: str,
    kind: str,
    tally: Tally,
) -> str:
    """Replace every match in the text, and note how many there were."""
    first = pattern.search(text)
    if first is None:
        return text
    example = text[max(0, first.start() - 20) : first.end() + 20]
    text, count = pattern.subn(by, text)
    tally.note(kind, count, "places", example, pattern.sub(by, example))
    return text


def _join_surrogates(match: re.Match[str]) -> str:
    """Halves of a UTF-16 pair become the character they spell; a lone half becomes U+FFFD."""
    return match[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _pieces(text: str) -> Iterator[str]:
    """Cut a text into lines, and long lines into pieces, which joined give the text again."""
    for line in text.splitlines(keepends=True):
        if len(line) <= PIECE:
            yield line
        else:
            yield from PIECES.findall(line)


def _repair(kind: str, repair: Callable[[str], str], pieces: list[str], tally: Tally) -> list[str]:
    """Return every piece repaired, and note those that changed."""
    repaired = [repair(piece) for piece in pieces]
    for before, after in zip(pieces, repaired, strict=True):
        if before != after:
            tally.note_line(kind, before, after)
    return repaired


def _repair_mojibake(pieces: list[str], tally: Tally) -> list[str]:
    """Undo wrong decodings: first one that explains all damaged lines, then line by line."""
    bad = [i for i, piece in enumerate(pieces) if MAYBE_MOJIBAKE.search(piece) and is_bad(piece)]
    if not bad:
        return pieces
    damaged = [pieces[i] for i in bad]
    config = TextFixerConfig(decode_inconsistent_utf8=False)
    together = fix_encoding_and_explain("\0".join(damaged), config).text.split("\0")
    candidates = together if len(together) == len(damaged) else damaged
    spent = 0
    pieces = list(pieces)
    for i, before, after in zip(bad, damaged, candidates, strict=True):
        if before == after and spent < REPAIR_LIMIT:
            spent += len(before) + 10  # a short line has its cost too
            after = fix_encoding(before)
        if before != after:
            tally.note_line("wrongly decoded letters repaired", before, after)
        elif spent >= REPAIR_LIMIT:
            tally.note_line("suspicious letters left as they are", before, after)
        pieces[i] = after
    return pieces


def repair_letters(text: str) -> str:
    """Return the text with wrongly decoded letters repaired, and nothing else changed."""
    return "".join(_repair_mojibake(list(_pieces(text)), Tally()))


REPAIRS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("ligatures split into letters", lambda s: LIGATURES.sub(_split_ligature, s)),
    ("terminal colours removed", fixes.remove_terminal_escapes),
    ("control characters removed", lambda s: CONTROLS.sub("", s)),
    ("letters and their accents joined (NFC)", lambda s: normalize("NFC", s)),
)


def _split_ligature(match: re.Match[str]) -> str:
    return fixes.LIGATURES[ord(match[0])]


def _example(before: str, after: str, width: int = 48) -> tuple[str, str]:
    """Cut both texts to the surroundings of their first difference."""
    pairs = enumerate(zip(before, after, strict=False))
    first = next((i for i, (a, b) in pairs if a != b), min(len(before), len(after)))
    start = max(0, first - width // 3)
    return visible(before[start : start + width]), visible(after[start : start + width])


def visible(text: str) -> str:
    """Return the text with every character that doesn't print written as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
