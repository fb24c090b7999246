"""All attention heads on canvases, one of them large, with the arithmetic of one of its cells.

A component of Streamlit's second generation: its HTML, CSS and JavaScript lie in attention_canvas/.
Python sends one message of bytes; pointing and moving need no answer from the server.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

_FILES = Path(__file__).parent / "attention_canvas"
_SCRIPTS = ("message", "arithmetic", "words", "panels", "drawing", "labels", "map")


def _read(*names: str) -> str:
    return "\n".join((_FILES / name).read_text(encoding="utf-8") for name in names)


_component = st.components.v2.component(
    "attention_map",
    html=_read("map.html"),
    css=_read("map.css"),
    js=_read(*(f"{name}.js" for name in _SCRIPTS)),
)

Head = tuple[int, int]


@dataclass(frozen=True)
class Selection:
    """What the visitor chose: the large head, the heads knocked out, and one cell.

    cell is (row, column) = (the position that asks, the position that is asked), or None as long
    as the picture itself chooses. All numbers are counted from 0.
    """

    head: Head = (0, 0)
    off: tuple[Head, ...] = ()
    cell: tuple[int, int] | None = None

    @classmethod
    def from_url(cls, params: Mapping[str, str], heads: Head, length: int) -> Selection:
        """Read `head=2.3&off=0.1,1.0&cell=12.7`; what is wrong or out of range is left out.

        heads: how many layers there are and how many heads in each. length: how many tokens.
        """
        head = _pair(params.get("head", ""), heads)
        off = {_pair(text, heads) for text in params.get("off", "").split(",")} - {None}
        cell = _pair(params.get("cell", ""), (length, length))
        return cls(head or (0, 0), tuple(sorted(off)), cell)  # type: ignore[type-var]

    def into_url(self, params: MutableMapping[str, str]) -> None:
        """Put the selection into the query parameters; what says nothing is left out."""
        own = {
            "head": _text(self.head) if self.head != (0, 0) else "",
            "off": ",".join(map(_text, self.off)),
            "cell": _text(self.cell) if self.cell else "",
        }
        for name, text in own.items():
            if text:
                params[name] = text
            elif name in params:
                del params[name]


@dataclass(frozen=True)
class Numbers:
    """What is drawn: the uint8 weights of all heads, and one head exactly.

    weights: from `pack_weights`. q, k, v: (T, D) float32 of the locked head. written: (T,), the
    length that each v has once the head's output projection has written it.
    """

    weights: bytes
    q: np.ndarray
    k: np.ndarray
    v: np.ndarray
    written: np.ndarray
    causal: bool


@dataclass(frozen=True)
class Outcome:
    """The most likely next tokens as (text, before, after), and the loss in nats per token."""

    tokens: Sequence[tuple[str, float, float]]
    loss_before: float | None
    loss_after: float | None


def pack_weights(pattern: np.ndarray, causal: bool) -> bytes:
    """Attention weights (L, H, T, T) in 0..1 as bytes 0..255, head after head, row after row.

    With a causal mask only the triangle that isn't masked is kept: half of the bytes.
    """
    L, H, T, _ = pattern.shape
    levels = (pattern * 255 + 0.5).astype(np.uint8).reshape(L * H, T * T)
    if causal:
        levels = levels[:, np.flatnonzero(np.tri(T, dtype=bool))]
    return levels.tobytes()


def pack(
    numbers: Numbers,
    tokens: Sequence[str],
    heads: Head,
    selection: Selection,
    outcome: Outcome | None,
    name: str,
) -> bytes:
    """One message: the length of a JSON header, the header, float32 q, k, v, written, weights.

    The header is filled with spaces to a multiple of 4 bytes, so that the floats lie aligned.
    """
    header = {
        "name": name,
        "tokens": list(tokens),
        "layers": heads[0],
        "heads": heads[1],
        "width": numbers.q.shape[1],
        "causal": numbers.causal,
        "selection": {
            "head": selection.head,
            "off": selection.off,
            "cell": selection.cell,
        },
        "outcome": vars(outcome) if outcome else None,
    }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)
    floats = (numbers.q, numbers.k, numbers.v, numbers.written)
    arrays = [np.ascontiguousarray(array, dtype="<f4").tobytes() for array in floats]
    return b"".join([struct.pack("<I", len(text)), text, *arrays, numbers.weights])


def attention_map(message: bytes, key: str, on_select: Callable[[], None]) -> None:
    """Draw a message of `pack`. on_select runs when the visitor chose; see `selected`."""
    _component(key=key, data=message, on_select_change=on_select)


def selected(key: str) -> Selection | None:
    """What the visitor has just chosen, inside on_select; None if the browser sent nonsense."""
    choice: Any = st.session_state.get(key, {}).get("select")
    try:
        cell = choice["cell"]
        return Selection(
            head=_two(choice["head"]),
            off=tuple(sorted({_two(head) for head in choice["off"]})),
            cell=_two(cell) if cell else None,
        )
    except (TypeError, KeyError, ValueError):
        return None


def _two(numbers: Sequence[int]) -> tuple[int, int]:
    first, second = numbers
    return int(first), int(second)


def _pair(text: str, below: tuple[int, int]) -> tuple[int, int] | None:
    first, dot, second = text.partition(".")
    if not (dot and first.isascii() and first.isdigit() and second.isascii() and second.isdigit()):
        return None
    pair = int(first[:6]), int(second[:6])
    return pair if pair[0] < below[0] and pair[1] < below[1] else None


def _text(pair: tuple[int, int]) -> str:
    return f"{pair[0]}.{pair[1]}"
