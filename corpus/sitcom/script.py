"""Rules that any reader of a script can apply: its format, who is there, questions, the object.

They know the names of the cast, the places and the things, and nothing of the plots.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from corpus.sitcom.forms import Place
from corpus.sitcom.scene import MAX_CHARACTERS, MAX_LINES, MIN_LINES
from corpus.sitcom.show import Show

HEADING = re.compile(r"(INT|EXT)\. ([A-Z][A-Z' ]*) - (MORNING|AFTERNOON|EVENING|NIGHT)")
DIALOGUE = re.compile(r"([A-Z]+): (\S.*)")
SENTENCE = re.compile(r"[^.!?]+[.!?]*")
COMES = re.compile(r"\b(?:comes? (?:back )?in|arrives?|comes? back)\b")
# "Gus leaves the key here" is not "Gus leaves" or "Gus leaves the room".
GOES = re.compile(
    r"\bleaves?\b(?! (?:the|a|an|his|her|it|them|him|one|two|three|some|behind)\b)"
    r"|\bleaves? (?:the (?:room|place|shop)|with|at|by|on|in)\b"
)
GIVES = re.compile(r"([A-Z]\w+) (?:gives|hands|passes) (?:the|an?) ([^.,]+?) (?:back )?to (\w+)")
# The object must come back within this many elements from the end.
ENDING = 5
OPENING = 6


@dataclass(frozen=True)
class Fault:
    """A broken rule: "format", "presence", "question", "object", "place", "callback" or "plot".

    `message` is one sentence that says where and why.
    """

    rule: str
    message: str


@dataclass(frozen=True)
class Element:
    """A line of dialogue (`speaker` says `words`) or a direction (no speaker)."""

    number: int  # 1 is the first after the heading
    speaker: str | None
    words: str

    @property
    def where(self) -> str:
        """Where it is, for a message."""
        if self.speaker is None:
            return f'the direction "{shortened(self.words)}"'
        return f'{self.speaker}\'s line "{shortened(self.words)}"'


@dataclass(frozen=True)
class Script:
    """A scene as it is read. `lines` are the elements as text."""

    place: Place
    time: str
    lines: tuple[str, ...]
    elements: tuple[Element, ...]

    @cached_property
    def dialogue(self) -> tuple[Element, ...]:
        """The elements that are spoken."""
        return tuple(element for element in self.elements if element.speaker)


class ScriptRules:
    """The rules, ready for one show."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._names = _words(person.spoken for person in show.cast.values())
        self._people = {person.spoken: person for person in show.cast.values()}
        pooled = set(show.pools["small"]) | set(show.pools["large"])
        own = {thing for plot in show.plots for thing in plot.values["thing"]}
        self._pooled = _words(pooled)
        self._things = _words(pooled | own)
        self._heres = {place.here: name for name, place in show.places.items()}
        self._here = _words(self._heres)

    def read(self, text: str, any_length: bool = False) -> Script | list[Fault]:
        """Cut a scene into its elements, or say what is wrong with its format."""
        faults = [f for f in self._format(text) if not (any_length and f.rule == "length")]
        if faults:
            return faults
        heading, *lines = text.rstrip("\n").split("\n\n")
        match = HEADING.fullmatch(heading)
        assert match is not None
        elements = []
        for number, line in enumerate(lines, 1):
            spoken = DIALOGUE.fullmatch(line)
            speaker, words = (spoken[1], spoken[2]) if spoken else (None, line[1:-1])
            elements.append(Element(number, speaker, words))
        return Script(self._show.places[match[2]], match[3], tuple(lines), tuple(elements))

    def faults(self, script: Script) -> list[Fault]:
        """Apply all rules to a scene whose format is right."""
        return [
            *self._presence(script),
            *self._questions(script),
            *self._object(script),
            *self._holder(script),
            *self._place(script),
            *self._callback(script),
        ]

    def _format(self, text: str) -> Iterator[Fault]:
        """At most a few faults: one for each kind."""
        if len(text) > 10 * MAX_CHARACTERS:
            yield Fault("format", "The text is far too long to be one scene.")
            return
        if len(text.rstrip("\n")) > MAX_CHARACTERS:
            yield Fault("length", f"The scene is longer than {MAX_CHARACTERS:,} characters.")
        if not re.fullmatch(r"[ -~\n]*", text):
            yield Fault("format", "There is a character that isn't plain ASCII.")
            return
        heading, *lines = text.rstrip("\n").split("\n\n")
        match = HEADING.fullmatch(heading)
        place = self._show.places.get(match[2]) if match else None
        if match is None or place is None:
            yield Fault("format", f'"{shortened(heading)}" is no heading of the show.')
        elif place.side != match[1]:
            yield Fault("format", f"{place.name} is {place.side}., not {match[1]}.")
        yield from self._elements_format(lines)

    def _elements_format(self, lines: list[str]) -> Iterator[Fault]:
        for line in lines:
            spoken = DIALOGUE.fullmatch(line)
            if spoken and spoken[1] not in self._show.cast:
                yield Fault("format", f"{spoken[1]} is not one of the cast.")
            elif not spoken and not re.fullmatch(r"\(\S.*\S\)", line):
                yield Fault("format", f'"{shortened(line)}" is neither a line nor a direction.')
            elif "  " in line or line != line.strip():
                yield Fault("format", f'"{shortened(line)}" has a space too many.')
            else:
                continue
            return
        count = sum(not line.startswith("(") for line in lines)
        if not MIN_LINES <= count <= MAX_LINES:
            yield Fault(
                "length", f"There are {count} spoken lines, not {MIN_LINES} to {MAX_LINES}."
            )
        if lines and not lines[0].startswith("("):
            yield Fault("format", "The scene doesn't open with a direction.")

    def _presence(self, script: Script) -> Iterator[Fault]:
        """Who was named at the opening or came in, and didn't leave, may speak."""
        there = set(self._names.findall(script.elements[0].words))
        last = None
        for element in script.elements[1:]:
            if element.speaker is None:
                there, last = self._moved(element.words, there, last)
            else:
                name = element.speaker.capitalize()
                if name not in there:
                    yield Fault("presence", f"{name} isn't there to speak {element.where}.")
                    there.add(name)

    def _moved(self, words: str, there: set[str], last: str | None) -> tuple[set[str], str | None]:
        """Return who is there after a direction, and who was named last in it."""
        there = set(there)
        for sentence in SENTENCE.findall(words):
            named = self._names.findall(sentence)
            if COMES.search(sentence):
                there |= set(named or [last] if last or named else [])
            if going := GOES.search(sentence):
                before = self._names.findall(sentence[: going.start()])
                both = re.search(r"\w+ and \w+ leave\b", sentence)
                there -= set(before if both else before[:1] or [last])
            last = named[-1] if named else last
        return there, last

    def _questions(self, script: Script) -> Iterator[Fault]:
        """A line that ends in a question is followed by a line of another person."""
        lines = script.dialogue
        for line, following in zip(lines, [*lines[1:], None], strict=True):
            if not line.words.rstrip('"').endswith("?"):
                continue
            if following is None:
                yield Fault("question", f"Nobody answers {line.where}: the scene ends.")
            elif following.speaker == line.speaker:
                yield Fault("question", f"Nobody answers {line.where}: {line.speaker} goes on.")

    def _object(self, script: Script) -> Iterator[Fault]:
        """No thing turns up only once: what is mentioned comes back."""
        everything = "\n".join(script.lines)
        found = self._pooled.findall(everything)
        for thing in dict.fromkeys(found):
            if found.count(thing) == 1:
                element = next(e for e in script.elements if thing in e.words)
                yield Fault("object", f"The {thing} is named in {element.where} and never again.")

    def _holder(self, script: Script) -> Iterator[Fault]:
        """Who was given a thing has it until a direction says that it moved; others can't give it.

        Only directions with "gives", "hands" or "passes" are understood. After another one that
        names the thing, or a gift to a machine, anybody may have it.
        """
        holder: dict[str, str] = {}
        for element in script.elements:
            if element.speaker is not None:
                continue
            gifts = {thing: (giver, to) for giver, thing, to in GIVES.findall(element.words)}
            for thing in [thing for thing in holder if thing in element.words]:
                giver = gifts.get(thing, (holder[thing], ""))[0]
                if giver in self._people and giver != holder[thing]:
                    has = f"{holder[thing]} has it"
                    yield Fault("object", f"{giver} gives the {thing}, but {has}: {element.where}.")
                del holder[thing]
            holder |= {thing: to for thing, (_, to) in gifts.items() if to in self._people}

    def _place(self, script: Script) -> Iterator[Fault]:
        """The opening direction may not set the scene somewhere else."""
        opening = script.elements[0]
        for here in self._here.findall(opening.words):
            if here != script.place.here:
                yield Fault(
                    "place", f"The heading says {script.place.name}, and {opening.where} {here}."
                )

    def _callback(self, script: Script) -> Iterator[Fault]:
        """A thing of the opening is named in the ending."""
        opening = " ".join(element.words for element in script.elements[:OPENING])
        ending = " ".join(element.words for element in script.elements[-ENDING:])
        named = set(self._things.findall(opening))
        if not named:
            yield Fault("callback", "The opening names no thing of the show.")
        elif not named & set(self._things.findall(ending)):
            things = " or ".join(sorted(named))
            yield Fault("callback", f"The ending doesn't come back to the {things}.")


def shortened(words: str, length: int = 60) -> str:
    """Return the words, or their beginning, on one line."""
    words = " ".join(words[: 2 * length].split())
    return words if len(words) <= length else f"{words[: length - 3]}..."


def _words(words: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern that finds any of these whole words, the longest first."""
    listed = sorted(words, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, listed)) or '(?!)'})\b")
