"""The small language of a plot's wordings: slots, choices, voices; written out, or read back.

A wording is parsed once. `write` fills its lines from a scene's fillers; `LinePattern` is the
same line as a regular expression, which tells what the fillers of a given line must have been.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from random import Random

# What a slot's value looks like in one form: several surfaces where a voice has several phrases.
Surfaces = Mapping[str, tuple[str, ...]]
Domains = Mapping[str, frozenset[str]]


class WordingError(ValueError):
    """A wording that can't be used; the message says why."""


@dataclass(frozen=True)
class Slot:
    """A place to fill: the slot's name, its form, and how every value looks there."""

    name: str
    form: str
    surfaces: Surfaces


@dataclass(frozen=True)
class Choice:
    """Words of which one option is taken."""

    options: tuple[tuple[str | Slot, ...], ...]


Part = str | Slot | Choice


@dataclass(frozen=True)
class Line:
    """A line of dialogue (its parts begin with the speaker and a colon) or a direction."""

    speaker: str | None
    parts: tuple[Part, ...]
    source: str

    def write(self, fillers: Mapping[str, str], random: Random) -> str:
        """Return the line with its slots filled and its choices drawn."""
        return "".join(_write(self.parts, fillers, random))

    @cached_property
    def pattern(self) -> LinePattern:
        """The line as a regular expression."""
        return LinePattern(self.parts)


@dataclass(frozen=True)
class Wording:
    """Lines that play one beat. `conditions`: the values each slot may have for it to be used."""

    conditions: Mapping[str, frozenset[str]]
    lines: tuple[Line, ...]

    def fits(self, fillers: Mapping[str, str]) -> bool:
        """Tell whether the scene's fillers meet the conditions."""
        return all(fillers[slot] in allowed for slot, allowed in self.conditions.items())


class LinePattern:
    """Reads a line back: which values may each slot have had?"""

    def __init__(self, parts: tuple[Part, ...], domains: Domains | None = None) -> None:
        self._parts = parts
        self._slots: list[Slot] = []
        # Which values a surface can stand for, for each group of the expression.
        self._meanings: list[dict[str, frozenset[str]]] = []
        self._regex = re.compile("".join(self._source(parts, domains)))
        # Searching for fixed words first spares most lines the expression.
        self._words = max((part for part in parts if isinstance(part, str)), key=len, default="")

    def read(self, text: str, domains: Domains) -> dict[str, frozenset[str]] | str:
        """Return `domains` narrowed by what the text says, or the name of a slot that clashes.

        Returns "" if the words themselves don't match.
        """
        match = self._regex.fullmatch(text) if self._words in text else None
        if match is None:
            return ""
        read = self._narrowed(match, domains)
        if isinstance(read, dict):
            return read
        # Another way of cutting the words may agree with what is known: allow only that.
        strict = LinePattern(self._parts, domains)
        match = strict._regex.fullmatch(text)
        again = strict._narrowed(match, domains) if match else read
        return again if isinstance(again, dict) else read

    def _narrowed(self, match: re.Match[str], domains: Domains) -> dict[str, frozenset[str]] | str:
        narrowed = dict(domains)
        for slot, meanings, surface in zip(
            self._slots, self._meanings, match.groups(), strict=True
        ):
            if surface is None:  # in an option that was not taken
                continue
            narrowed[slot.name] = narrowed[slot.name] & meanings[surface]
            if not narrowed[slot.name]:
                return slot.name
        return narrowed

    def _source(self, parts: tuple[Part, ...], domains: Domains | None) -> Iterator[str]:
        """Yield the expression, piece by piece; only values in `domains` if it is given."""
        for part in parts:
            if isinstance(part, str):
                yield re.escape(part)
            elif isinstance(part, Choice):
                options = ("".join(self._source(option, domains)) for option in part.options)
                yield f"(?:{'|'.join(options)})"
            else:
                meanings = _meanings(part, domains)
                self._slots.append(part)
                self._meanings.append(meanings)
                # Longest first, so that "an old key ring" isn't read as "an old key".
                words = sorted(meanings, key=len, reverse=True)
                yield f"({'|'.join(map(re.escape, words)) or '(?!)'})"


def _meanings(slot: Slot, domains: Domains | None) -> dict[str, frozenset[str]]:
    meanings: dict[str, frozenset[str]] = {}
    for value, surfaces in slot.surfaces.items():
        if domains is None or value in domains[slot.name]:
            for surface in surfaces:
                meanings[surface] = meanings.get(surface, frozenset()) | {value}
    return meanings


def _write(parts: tuple[Part, ...], fillers: Mapping[str, str], random: Random) -> Iterator[str]:
    for part in parts:
        if isinstance(part, str):
            yield part
        elif isinstance(part, Choice):
            yield from _write(part.options[_below(len(part.options), random)], fillers, random)
        else:
            surfaces = part.surfaces[fillers[part.name]]
            yield surfaces[_below(len(surfaces), random)]


def _below(count: int, random: Random) -> int:
    """Draw 0..count-1. (Random.choice may change between versions of Python; random() not.)"""
    return int(random.random() * count)
