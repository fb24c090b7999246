"""Text whose tokens can be chosen to see the draw they came from, and the bars of the next draw.

Two components of Streamlit's second generation; their HTML, CSS and JavaScript lie in next/
and text/ and share bars.js.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from ui.components.bundle import read
from ui.components.component import component
from ui.components.taking import take_drawing

_FILES = Path(__file__).parent
_TITLES = {"next": "The next token", "text": "What the model wrote"}
_next_token = component("next_token", _FILES / "next", _FILES / "bars.css")
_generated_text = component("generated_text", _FILES / "text", _FILES / "bars.css")


class Writing(Protocol):
    """A text as it is drawn: the lesson's own class has these and more.

    name: no two texts have the same. prompt, texts: tokens, as they are shown. bits: how surprising
    each of texts was. drawn: of each, what `next_token_bars` takes. live: whether more is to come.
    vocabulary: how many tokens there are.
    """

    name: str
    prompt: list[str]
    texts: list[str]
    bits: list[float]
    drawn: list[dict[str, Any]]

    @property
    def live(self) -> bool:
        """Whether more is to come."""

    @property
    def vocabulary(self) -> int:
        """How many tokens there are."""


def next_token_bars(choices: dict[str, Any], key: str) -> None:
    """Draw what `candidates` returned for the next token."""
    _next_token(key=key, data=choices)
    _take("next", choices, key, partial(_choice_rows, choices))


def _choice_rows(choices: dict[str, Any]) -> list[list[Any]]:
    left, *shares = choices["rest"]
    names = ["token", "probability", "after cuts"]
    return [names, *map(list, choices["rows"]), [f"{left} others", *shares]]


def _take(name: str, data: dict[str, Any], key: str, rows: Callable[[], list[list[Any]]]) -> None:
    folder = _FILES / name
    css = read(*filter(Path.is_file, (_FILES / "bars.css", folder / f"{name}.css")))
    take_drawing(key, _TITLES[name], read(folder / f"{name}.html"), css, folder, data, rows)


def generated_text(writing: Writing, hint: str, key: str, differs: int | None = None) -> None:
    """Draw a text. differs: its first token that another text, beside it, hasn't; it is marked.

    While it grows, only the newest draw is sent; all of them once it has ended.
    """
    data = {
        "id": writing.name,
        "prompt": writing.prompt,
        "texts": writing.texts,
        "bits": [round(bits, 2) for bits in writing.bits],
        "drawn": writing.drawn[-1:] if writing.live else writing.drawn,
        "live": writing.live,
        "vocabulary": writing.vocabulary,
        "hint": hint,
        "differs": differs,
    }
    _generated_text(key=key, data=data)
    if writing.texts and not writing.live:
        names = ["token", "bits"]
        pairs = zip(writing.texts, writing.bits, strict=True)
        _take("text", data, key, lambda: [names, *([text, bits] for text, bits in pairs)])
