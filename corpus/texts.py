"""A text to train on, and the one that comes with the project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from corpus.cleaning import CleaningReport

SPIN_CYCLE = Path(__file__).parent / "texts" / "spin_cycle.txt"


class CorpusError(ValueError):
    """A text that can't be used; the message is one sentence that says what to do."""


@dataclass(frozen=True)
class Reading:
    """One way to read a file: an encoding, and how the places look that tell it from others."""

    encoding: str
    excerpt: str


@dataclass(frozen=True)
class Corpus:
    """A named text. `report` says what cleaning changed; None for a bundled text.

    readings: if its encoding had to be guessed, the likely ones, the likeliest first.
    """

    name: str
    text: str
    report: CleaningReport | None = None
    readings: tuple[Reading, ...] = ()


def bundled() -> Corpus:
    """Return "The Spin Cycle", a sitcom in script form written for this project (CC0 1.0)."""
    return Corpus("The Spin Cycle", SPIN_CYCLE.read_text(encoding="ascii"))
