"""How a filler looks in a line: names, pronouns, articles, phrases in a person's own voice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PRONOUNS = ("he", "him", "his", "himself")
# Words written with a vowel and spoken with a consonant, and the other way round.
A_BEFORE = re.compile(r"(?:one|once|uni|use|used|usual|eu)", re.IGNORECASE)
AN_BEFORE = re.compile(r"(?:hour|honest|heir)", re.IGNORECASE)


@dataclass(frozen=True)
class Person:
    """One of the cast. `voice`: short phrases of their own for each occasion."""

    name: str
    pronouns: Mapping[str, str]
    manner: str
    relations: Mapping[str, str]
    voice: Mapping[str, tuple[str, ...]]

    @property
    def spoken(self) -> str:
        """The name as it stands within a sentence."""
        return self.name.capitalize()


@dataclass(frozen=True)
class Place:
    """A place: its name in capitals, INT or EXT, and the phrase that says one is there."""

    name: str
    side: str
    here: str


def with_article(noun: str) -> str:
    """Return "a red kettle" or "an old kettle"."""
    vowel = noun[:1].lower() in "aeiou"
    an = bool(AN_BEFORE.match(noun)) or (vowel and not A_BEFORE.match(noun))
    return f"{'an' if an else 'a'} {noun}"


def capitalised(words: str) -> str:
    """Return the words with a capital letter at the start; the others stay as they are."""
    return words[:1].upper() + words[1:]


def phrases(
    value: str, form: str, cast: Mapping[str, Person], places: Mapping[str, Place]
) -> Sequence[str]:
    """Return the ways to write a slot's value in a form. Raises KeyError for an unknown form."""
    if form.startswith("!"):
        return cast[value].voice[form[1:]]
    if form in PRONOUNS:
        return (cast[value].pronouns[form],)
    simple = {
        "plain": lambda: value,
        "a": lambda: with_article(value),
        "name": lambda: cast[value].spoken,
        "speaker": lambda: value,
        "here": lambda: places[value].here,
        "time": lambda: value.lower(),
    }
    return (simple[form](),)
