"""Make scenes: draw a plot and its fillers, which is the scene's state, and play beat after beat.

Scene number i of a seed depends on nothing else, so that any part can be made again alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from random import Random

from corpus.sitcom.show import Beat, Plot, Show, is_role, parse_reference, slot, the_show
from corpus.sitcom.wording import Wording

MIN_LINES, MAX_LINES = 10, 18  # lines of dialogue
MAX_CHARACTERS = 1_200
# What stands between two scenes of a text, and how a scene's first line may begin.
SEPARATOR, HEADING = "\n\n\n", "INT. "
# One in this many combinations of plot, people and object is held out of training.
HELD_OUT_ONE_IN = 50
# Draw the words anew at most this often until the scene's length is right.
TRIES = 100


@dataclass(frozen=True)
class PlayedBeat:
    """A beat of a scene. `state`: all that is true after it, in words for a reader.

    `first` and `last` are the beat's elements in the scene; the heading is element 0.
    """

    name: str
    state: Mapping[str, str]
    first: int
    last: int


@dataclass(frozen=True)
class Scene:
    """A scene: its text (without a newline at the end), plot, fillers, and beats.

    `slots` holds what the plot calls its people ("A": "NADIA") and fillers, "place" and "time".
    """

    text: str
    plot: str
    slug: str
    slots: Mapping[str, str]
    beats: tuple[PlayedBeat, ...]


def generate(
    seed: int, count: int, held_out: bool = False, show: Show | None = None
) -> Iterator[Scene]:
    """Yield `count` scenes, always the same ones for a seed.

    Training scenes and held-out scenes share no combination of plot, people and object.
    """
    show = show or the_show()
    kind = "held out" if held_out else "training"
    for i in range(count):
        random = Random(f"{kind} {seed} {i}")
        scene = None
        while scene is None:
            plot = show.plots[below(len(show.plots), random)]
            fillers = draw_fillers(plot, random)
            if is_held_out(plot, fillers) == held_out:
                scene = play(plot, fillers, random, show)
        yield scene


def whole_text(
    seed: int,
    count: int,
    held_out: bool = False,
    progress: Callable[[Iterator[Scene]], Iterable[Scene]] = iter,
) -> str:
    """Return `count` scenes as one text, as `python -m corpus sitcom --out` writes it.

    `progress` gets the scenes and gives them back one by one, for a progress bar: tqdm, say.
    """
    return "".join(in_one_text(s.text for s in progress(generate(seed, count, held_out))))


def in_one_text(scenes: Iterable[str]) -> Iterator[str]:
    """Yield the pieces of a text of scenes: two blank lines between them, a newline at the end."""
    for i, scene in enumerate(scenes):
        yield f"\n\n{scene}\n" if i else f"{scene}\n"


def below(count: int, random: Random) -> int:
    """Draw 0..count-1 (Random.choice may draw differently in another version of Python)."""
    return int(random.random() * count)


def draw_fillers(plot: Plot, random: Random) -> dict[str, str]:
    """Draw a value for every slot of the plot, no two alike."""
    fillers = dict(plot.castings[below(len(plot.castings), random)])
    for name, values in plot.values.items():
        if not is_role(name):
            free = [value for value in values if value not in fillers.values()]
            fillers[name] = free[below(len(free), random)]
    return fillers


def is_held_out(plot: Plot, fillers: Mapping[str, str]) -> bool:
    """Tell whether the combination of plot, people and object is kept for tests.

    Place, time and the smaller fillers don't count: a held-out combination is unseen with any
    of them.
    """
    counted = [fillers[name] for name in sorted(fillers) if is_role(name) or name == "thing"]
    digest = hashlib.sha256("\n".join([plot.slug, *counted]).encode()).digest()
    return int.from_bytes(digest[:8], "big") % HELD_OUT_ONE_IN == 0


def play(plot: Plot, fillers: Mapping[str, str], random: Random, show: Show) -> Scene | None:
    """Write a scene of the plot with these fillers: one wording of each beat.

    None if no scene of the right length comes up in which people take turns.
    """
    for _ in range(TRIES):
        scene = written(plot, fillers, random, show)
        if has_right_length(scene.text) and has_right_turns(scene.text):
            return scene
    return None


def has_right_length(text: str) -> bool:
    """Tell whether a scene has as many characters and spoken lines as the show wants."""
    spoken = sum(not element.startswith("(") for element in text.split("\n\n")[1:])
    return len(text) <= MAX_CHARACTERS and MIN_LINES <= spoken <= MAX_LINES


def has_right_turns(text: str) -> bool:
    """Tell whether nobody speaks twice with nothing between, or after their own question."""
    said = before = ""
    for element in text.split("\n\n")[1:]:
        if not element.startswith("("):
            speaker = element.split(":")[0]
            if said.startswith(f"{speaker}:") and (said is before or said.endswith("?")):
                return False
            said = element
        before = element
    return not said.endswith("?")


def written(plot: Plot, fillers: Mapping[str, str], random: Random, show: Show) -> Scene:
    """Write a scene of any length. Raises ValueError if a beat has no wording for it."""
    beats: list[list[str]] = []
    for beat in plot.beats:
        beats.append(_lines(plot, beat, fillers, beats[-1] if beats else [], random))
    heading = heading_of(fillers["place"], fillers["time"], show)
    text = "\n\n".join([heading, *(line for beat in beats for line in beat)])
    states = played_beats(plot, [len(beat) for beat in beats], fillers, show)
    return Scene(text, plot.title, plot.slug, dict(fillers), states)


def _lines(
    plot: Plot, beat: Beat, fillers: Mapping[str, str], before: list[str], random: Random
) -> list[str]:
    """Write the beat in one of the wordings that fit the fillers and, if any does, the turn."""
    fitting = [wording for wording in beat.wordings if wording.fits(fillers)]
    if not fitting:
        raise ValueError(f"{plot.slug}: no wording of beat {beat.name} fits.")
    going_on = [wording for wording in fitting if _takes_turn(wording, before, fillers)]
    fitting = going_on or fitting
    wording = fitting[below(len(fitting), random)]
    return [line.write(fillers, random) for line in wording.lines]


def _takes_turn(wording: Wording, before: list[str], fillers: Mapping[str, str]) -> bool:
    """Tell whether somebody else goes on: nobody speaks twice in a row or answers themselves."""
    said = next((line for line in reversed(before) if not line.startswith("(")), "")
    speaker = next((line.speaker for line in wording.lines if line.speaker), None)
    if speaker is None or not said.startswith(f"{fillers[speaker]}: "):
        return True
    at_once = said == before[-1] and wording.lines[0].speaker is not None
    return not at_once and not said.endswith("?")


def heading_of(place: str, time: str, show: Show) -> str:
    """Return "INT. THE SPIN CYCLE - MORNING"."""
    return f"{show.places[place].side}. {place} - {time}"


def played_beats(
    plot: Plot, lengths: list[int], fillers: Mapping[str, str], show: Show
) -> tuple[PlayedBeat, ...]:
    """Return the beats with their states written out; `lengths` in elements.

    A filler that isn't known (a hidden switch of a scene that was read) is written "...".
    """
    state: dict[str, str] = {}
    played, first = [], 1
    for beat, length in zip(plot.beats, lengths, strict=True):
        for key, value in beat.state.items():
            written = _state_value(key, value, fillers, show)
            state.pop(_named(key, fillers, show), None)
            if written:
                state[_named(key, fillers, show)] = written
        played.append(PlayedBeat(beat.name, dict(state), first, first + length - 1))
        first += length
    return tuple(played)


def _state_value(key: str, value: str, fillers: Mapping[str, str], show: Show) -> str:
    if key == "there":
        return _named(value, fillers, show)

    def filled(match: re.Match[str]) -> str:
        name, form, capital = parse_reference(match[1])
        if name not in fillers:
            return "..."
        return slot(name, form, capital, [fillers[name]], show).surfaces[fillers[name]][0]

    return re.sub(r"\{([^{}]*)\}", filled, value)


def _named(words: str, fillers: Mapping[str, str], show: Show) -> str:
    """Replace role letters by names."""
    return re.sub(
        r"\b[A-Z]\b",
        lambda match: show.cast[fillers[match[0]]].spoken if match[0] in fillers else match[0],
        words,
    )
