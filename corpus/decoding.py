"""Which letters a file's bytes stand for: told by a mark, by UTF-8's own rules, or guessed."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice

import regex

from corpus.cleaning import Tally, visible
from corpus.languages import LANGUAGES
from corpus.texts import CorpusError, Reading

# UTF-32 first: its little-endian mark begins with UTF-16's.
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
UNMARKED = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
# The encodings that people still have files in: what they are called, and how much less often
# than the first a file is in each (as a natural logarithm). A lone accented letter is Western.
LEGACY: dict[str, tuple[str, float]] = {
    "cp1252": ("Windows-1252, Western European", 0.0),
    "cp1250": ("Windows-1250, Central European", -4.0),
    "cp1251": ("Windows-1251, Cyrillic", -4.0),
    "cp1253": ("Windows-1253, Greek", -5.0),
    "cp1254": ("Windows-1254, Turkish", -5.0),
    "cp1255": ("Windows-1255, Hebrew", -5.0),
    "cp1256": ("Windows-1256, Arabic", -5.0),
    "cp1257": ("Windows-1257, Baltic", -5.0),
    "iso8859_15": ("ISO 8859-15, Western European", -5.0),
    "cp932": ("Shift JIS, Japanese", -6.0),
    "euc_jp": ("EUC-JP, Japanese", -6.0),
    "gb18030": ("GB 18030, Chinese", -6.0),
    "cp950": ("Big5, Chinese", -6.0),
    "cp949": ("EUC-KR, Korean", -6.0),
    "cp1258": ("Windows-1258, Vietnamese", -8.0),
    "cp874": ("Windows-874, Thai", -6.0),
    "iso8859_2": ("ISO 8859-2, Central European", -6.0),
    "koi8_u": ("KOI8-U, Cyrillic", -6.0),
    "mac_roman": ("Mac Roman, Western European", -6.0),
    "cp850": ("DOS 850, Western European", -6.0),
    "iso8859_5": ("ISO 8859-5, Cyrillic", -8.0),
    "iso8859_6": ("ISO 8859-6, Arabic", -8.0),
    "iso8859_7": ("ISO 8859-7, Greek", -8.0),
    "iso8859_8": ("ISO 8859-8, Hebrew", -8.0),
    "iso8859_13": ("ISO 8859-13, Baltic", -8.0),
    "cp437": ("DOS 437, American", -8.0),
    "cp852": ("DOS 852, Central European", -8.0),
    "cp866": ("DOS 866, Cyrillic", -8.0),
}
UTF_NAMES = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "utf-32": "UTF-32",
    **{encoding: encoding.upper() for encoding in UNMARKED},
}
# Where one encoding is another with more characters, the larger one reads both.
LARGER = {
    "ascii": "utf-8",
    "utf-8-sig": "utf-8",
    "latin-1": "cp1252",
    "shift_jis": "cp932",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "big5": "cp950",
    "euc_kr": "cp949",
    "koi8_r": "koi8_u",
    "iso8859_9": "cp1254",
}
_NOT_LATIN = r"[[\p{L}\p{M}]--\p{Latin}--\p{Inherited}--µ]"
# What is unlikely in every language, and how unlikely: a capital inside a word, a sign inside a
# word, a letter beside a digit, letters of two scripts side by side, quotation marks on the wrong
# side of a word, and characters that don't belong in a text at all.
ODDITIES = tuple(
    (regex.compile(pattern, regex.V1), likelihood)
    for pattern, likelihood in (
        (r"\p{Ll}\p{Lu}", -5.0),
        (r"\p{L}[^\p{L}\p{M}\p{N}\s\p{ASCII}’‘·\xad–—‑]\p{L}", -8.0),
        (r"[\p{L}--\p{ASCII}--[ºªµ]]\d|\d[\p{L}--\p{ASCII}--[ºªµ]]", -3.0),
        (rf"\p{{Latin}}{_NOT_LATIN}|{_NOT_LATIN}\p{{Latin}}", -6.0),
        (r"\p{L}[‚„¿¡]|[”»…]\p{L}", -3.0),
        (r"[\x80-\x9f\ufffd\p{Co}\p{Cn}\u2500-\u259f\uff61-\uff9f]", -5.0),
    )
)
# A word with a byte beyond ASCII. No encoding above has bytes below 0x30 inside a character, so
# such bytes are safe places to cut; an over-long word is cut where it may hurt one character.
WORD = re.compile(rb"(?<![^\x00-\x2f])[\x30-\x7f]*+([\x80-\xff][^\x00-\x2f]{0,300})")
SPACE = re.compile(rb"\s")
ENOUGH_PLACES, LONGEST_SEARCH = 500, 2_000
# Right guesses on texts in 50 languages reach at least -4 for each byte beyond ASCII, random bytes
# at most -7.
LEAST_LIKELY = -5.5
BEYOND_ASCII = bytes(range(0x80, 0x100))
CONTROLS = bytes({*range(0x20), 0x7F} - set(b"\t\n\v\f\r\x1a\x1b"))
READINGS, SHORTEST_EXCERPT, LONGEST_EXCERPT = 3, 40, 80


@dataclass(frozen=True)
class Decoded:
    """A file's text. readings: if it had to be guessed, the likeliest first; empty otherwise."""

    text: str
    encoding: str
    readings: tuple[Reading, ...] = ()


def encoding_name(encoding: str) -> str:
    """Return what people call an encoding."""
    if encoding in LEGACY:
        return LEGACY[encoding][0]
    return UTF_NAMES.get(encoding, encoding)


def decode(data: bytes, tally: Tally, encoding: str | None = None) -> Decoded:
    """Return the text in some bytes; with `encoding`, as it is in that one.

    Else, in this order: a byte order mark; UTF-16 and UTF-32 without one; UTF-8; and of UTF-8 with
    a few broken bytes and the legacy encodings the one whose letters make words. Bytes that fit no
    character become U+FFFD and are noted in `tally`. Raises CorpusError for an unknown encoding
    and for binary data.
    """
    certain = _certain_encoding(data)
    likely = [certain] if certain else _likely_encodings(data)
    if encoding is not None:
        chosen = _known(encoding)
    elif likely:
        chosen = likely[0]
    else:
        raise CorpusError(
            "In no known encoding do these bytes make words: save them as plain text in UTF-8."
        )
    readings = () if certain else _readings(data, likely)
    return Decoded(_decode_leniently(data, chosen, tally), chosen, readings)


def refuse_binary(data: bytes) -> None:
    """Raise CorpusError if the bytes hold more control characters than a text does."""
    if _share(CONTROLS, data) > 0.01:
        raise CorpusError("This looks like binary data, not text: save it as plain text in UTF-8.")


def _known(encoding: str) -> str:
    """The encoding by the name that it has here. Raises CorpusError if it isn't here."""
    ours = {codecs.lookup(name).name: name for name in (*LEGACY, *UTF_NAMES)}
    ours |= {codecs.lookup(a).name: b for a, b in LARGER.items()}
    try:
        return ours[codecs.lookup(encoding).name]
    except (LookupError, ValueError):  # ValueError: a NUL in the name
        raise CorpusError(
            f"There is no encoding {visible(encoding[:40])!r} here: name one of "
            + ", ".join([*UTF_NAMES, *LEGACY])
            + "."
        ) from None


def _certain_encoding(data: bytes) -> str | None:
    """The encoding that some bytes can only be in; None if it has to be guessed.

    Raises CorpusError for binary data.
    """
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return encoding
    if b"\x00" in data:
        for encoding in UNMARKED:
            if _reads_well(data[:40_000], encoding):
                return encoding
    refuse_binary(data)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return "utf-8"


def _reads_well(data: bytes, encoding: str) -> bool:
    """Whether nearly all characters are ASCII, those of one script, or known to some language."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(data)
    except UnicodeDecodeError:
        return False
    counts = Counter(text)
    blocks = Counter({0: 1})
    for character, count in counts.items():
        if 0x80 <= ord(character) < 0x3000:  # above, a script fills many blocks
            blocks[ord(character) >> 8] += count
    script = blocks.most_common(1)[0][0]
    well = sum(
        count
        for character, count in counts.items()
        if (character.isascii() and (character.isprintable() or character in "\t\n\r"))
        or (script and ord(character) >> 8 == script)
        or any(character in language.likelihoods for language in LANGUAGES)
    )
    return well > 0.8 * len(text)


def _likely_encodings(data: bytes) -> list[str]:
    """The likeliest encodings, each of which gives another text; none if no text makes words.

    This is Bayes' rule: of each encoding, how often files are in it, times how likely in the best
    fitting of its languages such letters are, times how unlikely what looks odd is.
    """
    words = b"\n".join(_sample_of_words(data))
    decoded = {encoding: words.decode(encoding, "replace") for encoding in LEGACY}
    fits = {encoding: _likelihood(text, encoding) for encoding, text in decoded.items()}
    ranked = sorted(LEGACY, key=lambda encoding: -(LEGACY[encoding][1] + fits[encoding]))
    likely: list[str] = []
    for encoding in ranked:
        if all(decoded[encoding] != decoded[better] for better in likely):
            likely.append(encoding)
    if _is_mostly_utf8(data):
        return ["utf-8", *likely][:READINGS]
    if _share(BEYOND_ASCII, data) > 0.2:
        size = sum(byte >= 0x80 for byte in words)
        if fits[likely[0]] < LEAST_LIKELY * size:
            return []
    return likely[:READINGS]


def _share(kind: bytes, data: bytes) -> float:
    """The share of the data's bytes that are of a kind."""
    return 1 - len(data.translate(None, kind)) / len(data) if data else 0.0


def _is_mostly_utf8(data: bytes) -> bool:
    """Is this UTF-8 with a few broken bytes? In other encodings hardly any sequence is valid."""
    broken = data.decode("utf-8", "replace").count("\ufffd")
    valid = len(data.decode("utf-8", "ignore")) - len(data.translate(None, BEYOND_ASCII))
    return valid > 5 * broken


def _sample_of_words(data: bytes) -> list[bytes]:
    """Different words with bytes beyond ASCII, from all parts of the data that have such words."""
    for most in (1_500, 15_000, len(data)):
        places = list(_telling_words(data, stride=len(data) // most))
        if len(places) > ENOUGH_PLACES:
            break
    return list(dict.fromkeys(data[start:end] for start, end in places))


def _telling_words(data: bytes, stride: int = 0) -> Iterator[tuple[int, int]]:
    """Yield where a word with bytes beyond ASCII starts and ends, one in `stride` bytes at most."""
    position = 0
    while match := WORD.search(data, position):
        yield max(match.start(), match.start(1) - 40), match.end()
        position = max(match.end(), match.start() + stride)


def _likelihood(text: str, encoding: str) -> float:
    """The logarithm of how likely the characters beyond ASCII are in the best fitting language."""
    counts = Counter(re.findall(r"[^\x00-\x7f]", text))
    fit = max(
        sum(n * language.likelihoods.get(c, language.unknown) for c, n in counts.items())
        for language in LANGUAGES
        if encoding in language.encodings
    )
    return fit + sum(
        likelihood * len(pattern.findall(text, overlapped=True)) for pattern, likelihood in ODDITIES
    )


def _readings(data: bytes, encodings: list[str]) -> tuple[Reading, ...]:
    """Each reading, with the first places that tell it from the others."""
    alike = set(combinations(encodings, 2))
    places: list[bytes] = []
    shown = 0  # up to here
    for start, end in islice(_telling_words(data), LONGEST_SEARCH):
        short = sum(map(len, places)) < SHORTEST_EXCERPT
        if not alike and not short:
            break
        looks = {encoding: data[start:end].decode(encoding, "replace") for encoding in encodings}
        still_alike = {(one, other) for one, other in alike if looks[one] == looks[other]}
        useful = short or still_alike != alike
        if useful and start >= shown and len(set(looks.values())) > 1:
            first, last = _with_context(data, start, end)
            places.append(data[max(first, shown) : last])
            shown = last
        alike = still_alike
    return tuple(
        Reading(encoding, " … ".join(_excerpt(place, encoding) for place in places))
        for encoding in encodings
    )


def _with_context(data: bytes, start: int, end: int) -> tuple[int, int]:
    """Where a few whole words around one start and end."""
    space = SPACE.search(data, start - 25, start) if start > 25 else None
    first = space.end() if space else 0 if start <= 25 else start
    last = max(data.rfind(b" ", end, end + 40), data.rfind(b"\n", end, end + 40), end)
    return first, last


def _excerpt(place: bytes, encoding: str) -> str:
    """Some bytes in one line, as they read in an encoding."""
    return visible(" ".join(place.decode(encoding, "replace").split())[:LONGEST_EXCERPT])


def _decode_leniently(data: bytes, encoding: str, tally: Tally) -> str:
    """Decode; bytes that fit no character become U+FFFD, and are reported."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        start = max(0, error.start - 16)
        # The example is shown as Latin-1, where every byte is a character.
        before = data[start : error.start + 16].decode("latin-1")
        text = data.decode(encoding, "replace")
        tally.note(
            "unreadable bytes replaced",
            text.count("\ufffd"),
            "places",
            before,
            before[: error.start - start] + "\ufffd" + before[error.start - start + 1 :],
        )
        return text
