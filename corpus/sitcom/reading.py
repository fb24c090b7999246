"""Read a scene as one of the show's plots, as its script editor would: beat after beat.

Knows the plots and nothing of how a scene was made. What the fillers were, and with them the
state of the scene, is found by reading: every line narrows what each slot can have been.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from corpus.sitcom.scene import Scene, heading_of, played_beats
from corpus.sitcom.script import Fault, Script, shortened
from corpus.sitcom.show import Plot, Show, is_role
from corpus.sitcom.wording import Domains, Wording


@dataclass
class Furthest:
    """How far any reading of the script came, and what stopped it there."""

    line: int = -1
    reason: str = ""

    def stopped(self, line: int, reason: str) -> None:
        """Note that a reading stopped at a line, 0 the first after the heading."""
        if line > self.line:
            self.line, self.reason = line, reason


class Reader:
    """Reads scripts of one show."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._domains = {
            plot.slug: {name: frozenset(values) for name, values in plot.values.items()}
            for plot in show.plots
        }

    def read(self, script: Script) -> Scene | Fault:
        """Return the scene with what was found out about it, or why no plot fits."""
        furthest = Furthest()
        for plot in self._show.plots:
            domains = dict(self._domains[plot.slug])
            for name, value in (("place", script.place.name), ("time", script.time)):
                domains[name] &= {value}
            if not domains["place"] or not domains["time"]:
                continue
            for lengths, found in _readings(plot, 0, script.lines, 0, domains, furthest):
                if slots := known_slots(plot, found):
                    return self._scene(plot, script, slots, lengths)
                furthest.stopped(len(script.lines), f'in "{plot.title}" two roles are one')
        return Fault("plot", self._message(script, furthest))

    def _scene(
        self, plot: Plot, script: Script, slots: dict[str, str], lengths: list[int]
    ) -> Scene:
        heading = heading_of(script.place.name, script.time, self._show)
        text = "\n\n".join([heading, *script.lines])
        states = played_beats(plot, lengths, slots, self._show)
        return Scene(text, plot.title, plot.slug, slots, states)

    def _message(self, script: Script, furthest: Furthest) -> str:
        if furthest.line < 0:
            return f"No plot is played {script.place.here}."
        if furthest.line >= len(script.lines):
            return f"The ending is wrong: {furthest.reason}."
        line = shortened(script.lines[furthest.line])
        return f'No plot goes on with "{line}": {furthest.reason}.'


def _readings(
    plot: Plot, beat: int, lines: tuple[str, ...], at: int, domains: Domains, furthest: Furthest
) -> Iterator[tuple[list[int], Domains]]:
    """Yield every way to read the lines from `at` on as the beats from `beat` on."""
    if beat == len(plot.beats):
        if at == len(lines):
            yield [], domains
        else:
            furthest.stopped(at, f'"{plot.title}" is over before it')
        return
    for wording in plot.beats[beat].wordings:
        found = _read_wording(plot, wording, lines, at, domains, furthest)
        if found is not None:
            count = len(wording.lines)
            for lengths, last in _readings(plot, beat + 1, lines, at + count, found, furthest):
                yield [count, *lengths], last


def _read_wording(
    plot: Plot,
    wording: Wording,
    lines: tuple[str, ...],
    at: int,
    domains: Domains,
    furthest: Furthest,
) -> Domains | None:
    """Return what is left of the domains if the lines from `at` on are this wording."""
    for k, line in enumerate(wording.lines):
        if at + k >= len(lines):
            furthest.stopped(at + k, f'"{plot.title}" goes on')
            return None
        read = line.pattern.read(lines[at + k], domains)
        if isinstance(read, str):
            if read:
                furthest.stopped(at + k, _clash(plot, read, domains))
            elif at + k > 0:
                furthest.stopped(at + k, f'these are not the words of "{plot.title}"')
            return None
        domains = read
    narrowed = dict(domains)
    for slot, allowed in wording.conditions.items():
        narrowed[slot] = narrowed[slot] & allowed
        if not narrowed[slot]:
            furthest.stopped(at, _clash(plot, slot, domains))
            return None
    return narrowed


def _clash(plot: Plot, slot: str, domains: Domains) -> str:
    """Say that a line disagrees with what was known about a slot."""
    known = sorted(domains[slot])
    if len(known) > 1:
        return f'it can\'t be so in "{plot.title}"'
    what = f"role {slot}" if is_role(slot) else slot
    return f'the {what} of "{plot.title}" was {known[0].lower()} before'


def known_slots(plot: Plot, domains: Domains) -> dict[str, str] | None:
    """Return the value of every slot that is known, or None if no casting agrees with them.

    A switch that never shows in the text may stay unknown.
    """
    roles = plot.roles
    castings = [
        casting
        for casting in plot.castings
        if all(casting[role] in domains[role] for role in roles)
    ]
    if not castings:
        return None
    slots = {name: next(iter(values)) for name, values in domains.items() if len(values) == 1}
    if len(castings) == 1:
        slots |= castings[0]
    if any(a == b for a, b in pairwise(sorted(slots.values()))):
        return None
    return slots
