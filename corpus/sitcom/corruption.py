"""Break a scene on purpose, in one of four ways that a checker must notice."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

from corpus.sitcom.forms import with_article
from corpus.sitcom.scene import Scene, below
from corpus.sitcom.show import Show, the_show

T = TypeVar("T")

DIALOGUE = re.compile(r"([A-Z]+): (.*)")


def corrupted(scene: Scene, kind: str, random: Random, show: Show | None = None) -> str | None:
    """Return the scene's text broken in one of KINDS; never the same text.

    None if the scene can't be broken so (no two turns differ). Raises KeyError for another kind.
    """
    elements = scene.text.split("\n\n")
    broken = KINDS[kind](elements, scene, random, show or the_show())
    text = "\n\n".join(broken) if broken else scene.text
    return None if text == scene.text else text


def _swap_turns(elements: list[str], scene: Scene, random: Random, show: Show) -> list[str] | None:
    """Two lines of dialogue change places, speakers and all."""
    spoken = _spoken(elements)
    pairs = [(i, j) for i in spoken for j in spoken if i < j and elements[i] != elements[j]]
    if not pairs:
        return None
    i, j = _one_of(pairs, random)
    return [*elements[:i], elements[j], *elements[i + 1 : j], elements[i], *elements[j + 1 :]]


def _swap_names(elements: list[str], scene: Scene, random: Random, show: Show) -> list[str] | None:
    """Two lines of different people change speakers and keep their words."""
    matches = {i: DIALOGUE.fullmatch(elements[i]) for i in _spoken(elements)}
    said = {i: (match[1], match[2]) for i, match in matches.items() if match}
    pairs = [
        (i, j)
        for i in said
        for j in said
        if i < j and said[i][0] != said[j][0] and said[i][1] != said[j][1]
    ]
    if not pairs:
        return None
    i, j = _one_of(pairs, random)
    broken = list(elements)
    broken[i], broken[j] = f"{said[j][0]}: {said[i][1]}", f"{said[i][0]}: {said[j][1]}"
    return broken


def _swap_object(elements: list[str], scene: Scene, random: Random, show: Show) -> list[str] | None:
    """One mention of the plot's object becomes another object that the plot might have had."""
    plot = next(plot for plot in show.plots if plot.slug == scene.slug)
    thing = scene.slots["thing"]
    others = [other for other in plot.values["thing"] if other not in scene.text]
    pattern = re.compile(rf"\b(?:([Aa])n? )?{re.escape(thing)}\b", re.IGNORECASE)
    places = [(i, match) for i, words in enumerate(elements) for match in pattern.finditer(words)]
    if not others or not places:
        return None
    i, match = _one_of(places, random)
    other = _one_of(others, random)
    if match[1]:
        other = match[1] + with_article(other)[1:]
    elif match[0][0].isupper():
        other = other[0].upper() + other[1:]
    broken = list(elements)
    broken[i] = elements[i][: match.start()] + other + elements[i][match.end() :]
    return broken


def _cut_ending(elements: list[str], scene: Scene, random: Random, show: Show) -> list[str] | None:
    """The last one to five elements are gone."""
    count = 1 + below(5, random)
    return elements[:-count] if len(elements) > count + 1 else None


Corrupt = Callable[[list[str], Scene, Random, Show], list[str] | None]
KINDS: dict[str, Corrupt] = {
    "turns": _swap_turns,
    "names": _swap_names,
    "object": _swap_object,
    "ending": _cut_ending,
}


def _spoken(elements: Sequence[str]) -> list[int]:
    return [i for i, words in enumerate(elements) if i and not words.startswith("(")]


def _one_of(choices: Sequence[T], random: Random) -> T:
    return choices[below(len(choices), random)]
