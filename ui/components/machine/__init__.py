"""The whole model at work on a prompt: tokens below, layers upward, probabilities on top.

A component of Streamlit's second generation: its HTML, CSS and JavaScript lie beside this file.
Python sends one message of bytes; pointing, walking along the road and unfolding a layer need no
answer from the server. `draw(root, data, send)` in draw.js works without one, too.
"""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from ui.components.attention_map import message_of
from ui.components.bundle import read
from ui.components.component import component
from ui.components.taking import take_drawing

if TYPE_CHECKING:
    from torch import Tensor

    from gpt_core.interpret.machine import Backward, Machine

FILES = Path(__file__).parent
_HTML, _CSS = read(FILES / "machine.html"), read(FILES / "machine.css")

_component = component("machine", FILES)

CELLS = 16  # of a vector
FULL = 3.0  # times a vector's root mean square: from there on a cell has its full colour
_AHEAD = 0.04  # seconds, as in ui/components/attention_map
# What a part of the picture may ask of a lesson by its address.
_ASKS = (
    "head",
    "off",
    "cell",
    "mlp_layer",
    "mlp_neuron_",
    "stream_token",
    "norm_name",
    "norm_token",
)


@dataclass(frozen=True)
class Step:
    """A step along the last token's road: the row of the picture that it is about, and a sentence.

    kind, layer: as rowsOf() in layout.js names them; None for what lies in no layer.
    """

    kind: str
    layer: int | None
    text: str


@dataclass(frozen=True)
class Beside:
    """What the other of two pictures has in the places of this one's columns.

    name: of the other, "A" or "B". tokens, best: None where it has no such position. likely: the
    other's probabilities of this one's likeliest tokens, None for what it doesn't know. apart:
    (2L + 1, columns), how far the vectors are apart, None without such a position; all of it None
    where two models' vectors mean different things.
    """

    name: str
    tokens: Sequence[str | None]
    best: Sequence[str | None]
    likely: Sequence[float | None]
    apart: Sequence[Sequence[float | None]] | None


@dataclass(frozen=True)
class Shown:
    """What stands around the numbers.

    name: no two pictures have the same. tokens: of the columns, as they are to be read. given: how
    many tokens of the prompt are looked at; those after them were drawn. total: all of them. norm:
    "pre", "post" or "none". averages: whether a norm divides each channel by a number of its own,
    so that what is sent is an average. best: of each column the likeliest next token. likely: texts
    and probabilities of the likeliest after the last. steps: of Play. pages: of `lesson_pages`.
    note: what is said before anything was pressed. linked: how many positions a link may name.
    recorded: the numbers were kept, and no model stands behind them that could go on. beside: of
    the picture that it is compared with. opens: what a lesson's address says of the model and the
    prompt, where they aren't the page's own.
    """

    name: str
    tokens: Sequence[str]
    given: int
    total: int
    norm: str
    best: Sequence[str]
    likely: Sequence[tuple[str, float]]
    steps: Sequence[Step]
    pages: Mapping[str, Mapping[str, str]]
    averages: bool = False
    note: str = ""
    linked: int = 0
    recorded: bool = False
    beside: Beside | None = None
    opens: Mapping[str, str] | None = None


def pack_machine(
    machine: Machine, shown: Shown, back: tuple[Backward, Sequence[Step]] | None
) -> bytes:
    """One message: a JSON header, then the bytes of cells and weights, forward and back.

    back: the gradient and the sentences of its way, once somebody has asked for it.
    """
    L, H = machine.pattern.shape[:2]
    cells, lengths = _cells(machine.stream)
    header: dict[str, Any] = vars(shown) | {
        "steps": _plain(shown.steps),
        "beside": vars(shown.beside) if shown.beside else None,
        "first": machine.first,
        "layers": L,
        "heads": H,
        "channels": machine.stream.shape[-1],
        "columns": machine.stream.shape[1],
        "cells": cells.shape[-1],
        "lengths": lengths,
        "added": _figures(machine.added),
        "scales": None if machine.scales is None else _figures(machine.scales),
        "last_scale": None if machine.last_scale is None else _figures(machine.last_scale),
        "neurons": machine.neurons.tolist(),
        "best_share": _figures(machine.best_share),
        "back": None,
    }
    parts = [cells.tobytes(), _levels(machine.pattern, 1.0)]
    if back:
        gradient, steps = back
        cells, lengths = _cells(gradient.stream)
        most = float(gradient.passed.max()) or 1.0
        header["back"] = {
            "share": gradient.share,
            "bits": gradient.bits,
            "lengths": lengths,
            "added": _figures(gradient.added),
            "most": most,
            "steps": _plain(steps),
        }
        parts += [cells.tobytes(), _levels(gradient.passed, most)]
    return message_of(header, *parts)


def _plain(steps: Sequence[Step]) -> list[dict[str, Any]]:
    return [vars(step) for step in steps]


def _figures(x: Tensor) -> Any:
    """Numbers as nested lists. Six figures: of fewer, rounded again, the third would be wrong."""
    flat = np.array([float(f"{number:.6g}") for number in x.flatten().tolist()])
    return np.nan_to_num(flat, posinf=1e38, neginf=-1e38).reshape(tuple(x.shape)).tolist()


def _cells(vectors: Tensor) -> tuple[np.ndarray, Any]:
    """Vectors (N, S, C) as signed bytes (N, S, K), and their lengths (N, S).

    Each cell is, of C / K neighbouring numbers, the one farthest from 0, as a share of FULL times
    the vector's root mean square: ±127 from there on.
    """
    x = np.nan_to_num(vectors.float().numpy(), posinf=1e30, neginf=-1e30).astype(np.float64)
    groups = np.array_split(x, min(CELLS, x.shape[-1]), axis=-1)
    far = [np.abs(group).argmax(axis=-1)[..., None] for group in groups]
    picked = [np.take_along_axis(g, at, axis=-1)[..., 0] for g, at in zip(groups, far, strict=True)]
    size = np.sqrt((x * x).mean(axis=-1, keepdims=True))
    share = np.stack(picked, axis=-1) / np.where(size > 0, FULL * size, 1.0)
    cells = np.round(127 * np.clip(share, -1.0, 1.0)).astype(np.int8)
    return cells, _figures(vectors.float().norm(dim=-1))


def _levels(weights: Tensor, most: float) -> bytes:
    """Weights from 0 to `most` as bytes 0 to 255."""
    shares = np.nan_to_num(weights.float().numpy()) / most
    return np.round(255 * np.clip(shares, 0.0, 1.0)).astype(np.uint8).tobytes()


def as_recorded(message: bytes, note: str) -> bytes:
    """The same message of a model that isn't here: nothing can be asked of it. note: says so."""
    (length,) = struct.unpack_from("<I", message)
    header = json.loads(message[4 : 4 + length])
    header |= {"note": note, "recorded": True, "pages": {}}
    return message_of(header, message[4 + length :])


TITLE = "The whole model at work: numbers are lengths of vectors"


def show_machine(
    message: bytes, key: str, on_choose: Callable[[], None], *, ahead: bool = False
) -> None:
    """Draw a message of `pack_machine`. on_choose runs when the reader asks for something; see
    `asked`. ahead: let the browser draw it before it hears what the page says next.
    """
    _component(key=key, data=message, on_choose_change=on_choose)
    if ahead:
        time.sleep(_AHEAD)
    take_drawing(
        key,
        TITLE,
        _HTML,
        _CSS,
        FILES,
        partial(as_recorded, message, ""),
        partial(rows_of, message),
    )


def rows_of(message: bytes) -> list[list[Any]]:
    """Of each token the best guess after it, and the length of its vector at each station."""
    (length,) = struct.unpack_from("<I", message)
    header = json.loads(message[4 : 4 + length])
    stations = ["length of the embedding"]
    for layer in range(header["layers"]):
        stations += [f"length after attention {layer}", f"length after MLP {layer}"]
    rows: list[list[Any]] = [["position", "token", "best guess", "probability", *stations]]
    for column, token in enumerate(header["tokens"]):
        lengths = [station[column] for station in header["lengths"]]
        best = header["best"][column], header["best_share"][column]
        rows.append([header["first"] + column, token, *best, *lengths])
    return rows


@dataclass(frozen=True)
class Asked:
    """What the reader asked for: "next", "reset", "back" (the gradient), or "open" a lesson.

    lesson: a folder in pages/. query: what its address is to say besides the model and the prompt.
    """

    what: str
    lesson: str = ""
    query: tuple[tuple[str, str], ...] = ()


def asked(key: str) -> Asked | None:
    """What the reader has just asked for, inside on_choose; None if the browser sent nonsense."""
    choice: Any = st.session_state.get(key, {}).get("choose")
    if not isinstance(choice, dict) or choice.get("what") not in ("next", "reset", "back", "open"):
        return None
    lesson, query = choice.get("lesson", ""), choice.get("query", {})
    if not isinstance(lesson, str) or not isinstance(query, dict):
        return None
    allowed = tuple(
        (name, text)
        for name, text in query.items()
        if isinstance(name, str) and name.startswith(_ASKS) and isinstance(text, str)
    )
    return Asked(choice["what"], lesson, allowed)
