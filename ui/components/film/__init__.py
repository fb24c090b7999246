"""A training run as a film: a slider under the loss curve that drives all that is drawn of a model.

All frames travel to the browser in one message of bytes, so that a step of the slider is painted
there at once. The pictures of attention are those of ui/components/attention_map.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from ui.components.attention_map import CSS, HTML, Head, message_of, pack_weights, selected
from ui.components.bundle import read
from ui.components.component import component
from ui.components.taking import take_drawing
from ui.show.tokens import short

if TYPE_CHECKING:
    from gpt_core.interpret.head_roles import RoleScores
    from gpt_core.interpret.snapshots import SnapshotView
    from gpt_core.tokenizers import Tokenizer

_FILES = Path(__file__).parent

_HTML = read(_FILES / "film.html").replace("<!-- map -->", HTML)
_CSS = CSS + read(_FILES / "film.css")
_component = component("film", _FILES, html=_HTML, css=_CSS)

Points = Sequence[tuple[float, float]]


_BADGES = {"previous token": "previous", "first token": "first", "same token": "same"}


@dataclass(frozen=True)
class Stage:
    """What stands around the views of a training run's snapshots.

    tokens: of the probe, as they are to be read. given: the probe's text. batches, validation: the
    loss by step. said, losses: about each view a sentence, and the loss on validation text, None
    where it is not known. norms: their names. The titles and words stand over the tables.
    """

    tokens: Sequence[str]
    given: str
    causal: bool
    batches: Points
    validation: Points
    said: Sequence[str]
    losses: Sequence[float | None]
    norms: Sequence[str]
    norm_title: str
    norm_words: str
    show_roles: bool
    role_words: str


def pack_film(
    name: str,
    stage: Stage,
    views: Sequence[SnapshotView],
    tokenizer: Tokenizer,
    step: int,
    head: Head,
    follow: bool | None,
) -> bytes:
    """One message of at least one view: a JSON header, then the weights of each view.

    name: another film has another name. step, head: where the film begins; once it is on the
    screen, the browser keeps what the visitor chose. follow: whether it begins with showing each
    frame that is added; None where no more will come.
    """
    L, H, *_ = views[0].pattern.shape
    frames = [
        _frame(view, tokenizer, stage.show_roles) | {"said": said, "loss": loss}
        for view, said, loss in zip(views, stage.said, stage.losses, strict=True)
    ]
    spreads = [size for frame in frames for size in frame["spread"] if size > 0] or [1.0]
    packed = ("batches", "validation", "said", "losses", "show_roles")
    header = {key: value for key, value in vars(stage).items() if key not in packed} | {
        "name": name,
        "layers": L,
        "heads": H,
        "curve": {"batches": stage.batches, "validation": stage.validation},
        "norm_range": [min(spreads) / 1.5, max(spreads)],
        "selection": {"step": step, "head": head},
        "follow": follow,
        "frames": frames,
    }
    weights = [pack_weights(view.pattern.astype(np.float32), stage.causal) for view in views]
    return message_of(header, *weights)


def _frame(view: SnapshotView, tokenizer: Tokenizer, show_roles: bool) -> dict[str, Any]:
    """What the tables and the lines of text say of a view."""
    places = ["tokens only", *(f"layer {i}" for i in range(len(view.pattern)))]
    written, gain, roles = view.continuation, view.gain, view.roles if show_roles else {}
    return {
        "step": view.step,
        "guesses": [
            (place, short(tokenizer.token_text(token)), round(probability, 4))
            for place, (token, probability) in zip(places, view.guesses, strict=True)
        ],
        "spread": [round(size, 4) for size in view.spread],
        "gain": None if gain is None else [round(size, 3) for size in gain],
        "written": None if written is None else tokenizer.decode(written).replace("\r", ""),
        "roles": [_role_row(role, scores) for role, scores in roles.items()],
        "badges": _badges(roles, view.pattern.shape[:2]),
    }


def _role_row(role: str, scores: RoleScores) -> dict[str, Any]:
    """The head that does most of a role above chance: its share of attention, and chance."""
    layer, head = divmod(int(scores.excess.argmax()), scores.excess.shape[1])
    return {
        "role": role,
        "who": f"layer {layer}, head {head}",
        "share": round(scores.share[layer, head].item(), 4),
        "chance": round(scores.chance[layer, head].item(), 4),
        "clear": bool(scores.clear()[layer, head]),
    }


def _badges(roles: dict[str, RoleScores], shape: tuple[int, ...]) -> dict[str, str]:
    """The first clear role of every head that has any, and how many more it has."""
    from gpt_core.interpret.head_roles import clear_roles

    clear = (
        (f"{layer}.{head}", clear_roles(roles, (layer, head))) for layer, head in np.ndindex(shape)
    )
    return {
        head: _BADGES.get(names[0], names[0]) + (f" +{len(names) - 1}" if names[1:] else "")
        for head, names in clear
        if names
    }


TITLE = "Attention while the model learns"
_COLUMNS = (
    "step",
    "validation loss (bits per token)",
    "place",
    "best guess",
    "probability",
)


def show_film(message: bytes, key: str, on_select: Callable[[], None]) -> None:
    """Draw a message of `pack_film`. on_select runs where the slider rests; see `chosen`."""
    _component(key=key, data=message, on_select_change=on_select)
    rows = partial(_rows, message)
    take_drawing(key, TITLE, _HTML, _CSS, _FILES, message, rows, off=".knock, .lamp")


def _rows(message: bytes) -> list[list[Any]]:
    """What each snapshot expects next and where, with the loss on validation text then."""
    (length,) = struct.unpack_from("<I", message)
    rows: list[list[Any]] = [list(_COLUMNS)]
    for frame in json.loads(message[4 : 4 + length])["frames"]:
        rows += [[frame["step"], frame["loss"], *guess] for guess in frame["guesses"]]
    return rows


@dataclass(frozen=True)
class Choice:
    """Where the slider rests, the large head, and whether the newest frame is followed.

    follow is None where no more frames will come.
    """

    step: int
    head: Head
    follow: bool | None


def chosen(key: str) -> Choice | None:
    """What the visitor has just chosen, inside on_select; None if the browser sent nonsense."""
    selection, said = selected(key), st.session_state.get(key, {}).get("select")
    step = said.get("step") if isinstance(said, dict) else None
    if selection is None or not isinstance(step, int):
        return None
    follow = said.get("follow")
    return Choice(step, selection.head, follow if isinstance(follow, bool) else None)
