"""A text of one's own: pasted or uploaded, decoded, cleaned, or refused in one sentence."""

from __future__ import annotations

import codecs
import re
import unicodedata

import charset_normalizer

from corpus.cleaning import Tally, clean
from corpus.texts import Corpus, CorpusError

MAX_BYTES = 5_000_000
MIN_CHARACTERS = 1_000
ENDINGS = (".txt", ".md")

# UTF-32 first: its little-endian mark begins with UTF-16's.
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SIGNATURES = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive or an office document",
    b"{\\rtf": "a rich text document",
}
# What people still have files in. cp1252 is Latin-1 with printable characters for its controls.
LEGACY_ENCODINGS = [
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257"),
    *("iso8859_2", "koi8_r", "mac_roman", "cp850", "cp932", "euc_jp", "gb18030", "big5", "cp949"),
]
CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def from_paste(text: str) -> Corpus:
    """Return the pasted text, cleaned. Raises CorpusError if it can't be trained on."""
    _check_size(len(text.encode("utf-8", "surrogatepass")), MAX_BYTES)
    return _corpus("Pasted text", text, "Unicode", Tally())


def from_upload(file_name: str, data: bytes, max_bytes: int = MAX_BYTES) -> Corpus:
    """Return the uploaded .txt or .md file, decoded and cleaned.

    The name is only ever shown (see `safe_name`), never used as a path. Raises CorpusError
    for a wrong ending, an empty, binary or too large file, an unknown encoding, or a text
    that is too short to train on.
    """
    name = safe_name(file_name)
    if not name.lower().endswith(ENDINGS):
        raise CorpusError(f"{name} is no .txt or .md file: save it as plain text and try again.")
    _check_size(len(data), max_bytes)
    for signature, what in SIGNATURES.items():
        if data.startswith(signature):
            raise CorpusError(f"{name} is {what}: save its words as plain text and try again.")
    tally = Tally()
    text, encoding = decode(data, tally)
    return _corpus(name, text, encoding, tally)


def safe_name(file_name: str, max_length: int = 60) -> str:
    """Return a hostile file name made fit to be shown: no folders, nothing invisible, short."""
    last = re.split(r"[/\\]", file_name)[-1][-1000:]
    # Categories C*: controls, formats (bidi overrides, zero-width), surrogates, unassigned.
    shown = "".join(c for c in last if unicodedata.category(c)[0] != "C")
    shown = " ".join(shown.split()) or "Uploaded text"
    if len(shown) <= max_length:
        return shown
    return shown[: max_length - 9] + "\N{HORIZONTAL ELLIPSIS}" + shown[-8:]


def decode(data: bytes, tally: Tally) -> tuple[str, str]:
    """Return the text in some bytes, and its encoding.

    In this order: a byte order mark, UTF-8, UTF-8 with a few broken bytes, and then what
    charset-normalizer finds among the legacy encodings. Raises CorpusError if nothing fits.
    """
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _decode_leniently(data, encoding, tally), encoding
    if b"\x00" in data:
        raise CorpusError("This file holds binary data: save it as plain text in UTF-8.")
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        encoding = "utf-8" if _is_mostly_utf8(data) else _legacy_encoding(data)
    return _decode_leniently(data, encoding, tally), encoding


def _is_mostly_utf8(data: bytes) -> bool:
    """Is this UTF-8 with a few broken bytes? In other encodings hardly any sequence is valid."""
    broken = data.decode("utf-8", "replace").count("\ufffd")
    valid = sum(not c.isascii() for c in data.decode("utf-8", "ignore"))
    return valid > 5 * broken


def _legacy_encoding(data: bytes) -> str:
    """Return charset-normalizer's best guess, made from the lines that aren't plain ASCII."""
    telling = b"\n".join(line for line in data.split(b"\n") if not line.isascii())
    matches = charset_normalizer.from_bytes(telling[:64_000], cp_isolation=LEGACY_ENCODINGS)
    best = matches.best()
    if best is None:
        raise CorpusError("The encoding of this file is unknown: save it as plain text in UTF-8.")
    # It can't tell the Latin alphabets apart; of near equals, take the far more common one.
    if best.encoding in ("cp1250", "cp1257") and any(
        match.encoding == "cp1252" and match.chaos <= best.chaos + 0.03 for match in matches
    ):
        return "cp1252"
    return best.encoding


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


def _check_size(size: int, max_bytes: int) -> None:
    if size == 0:
        raise CorpusError("There is no text here: choose a file or paste a text with words in it.")
    if size > max_bytes:
        raise CorpusError(
            f"This text has {size / 1e6:.1f} MB and at most {max_bytes / 1e6:.1f} MB are"
            " allowed: use a part of it."
        )


def _corpus(name: str, text: str, encoding: str, tally: Tally) -> Corpus:
    if len(CONTROL_CHARACTERS.findall(text)) > len(text) / 100:
        raise CorpusError("This looks like binary data, not text: use plain text in UTF-8.")
    text, report = clean(text, encoding, tally)
    if not text.strip():
        raise CorpusError("There are no words in this text: use one with words in it.")
    if len(text) < MIN_CHARACTERS:
        raise CorpusError(
            f"This text has {len(text):,} characters, too few to train on: use at least"
            f" {MIN_CHARACTERS:,}."
        )
    return Corpus(name, text, report)
