"""Addresses that strangers wrote, on every lesson: no exception, whatever a key is set to.

Which keys there are is asked of the app itself, so a new widget is covered without a word here.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.helpers import app_at, write_run
from ui.app import address

PAGES = Path(__file__).parents[2] / "pages"
LESSONS = sorted(path.parent.name for path in PAGES.glob("*/page.py"))

NASTY = {
    "empty": "",
    "space": " ",
    "more than a float holds": "1e309",
    "less than a float holds": "-1e309",
    "not a number": "nan",
    "infinite": "-Infinity",
    "huge integer": "9" * 400,
    "beyond 64 bits": str(2**64),
    "beyond 53 bits": str(2**53 + 1),
    "negative": "-1",
    "nearly zero": "1e-320",
    "fraction": "2.5",
    "hexadecimal": "0x10",
    "no integer, though a digit": "²",
    "None": "None",
    "boolean": "TRUE",
    "list": "a,b,,",
    "pair": "0.-1;drop",
    "two of a key": ["1", "2"],
    "three, some empty": ["", "x", ""],
    "long": "é" * 50_000,
    "emoji": "👩‍👩‍👧‍👦🦆",
    "right to left": "\u202eabc\u202c שלום",
    "NUL and control": "\x00\x01\n\r\t",
    "half an escape": "%ff%C0%80%",
    "HTML": "<img src=x onerror=alert(1)><script>",
    "Markdown and TeX": "![x](https://x.example) $\\frac$ `**`",
    "path": "../../../../etc/passwd",
}


@pytest.fixture(autouse=True)
def checked_figures():
    """Other tests look at the figures; here a thousand pages are drawn."""


# Of the widgets that a lesson has at once every eighth kind is tried, in each lesson others; of
# those that show only after some choice every ninth.
EVERY, A_FEW = 8, 9


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    write_run(folder, "0000aaaa", block_size=64)
    return folder


@pytest.fixture
def visit(runs, monkeypatch):
    """visit(lesson, texts) opens it at an address, as a reader who has made these guesses."""
    monkeypatch.setenv("GPT_RUNS", str(runs))

    def open_(lesson, texts, guesses):
        app = app_at(lesson)
        app.session_state["guesses"] = dict(guesses)
        app.query_params.update({"model": "0000aaaa", "prompt": "NADIA: Who put"} | texts)
        app.run()
        return app

    return open_


# ---- Which keys there are ----


class Recorder(dict):
    """What the address says, remembering what was asked of it."""

    def __init__(self, said: Mapping[str, str], asked: set[str]) -> None:
        super().__init__(said)
        self.asked = asked

    def get(self, name, default=None):
        self.asked.add(name)
        return super().get(name, default)


@pytest.fixture
def asked(monkeypatch):
    """Names that the app asked the address for, other than widgets'."""
    names = set()
    texts = address.texts
    monkeypatch.setattr(address, "texts", lambda *some: Recorder(texts(*some), names))
    monkeypatch.setattr(address, "text_of", lambda name: Recorder(texts(), names).get(name, ""))
    return names


def keys_of(app):
    return set(app.session_state["widgets"])


def answered(visit, lesson):
    """The lesson with all its questions answered, by the first option of each; the guesses."""
    guesses = {}
    while True:
        app = visit(lesson, {}, guesses)
        assert not app.exception
        asked = {box.key: box.options[0] for box in app.radio if box.value is None}
        if not asked.keys() - guesses.keys():
            return app, guesses
        guesses |= asked


def ways_in(visit, lesson):
    """Addresses that between them bring every widget of a lesson on screen; what each adds.

    Some choices bring more widgets. What an address needs for that is left to another one.
    """
    app, guesses = answered(visit, lesson)
    ways = [({}, keys_of(app))]
    for box in (*app.selectbox, *app.button_group):
        for option in box.options[1:5] if box.key in keys_of(app) else ():
            chosen = {box.key: str(getattr(option, "content", option))}
            ways.append((chosen, keys_of(visit(lesson, chosen, guesses))))
    every = set().union(*(keys for _, keys in ways))
    ways.sort(key=lambda way: -len(way[1]))
    while every:  # the fewest ways, roughly, that show all of them
        way, keys = max(ways, key=lambda each: len((each[1] - each[0].keys()) & every))
        yield way, (keys - way.keys()) & every, guesses
        every -= keys - way.keys()


# ---- The tests ----


def harmful(visit, lesson, texts, guesses):
    """Of these texts by key, those that make the lesson raise; found by halving."""
    if not visit(lesson, texts, guesses).exception:
        return {}
    if len(texts) == 1:
        return texts
    items = list(texts.items())
    half = len(items) // 2
    parts = (dict(items[:half]), dict(items[half:]))
    guilty = harmful(visit, lesson, parts[0], guesses) | harmful(visit, lesson, parts[1], guesses)
    return guilty or texts  # only together


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_address_raises(visit, asked, lesson, thorough):
    failed = {}
    first, every = (0, 1) if thorough else (LESSONS.index(lesson) % EVERY, EVERY)
    for number, (way, keys, guesses) in enumerate(ways_in(visit, lesson)):
        keys |= asked if number == 0 else set()
        keys -= {"prompt", "model"}  # see the next test
        for kind in list(NASTY)[first :: A_FEW if number else every] if keys else ():
            nasty = dict.fromkeys(sorted(keys), NASTY[kind])
            if guilty := harmful(visit, lesson, way | nasty, guesses):
                failed[kind] = sorted(guilty)
    assert not failed


@pytest.mark.parametrize(
    ("name", "lesson"),
    [("prompt", "tokenization"), ("prompt", "averaging"), ("model", "averaging")],
)
def test_no_prompt_or_model_raises(visit, name, lesson):
    assert not [kind for kind, text in NASTY.items() if visit(lesson, {name: text}, {}).exception]
