"""The show: its cast, places, pools and plots, read from the TOML files beside this module."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from corpus.sitcom.forms import PRONOUNS, Person, Place, capitalised, phrases
from corpus.sitcom.parsing import parse_wording
from corpus.sitcom.wording import Slot, Wording, WordingError

FOLDER = Path(__file__).parent
TIMES = ("MORNING", "AFTERNOON", "EVENING", "NIGHT")
# Pools of a few words each, of which a scene names one early and needs it again later.
SMALL_POOLS = ("day", "number", "price", "town", "animal", "job")


class ShowError(ValueError):
    """A file of the show can't be used; each line of the message says where and why."""


@dataclass(frozen=True)
class Beat:
    """A step of a plot. `state`: what is true after it, with slots still to be filled."""

    name: str
    state: Mapping[str, str]
    wordings: tuple[Wording, ...]


@dataclass(frozen=True)
class Plot:
    """A hand-written story. `values`: what each slot can be, "place" and "time" included."""

    slug: str
    title: str
    values: Mapping[str, tuple[str, ...]]
    castings: tuple[Mapping[str, str], ...]  # all ways to give the roles to different people
    beats: tuple[Beat, ...]

    @property
    def roles(self) -> tuple[str, ...]:
        """The slots that are people."""
        return tuple(name for name in self.values if is_role(name))


@dataclass(frozen=True)
class Show:
    """Everything a script editor knows about the show."""

    cast: Mapping[str, Person]
    places: Mapping[str, Place]
    pools: Mapping[str, tuple[str, ...]]
    plots: tuple[Plot, ...]


def is_role(slot: str) -> bool:
    """Tell whether a slot is a person: roles are single capital letters."""
    return len(slot) == 1 and slot.isupper()


@cache
def the_show() -> Show:
    """Return the show of this project. Raises ShowError, naming everything that is wrong."""
    return load_show(sorted((FOLDER / "plots").glob("*.toml")))


def small_fillers() -> list[str]:
    """Return the days, numbers, prices, towns, animals and jobs of the show."""
    return [filler for pool in SMALL_POOLS for filler in the_show().pools[pool]]


def load_show(plots: Iterable[Path]) -> Show:
    """Read the cast, the pools, and these plots. Raises ShowError."""
    cast, pools = _toml(FOLDER / "cast.toml"), _toml(FOLDER / "pools.toml")
    places = {name: Place(name, **place) for name, place in pools.pop("places").items()}
    people = {
        name: Person(
            name,
            {form: person[form] for form in PRONOUNS},
            person["manner"],
            person["relations"],
            {tag: tuple(said) for tag, said in person["voice"].items()},
        )
        for name, person in cast.items()
    }
    show = Show(people, places, {name: tuple(pool) for name, pool in pools.items()}, ())
    found, problems = [], []
    for path in plots:
        try:
            found.append(PlotReader(path, show).plot())
        except ShowError as error:
            problems.append(str(error))
    if problems:
        raise ShowError("\n".join(problems))
    return Show(show.cast, show.places, show.pools, tuple(found))


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ShowError(f"{path.name}: can't be read: {error}") from error


class PlotReader:
    """Turns one TOML file into a Plot, and collects everything that is wrong with it."""

    def __init__(self, path: Path, show: Show) -> None:
        self._name = path.name
        self._slug = path.stem
        self._show = show
        self._source = _toml(path)
        self._problems: list[str] = []
        self._values = self._slot_values()

    def plot(self) -> Plot:
        """Return the plot. Raises ShowError with one line for each problem."""
        castings = self._castings()
        beats = tuple(self._beat(beat) for beat in self._source.get("beats", []))
        if "title" not in self._source:
            self._problem("there is no title.")
        if not beats:
            self._problem("there are no beats.")
        if self._problems:
            raise ShowError("\n".join(self._problems))
        return Plot(self._slug, self._source["title"], self._values, castings, beats)

    def _problem(self, message: str, where: str = "") -> None:
        self._problems.append(f"{self._name}{where}: {message}")

    def _slot_values(self) -> dict[str, tuple[str, ...]]:
        """Return what each slot can be: lists as they are, pools by their name."""
        slots = self._source.get("slots", {})
        if "thing" not in slots:
            self._problem('there is no slot "thing", the object of the plot.')
        given = {**slots, "place": self._source.get("places", [])}
        given["time"] = self._source.get("times", list(TIMES))
        known = {"place": self._show.places, "time": TIMES}
        values = {}
        for slot, source in given.items():
            listed = [source] if isinstance(source, str) else list(source)
            values[slot] = tuple(v for each in listed for v in self._pool(each, slot))
            allowed = self._show.cast if is_role(slot) else known.get(slot)
            unknown = [v for v in values[slot] if allowed is not None and v not in allowed]
            for value in unknown:
                self._problem(f'slot {slot}: "{value}" is unknown to the show.')
            if not values[slot]:
                self._problem(f"slot {slot} has no value.")
        return values

    def _pool(self, value: str, slot: str) -> tuple[str, ...]:
        if not value.startswith("@"):
            return (value,)
        if value[1:] not in self._show.pools:
            self._problem(f'slot {slot}: there is no pool "{value}".')
        return self._show.pools.get(value[1:], ())

    def _castings(self) -> tuple[dict[str, str], ...]:
        roles = [slot for slot in self._values if is_role(slot)]
        every = product(*(self._values[role] for role in roles))
        castings = tuple(
            dict(zip(roles, people, strict=True))
            for people in every
            if len(set(people)) == len(people)
        )
        if not castings:
            self._problem("the roles can't be given to different people.")
        return castings

    def _beat(self, source: Mapping[str, Any]) -> Beat:
        name = source.get("name", "?")
        wordings = []
        for number, text in enumerate(source.get("wordings", []), 1):
            where = f", beat {name}, wording {number}"
            try:
                wordings.append(parse_wording(text, self._values, self._slot))
            except WordingError as error:
                self._problem(str(error), where)
        state = {str(key): str(value) for key, value in source.get("state", {}).items()}
        if not wordings:
            self._problem("there are no wordings.", f", beat {name}")
        for reference in re.findall(r"\{([^{}]*)\}", " ".join(state.values())):
            try:
                self._slot(reference, False)
            except WordingError as error:
                self._problem(str(error), f", beat {name}, state")
        return Beat(name, state, tuple(wordings))

    def _slot(self, reference: str, starts: bool) -> Slot:
        """Return the slot meant by what stands in braces. Raises WordingError."""
        name, form, capital = parse_reference(reference)
        if name not in self._values and name.lower() in self._values:
            name, capital = name.lower(), True
        if name not in self._values:
            raise WordingError(f"there is no slot for {{{reference}}}.")
        capital = capital or (starts and form != "speaker")
        return slot(name, form, capital, self._values[name], self._show)


@cache
def parse_reference(reference: str) -> tuple[str, str, bool]:
    """Split what stands in braces into slot, form, and whether it starts with a capital."""
    if match := re.fullmatch(r"([A-Z])!(\w+)", reference):
        return match[1], f"!{match[2]}", False
    if match := re.fullmatch(r"([A-Z])\.(\w+)", reference):
        return match[1], match[2].lower(), match[2][0].isupper()
    if match := re.fullmatch(r"([Aa])n? (\w+)", reference):
        return match[2], "a", match[1] == "A"
    if reference.lower() == "here":
        return "place", "here", reference == "Here"
    if reference.lower() == "time":
        return "time", "time", reference == "Time"
    return reference, "name" if is_role(reference) else "plain", False


def slot(name: str, form: str, capital: bool, values: Iterable[str], show: Show) -> Slot:
    """Return a slot with every way it can look. Raises WordingError for an unknown form."""
    surfaces = {}
    for value in values:
        try:
            found = phrases(value, form, show.cast, show.places)
        except KeyError as error:
            raise WordingError(f'there is no form "{form}" of slot {name}.') from error
        surfaces[value] = tuple(map(capitalised, found)) if capital else tuple(found)
    return Slot(name, form, surfaces)
