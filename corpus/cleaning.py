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
from unicodedata import is_normalized, normalize

from ftfy import TextFixerConfig, fix_encoding, fix_encoding_and_explain, fixes
from ftfy.badness import is_bad

# Some repairs work on a line, and on a long line in pieces of this many characters: they take time
# that grows faster than the length.
PIECE = 400
# Mojibake that no single decoding explains costs about 5 microseconds a character to repair,
# so at most this many characters of it are.
REPAIR_LIMIT = 200_000

LINE_ENDINGS = re.compile("\r\n?|[\x0b\x0c\u2028\u2029]")
SURROGATES = re.compile("[\ud800-\udfff]+")
PIECES = re.compile(rf".{{1,{PIECE - 1}}}\s|.{{1,{PIECE}}}", re.DOTALL)
# UTF-8 read as something else leaves two characters beyond ASCII side by side, or C1, Â, Ã. One of
# the two is always a Latin letter or a sign: plain Greek, Cyrillic or Chinese need no closer look.
_TELLING = "[\x80-\u036f\u0384\u0385\u0402\u040e\u045e\u0490\u0491\u2000-\u25ff\ufb01\ufb02\ufffd]"
_C1_OR_A = (
    "[\x80-\x9f\N{LATIN CAPITAL LETTER A WITH CIRCUMFLEX}\N{LATIN CAPITAL LETTER A WITH TILDE}]"
)
MAYBE_MOJIBAKE = re.compile(f"{_TELLING}[^\x00-\x7f]|[^\x00-\x7f]{_TELLING}|{_C1_OR_A}")
ENTITIES = re.compile("&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][0-9A-Za-z]{1,23});")
# A closing tag, or one that needs none.
TAGS = re.compile(
    r"</[a-z][a-z0-9:._-]*\s*>|<(?:!doctype|\?xml|p|br|hr|li|img)\b[^<>]{0,200}>", re.IGNORECASE
)
TAG_WEIGHT = 20
TERMINAL_ESCAPES = re.compile("\x1b\\[[0-9;]*[A-Za-z]")
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

    @property
    def amount(self) -> str:
        """How much changed: "1 place", "2,000 lines"."""
        return f"{self.count:,} {self.unit[:-1] if self.count == 1 else self.unit}"


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
    text = _replace(LINE_ENDINGS, "\n", text, "line endings made uniform", tally)
    text = _unescape(text, tally)
    text = _repair_mojibake(text, tally)
    text = _replace(LIGATURES, _split_ligature, text, "ligatures split into letters", tally)
    text = _replace(TERMINAL_ESCAPES, "", text, "terminal colours removed", tally)
    text = _replace(CONTROLS, "", text, "control characters removed", tally)
    text = _compose(text, tally)
    return text, CleaningReport(encoding, characters, len(text), tally.changes())


def _replace(
    pattern: re.Pattern[str],
    by: str | Callable[[re.Match[str]], str],
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


def _unescape(text: str, tally: Tally) -> str:
    """Resolve HTML entities, if the text as a whole looks as if it had been escaped.

    Escaping turns every "<" into "&lt;". So a "<" is a sign against it, which weighs as much as an
    entity; a tag is a strong sign, for in HTML itself an entity is meant: "&lt;" there must not
    become "<".
    """
    found = Counter(ENTITIES.findall(text))
    meanings = {entity: fixes.unescape_html(entity) for entity in found}
    meanings = {entity: meaning for entity, meaning in meanings.items() if entity != meaning}
    count = sum(found[entity] for entity in meanings)
    if count == 0 or count < text.count("<") + TAG_WEIGHT * len(TAGS.findall(text)):
        return text

    def resolve(part: str) -> str:
        return ENTITIES.sub(lambda entity: meanings.get(entity[0], entity[0]), part)

    start = text.index(next(iter(meanings)))  # found in the order of the text
    example = text[max(0, start - 20) : start + 40]
    tally.note("HTML entities resolved", count, "places", example, resolve(example))
    return resolve(text)


def _pieces(text: str) -> Iterator[str]:
    """Cut a text into lines, and long lines into pieces, which joined give the text again."""
    for line in text.splitlines(keepends=True):
        if len(line) <= PIECE:
            yield line
        else:
            yield from PIECES.findall(line)


def _repair_mojibake(text: str, tally: Tally) -> str:
    """Undo wrong decodings: first one that explains all damaged lines, then line by line."""
    if not MAYBE_MOJIBAKE.search(text):
        return text
    pieces = list(_pieces(text))
    bad = [i for i, piece in enumerate(pieces) if MAYBE_MOJIBAKE.search(piece) and is_bad(piece)]
    if not bad:
        return text
    damaged = [pieces[i] for i in bad]
    config = TextFixerConfig(decode_inconsistent_utf8=False)
    together = fix_encoding_and_explain("\0".join(damaged), config).text.split("\0")
    candidates = together if len(together) == len(damaged) else damaged
    spent = 0
    for i, before, after in zip(bad, damaged, candidates, strict=True):
        if before == after and spent < REPAIR_LIMIT:
            spent += len(before) + 10  # a short line has its cost too
            after = fix_encoding(before)
        if before != after:
            tally.note_line("wrongly decoded letters repaired", before, after)
        elif spent >= REPAIR_LIMIT:
            tally.note_line("suspicious letters left as they are", before, after)
        pieces[i] = after
    return "".join(pieces)


def repair_letters(text: str) -> str:
    """Return the text with wrongly decoded letters repaired, and nothing else changed."""
    return _repair_mojibake(text, Tally())


def _split_ligature(match: re.Match[str]) -> str:
    return fixes.LIGATURES[ord(match[0])]


def _compose(text: str, tally: Tally) -> str:
    """Join letters and their accents (Unicode's normal form C)."""
    if is_normalized("NFC", text):
        return text
    pieces = list(_pieces(text))
    for i, before in enumerate(pieces):
        if not is_normalized("NFC", before):
            pieces[i] = normalize("NFC", before)
            tally.note_line("letters and their accents joined (NFC)", before, pieces[i])
    return "".join(pieces)


def _example(before: str, after: str, width: int = 48) -> tuple[str, str]:
    """Cut both texts to the surroundings of their first difference."""
    pairs = enumerate(zip(before, after, strict=False))
    first = next((i for i, (a, b) in pairs if a != b), min(len(before), len(after)))
    start = max(0, first - width // 3)
    return visible(before[start : start + width]), visible(after[start : start + width])


def visible(text: str) -> str:
    """Return the text with every character that doesn't print written as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
