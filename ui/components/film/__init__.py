"""A training run as a film: a slider under the loss curve that drives all that is drawn of a model.

All frames travel to the browser in one message of bytes, so that a step of the slider is painted
there at once. The pictures of attention are those of ui/components/attention_map.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from ui.components.attention_map import CSS, HTML, Head, message_of, pack_weights, selected
from ui.components.bundle import bundle, read

_FILES = Path(__file__).parent

_component = st.components.v2.component(
    "film",
    html=read(_FILES / "film.html").replace("<!-- map -->", HTML),
    css=CSS + read(_FILES / "film.css"),
    js=bundle(_FILES / "mount.js"),
)

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class RoleRow:
    """The head that does most of one role: its share of attention, what chance would give."""

    role: str
    who: str
    share: float
    chance: float
    clear: bool


@dataclass(frozen=True)
class Picture:
    """One frame as it is drawn.

    pattern: (L, H, T, T). loss: on validation text, None where it is not known. guesses: a place,
    a token and its probability each. spread, gain: one number for each norm; no gain where norms
    have none. badges: a few letters under a head's picture. said: a sentence about this frame.
    written: None as long as nobody has asked for it.
    """

    step: int
    pattern: np.ndarray
    loss: float | None
    said: str
    guesses: Sequence[tuple[str, str, float]]
    spread: Sequence[float]
    gain: Sequence[float] | None
    written: str | None
    roles: Sequence[RoleRow]
    badges: dict[Head, str]


@dataclass(frozen=True)
class Stage:
    """What stays the same while the slider moves.

    tokens: of the probe, as they are to be read. given: the probe's text. batches, validation: the
    loss by step. norms: their names. The titles and words stand over the tables.
    """

    tokens: Sequence[str]
    given: str
    causal: bool
    batches: Points
    validation: Points
    norms: Sequence[str]
    norm_title: str
    norm_words: str
    role_words: str


def pack_film(
    name: str, stage: Stage, pictures: Sequence[Picture], step: int, head: Head, follow: bool
) -> bytes:
    """One message of at least one picture: a JSON header, then the weights of each picture.

    name: another film has another name. step, head: where the film begins; once it is on the
    screen, the browser keeps what the visitor chose. follow: show the last frame when one is added.
    """
    L, H, *_ = pictures[0].pattern.shape
    spreads = [size for picture in pictures for size in picture.spread if size > 0] or [1.0]
    header = asdict(stage) | {
        "name": name,
        "layers": L,
        "heads": H,
        "curve": {"batches": list(stage.batches), "validation": list(stage.validation)},
        "norm_range": [min(spreads) / 1.5, max(spreads)],
        "selection": {"step": step, "head": head},
        "follow": follow,
        "frames": [_frame(picture) for picture in pictures],
    }
    for unused in ("batches", "validation"):
        del header[unused]
    weights = [pack_weights(picture.pattern, stage.causal) for picture in pictures]
    return message_of(header, *weights)


def _frame(picture: Picture) -> dict[str, Any]:
    frame = {name: value for name, value in vars(picture).items() if name != "pattern"}
    badges = {f"{layer}.{head}": text for (layer, head), text in picture.badges.items()}
    return frame | {"roles": [vars(row) for row in picture.roles], "badges": badges}


def show_film(message: bytes, key: str, on_select: Callable[[], None]) -> None:
    """Draw a message of `pack_film`. on_select runs where the slider rests; see `chosen`."""
    _component(key=key, data=message, on_select_change=on_select)


@dataclass(frozen=True)
class Choice:
    """Where the slider rests, the large head, and whether the newest frame is to be followed."""

    step: int
    head: Head
    follow: bool


def chosen(key: str) -> Choice | None:
    """What the visitor has just chosen, inside on_select; None if the browser sent nonsense."""
    selection, said = selected(key), st.session_state.get(key, {}).get("select")
    step = said.get("step") if isinstance(said, dict) else None
    if selection is None or not isinstance(step, int):
        return None
    return Choice(step, selection.head, said.get("follow") is True)
