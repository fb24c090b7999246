"""What a reader may want to see of the show: one scene, the wording behind a beat, its size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from corpus.sitcom.scene import Scene, generate
from corpus.sitcom.show import Plot, Show, the_show
from corpus.sitcom.wording import Choice, Part, Slot, Wording

# Look at this many scenes of a seed for one that plays a plot; one in about 70 does.
LOOK_AT = 20_000
WORD = re.compile(r"(?<![\w'\0])[a-z]+(?:'[a-z]+)?(?![\w\0])")


@dataclass(frozen=True)
class Size:
    """How large the show is. `combinations`: of a plot, its people and its object.

    `words`: different ones that some scene could say, forms such as "rolls" counted apart.
    """

    plots: int
    beats: int
    wordings: int
    people: int
    places: int
    words: int
    combinations: int


def first_scene(seed: int, slug: str | None = None) -> Scene:
    """Return a seed's first scene, or its first scene of one plot. Raises LookupError."""
    for scene in generate(seed, LOOK_AT):
        if slug is None or scene.slug == slug:
            return scene
    raise LookupError(f'No scene of "{slug}" is among the first {LOOK_AT:,} of seed {seed}.')


def unrelated_lines(seed: int) -> str:
    """Return what looks like a scene: line k is line k of the seed's scene number k."""
    scenes = islice(generate(seed + 1, 40), 40)
    elements = first_scene(seed).text.split("\n\n")
    lines = [elements[0], elements[1]]
    for k in range(2, len(elements)):
        others = next(scenes).text.split("\n\n")
        lines.append(others[min(k, len(others) - 1)])
    return "\n\n".join(lines)


def wording_of(scene: Scene, beat: int, show: Show | None = None) -> tuple[Wording, int]:
    """Return the wording that a scene's beat is written in, and how many the beat has."""
    show = show or the_show()
    plot = next(plot for plot in show.plots if plot.slug == scene.slug)
    played = scene.beats[beat]
    lines = scene.text.split("\n\n")[played.first : played.last + 1]
    domains = {name: frozenset({value}) for name, value in scene.slots.items()}
    wordings = plot.beats[beat].wordings
    for wording in wordings:
        if len(wording.lines) == len(lines) and all(
            isinstance(line.pattern.read(words, domains), dict)
            for line, words in zip(wording.lines, lines, strict=True)
        ):
            return wording, len(wordings)
    raise LookupError(f"{scene.slug}: no wording of beat {played.name} is in the scene.")


def size_of(show: Show) -> Size:
    """Count plots, wordings, people, words."""
    beats = [beat for plot in show.plots for beat in plot.beats]
    words: set[str] = set()
    for beat in beats:
        for wording in beat.wordings:
            for line in wording.lines:
                words.update(_words(line.parts))
    for plot in show.plots:
        for place in plot.values["place"]:
            words.update(WORD.findall(place.lower()))
        words.update(time.lower() for time in plot.values["time"])
    return Size(
        len(show.plots),
        len(beats),
        sum(len(beat.wordings) for beat in beats),
        len(show.cast),
        len(show.places),
        len(words),
        sum(_combinations(plot) for plot in show.plots),
    )


def _combinations(plot: Plot) -> int:
    return len(plot.castings) * len(plot.values["thing"])


def _words(parts: tuple[Part, ...]) -> Iterator[str]:
    """Yield the words of a line; what is glued to a slot ("{A}'s") is none of its own."""
    fixed = "".join(part if isinstance(part, str) else "\0" for part in parts)
    yield from WORD.findall(fixed.lower())
    for part in parts:
        if isinstance(part, Slot):
            for surfaces in part.surfaces.values():
                for surface in surfaces:
                    yield from WORD.findall(surface.lower())
        elif isinstance(part, Choice):
            for option in part.options:
                yield from _words(option)
