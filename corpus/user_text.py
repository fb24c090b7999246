"""A text of one's own: pasted, uploaded or a file, decoded, cleaned, or refused in a sentence."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from corpus.cleaning import Tally, clean
from corpus.decoding import Decoded, decode, encoding_name, refuse_binary
from corpus.texts import Corpus, CorpusError

MAX_BYTES = 5_000_000
MIN_CHARACTERS = 1_000
ENDINGS = (".txt", ".md")
SIGNATURES = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive or an office document",
    b"{\\rtf": "a rich text document",
}


def from_paste(text: str) -> Corpus:
    """Return the pasted text, cleaned. Raises CorpusError if it can't be trained on."""
    data = text.encode("utf-8", "surrogatepass")
    _check_size(len(data), MAX_BYTES)
    refuse_binary(data)
    return _long_enough(_corpus("Pasted text", Decoded(text, "Unicode"), Tally()))


def from_upload(
    file_name: str, data: bytes, max_bytes: int = MAX_BYTES, encoding: str | None = None
) -> Corpus:
    """Return the uploaded .txt or .md file, decoded and cleaned.

    The name is only ever shown (see `safe_name`), never used as a path. `encoding` is how the
    visitor wants it read; None finds out. Raises CorpusError for a wrong ending, an empty, binary
    or too large file, or a text that is too short to train on.
    """
    name = safe_name(file_name)
    if not name.lower().endswith(ENDINGS):
        raise CorpusError(f"{name} is no .txt or .md file: save it as plain text and try again.")
    _check_size(len(data), max_bytes)
    return _long_enough(_from_bytes(name, data, encoding))


def from_file(path: Path, encoding: str | None = None) -> Corpus:
    """Return the text of a file of one's own, decoded and cleaned, however long or short it is.

    Raises CorpusError for a file that can't be read, or isn't a text with words in it.
    """
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise CorpusError(f"{path} can't be read: {reason}.") from None
    return _from_bytes(safe_name(path.name), data, encoding)


def report_lines(corpus: Corpus) -> list[str]:
    """What a text was read as and what was changed, for a terminal; the Data page says the same."""
    if corpus.report is None:
        return []
    report = corpus.report
    before, after = report.characters_before, report.characters_after
    lines = [
        f"{corpus.name}, read as {encoding_name(report.encoding)}: {before:,}"
        f" {'character' if before == 1 else 'characters'} came in,"
        f" {after:,} {'is' if after == 1 else 'are'} used."
    ]
    for change in report.changes:
        lines.append(f"  {change.kind}: {change.amount}")
        lines.append(f"    for example “{change.before}” became “{change.after}”")
    if corpus.readings:
        lines.append(
            "The encoding is a guess. Is this right? If not, name another with --encoding:"
        )
        width = max(len(reading.encoding) for reading in corpus.readings)
        lines += [f"  {r.encoding:<{width}}  {r.excerpt}" for r in corpus.readings]
    return lines


def safe_name(file_name: str, max_length: int = 60) -> str:
    """Return a hostile file name made fit to be shown: no folders, nothing invisible, short."""
    last = re.split(r"[/\\]", file_name)[-1][-1000:]
    # Categories C*: controls, formats (bidi overrides, zero-width), surrogates, unassigned.
    shown = "".join(c for c in last if unicodedata.category(c)[0] != "C")
    shown = " ".join(shown.split()) or "Uploaded text"
    if len(shown) <= max_length:
        return shown
    return shown[: max_length - 9] + "\N{HORIZONTAL ELLIPSIS}" + shown[-8:]


def _check_size(size: int, max_bytes: int) -> None:
    if size == 0:
        raise CorpusError("There is no text here: choose a file or paste a text with words in it.")
    if size > max_bytes:
        raise CorpusError(
            f"This text has {size / 1e6:.1f} MB and at most {max_bytes / 1e6:.1f} MB are"
            " allowed: use a part of it."
        )


def _from_bytes(name: str, data: bytes, encoding: str | None) -> Corpus:
    for signature, what in SIGNATURES.items():
        if data.startswith(signature):
            raise CorpusError(f"{name} is {what}: save its words as plain text and try again.")
    tally = Tally()
    return _corpus(name, decode(data, tally, encoding), tally)


def _corpus(name: str, decoded: Decoded, tally: Tally) -> Corpus:
    text, report = clean(decoded.text, decoded.encoding, tally)
    if not text.strip():
        raise CorpusError("There are no words in this text: use one with words in it.")
    return Corpus(name, text, report, decoded.readings)


def _long_enough(corpus: Corpus) -> Corpus:
    """The text. Raises CorpusError if it is too short to train on."""
    if len(corpus.text) < MIN_CHARACTERS:
        raise CorpusError(
            f"This text has {len(corpus.text):,} characters, too few to train on: use at least"
            f" {MIN_CHARACTERS:,}."
        )
    return corpus
