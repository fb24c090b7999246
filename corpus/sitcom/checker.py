"""Does a scene hold together? Reads its text alone, whoever or whatever wrote it.

Two layers: rules that any reader of a script can apply (`corpus.sitcom.script`), and the script
editor's, who knows the show's plots (`corpus.sitcom.reading`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from corpus.sitcom.reading import Reader
from corpus.sitcom.scene import SEPARATOR, Scene
from corpus.sitcom.script import Fault, ScriptRules
from corpus.sitcom.show import Show, the_show

# Every rule, with what it asks for.
RULES = {
    "format": "a heading of the show, then lines of the cast and directions, one blank line apart",
    "length": "10 to 18 spoken lines, at most 1,200 characters",
    "presence": "only people who are there speak",
    "question": "a question is answered by somebody else",
    "object": "the thing stays the same, and only who has it gives it away",
    "place": "the scene stays where its heading says",
    "callback": "the ending comes back to a thing of the opening",
    "plot": "the lines are one of the plots, beat after beat, with the same people and fillers",
}


@dataclass(frozen=True)
class Verdict:
    """What a checker found. `scene`: the plot, fillers and states, if the scene is one of ours."""

    faults: tuple[Fault, ...]
    scene: Scene | None = None

    @property
    def passed(self) -> bool:
        """Whether no rule is broken."""
        return not self.faults


class Checker:
    """Checks scenes of one show. `plots=False` applies the general rules alone."""

    def __init__(self, show: Show, plots: bool = True) -> None:
        self._rules = ScriptRules(show)
        self._reader = Reader(show) if plots else None

    def check(self, text: str) -> Verdict:
        """Check one scene, with or without newlines at its end. Any text gets a verdict."""
        script = self._rules.read(text)
        if isinstance(script, list):
            return Verdict(tuple(script))
        faults = self._rules.faults(script)
        if self._reader is None:
            return Verdict(tuple(faults))
        scene = self._reader.read(script)
        if isinstance(scene, Fault):
            return Verdict((*faults, scene))
        return Verdict(tuple(faults), scene)


@cache
def the_checker() -> Checker:
    """Return the checker of this project's show."""
    return Checker(the_show())


def check(text: str) -> Verdict:
    """Check one scene against all rules."""
    return the_checker().check(text)


def read_state(text: str) -> Scene | None:
    """Return what the text says about its plot, people, fillers and states, beat after beat.

    None if the text can't be read as one of the show's plots.
    """
    return the_checker().check(text).scene


def split_scenes(text: str) -> Iterator[str]:
    """Yield the scenes of a text: what stands between two blank lines and the next heading."""
    for scene in text.strip("\n").split(SEPARATOR):
        if scene.strip():
            yield scene.strip("\n")
