"""All attention heads on canvases, one of them large, for every lesson.

`attention_map` is the Attention lesson's own: it adds the arithmetic of one cell and switches that
turn heads off. `attention_grid` is one call for a lesson that only needs the pictures.

A component of Streamlit's second generation: its HTML, CSS and JavaScript lie beside this file.
Python sends one message of bytes; pointing and moving need no answer from the server.
"""

from __future__ import annotations

import json
import struct
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from ui.components.bundle import read
from ui.components.component import SCROLLS, component
from ui.components.taking import take_drawing

if TYPE_CHECKING:
    from torch import Tensor

    from gpt_core.interpret.attention import AttentionTrace

_FILES = Path(__file__).parent

# For a component that shows the pictures among other things: ui/components/film.
HTML, CSS = read(_FILES / "map.html"), read(SCROLLS, _FILES / "map.css")

_component = component("attention_map", _FILES, html=HTML, css=CSS)

Head = tuple[int, int]

IN_URL = ("head", "off", "cell")  # what an address says of a selection
SMALL_SIDE = 64  # cells
# Seconds by which the pictures are ahead of what the page says next, where there is time.
# Streamlit draws together what has come in while it drew something else, and the pictures
# would wait for all of it.
_AHEAD = 0.04


@dataclass(frozen=True)
class Selection:
    """What the visitor chose: the large head, the heads that are off, and one cell.

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
        pairs = (_pair(text, heads) for text in params.get("off", "").split(","))
        off = {pair for pair in pairs if pair is not None}
        cell = _pair(params.get("cell", ""), (length, length))
        return cls(head or (0, 0), tuple(sorted(off)), cell)

    def in_url(self) -> dict[str, str]:
        """The same as query parameters; what says nothing is empty."""
        return {
            "head": _text(self.head) if self.head != (0, 0) else "",
            "off": ",".join(map(_text, self.off)),
            "cell": _text(self.cell) if self.cell else "",
        }


@dataclass(frozen=True)
class Small:
    """The weights of all heads for the small pictures, pool × pool cells to a byte."""

    weights: bytes
    pool: int


@dataclass(frozen=True)
class Beside:
    """What a picture shows of how it differs from another beside it.

    fixed: its heads can't be switched here. marks: by head the cell (row, column) that is marked;
    badges: and what is said of it.
    """

    fixed: bool
    marks: Mapping[Head, tuple[int, int]]
    badges: Mapping[Head, str]


@dataclass(frozen=True)
class Outcome:
    """The most likely next tokens as (text, before, after), and the loss in bits per token."""

    tokens: Sequence[tuple[str, float, float]]
    loss_before: float | None
    loss_after: float | None


def pack_weights(pattern: np.ndarray, causal: bool, signed: bool = False) -> bytes:
    """Attention weights (L, H, T, T) in 0..1 as bytes 0..255, head after head, row after row.

    signed: differences in -1..1 as bytes 1..255, so that 128 is no difference. With a causal mask
    only the triangle that isn't masked is kept: half of the bytes.
    """
    scaled = pattern * 127 + 128.5 if signed else pattern * 255 + 0.5
    return _as_bytes(scaled.astype(np.uint8), causal)


def pack_small(pattern: np.ndarray, causal: bool) -> Small:
    """Attention weights (L, H, T, T) in 0..1 for small pictures, in a quarter of the bytes or less.

    A picture of some 70 pixels shows no more than about `SMALL_SIDE` cells a side; of a longer
    prompt each byte is the strongest of a square of cells, so that a thin stripe is not lost.
    """
    L, H, T, _ = pattern.shape
    levels = (pattern * 255 + 0.5).astype(np.uint8)
    pool = max(1, round(T / SMALL_SIDE))
    if pool > 1:
        side = -(-T // pool)
        squares = np.zeros((L, H, side * pool, side * pool), np.uint8)
        squares[:, :, :T, :T] = levels
        rows = reduce(np.maximum, (squares[:, :, i::pool] for i in range(pool)))
        levels = reduce(np.maximum, (rows[..., i::pool] for i in range(pool)))
    return Small(_as_bytes(levels, causal), pool)


def _as_bytes(levels: np.ndarray, causal: bool) -> bytes:
    L, H, T, _ = levels.shape
    levels = levels.reshape(L * H, T * T)
    if causal:
        levels = levels[:, np.flatnonzero(np.tri(T, dtype=bool))]
    return levels.tobytes()


def pack(
    trace: AttentionTrace,
    small: Small,
    written: Tensor,
    causal: bool,
    tokens: Sequence[str],
    selection: Selection,
    outcome: Outcome | None,
    name: str,
    beside: Beside | None = None,
) -> bytes:
    """One message: a JSON header, float32 q, k, v, written, the weights of all heads.

    small: all heads of the trace, from `pack_small`. written: (T,), the length that each v of the
    locked head has once its output projection has written it. Before the weights of all heads, if
    they are pooled, come those of the locked head cell by cell.
    """
    layers, heads, _, width = trace.q.shape
    header = {
        "name": name,
        "tokens": list(tokens),
        "layers": layers,
        "heads": heads,
        "width": width,
        "causal": causal,
        "pool": small.pool,
        "selection": vars(selection),
        "outcome": vars(outcome) if outcome else None,
    }
    if beside:
        header |= {"beside": True, "fixed": beside.fixed}
        header["marks"] = {_text(head): cell for head, cell in beside.marks.items()}
        header["badges"] = {_text(head): badge for head, badge in beside.badges.items()}
    locked = (tensor[selection.head] for tensor in (trace.q, trace.k, trace.v))
    floats = [x.numpy().astype("<f4").tobytes() for x in (*locked, written)]
    pattern = trace.pattern[selection.head][None, None].numpy()
    large = pack_weights(pattern, causal) if small.pool > 1 else b""
    return message_of(header, *floats, large, small.weights)


def message_of(header: Mapping[str, Any], *parts: bytes) -> bytes:
    """One message: the length of a JSON header, the header, the parts.

    The header is filled with spaces to a multiple of 4 bytes, so that floats after it lie aligned.
    """
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)
    return b"".join([struct.pack("<I", len(text)), text, *parts])


def attention_map(
    message: bytes,
    key: str,
    on_select: Callable[[], None],
    *,
    ahead: bool,
    others: Callable[[], Mapping[str, bytes]] = dict,
) -> None:
    """Draw a message of `pack`. on_select runs when the visitor chose; see `selected`.

    ahead: let the browser draw it before it hears what the page says next. others: a handout's
    messages for the other heads, by "[layer,head]"; made when somebody wants one.
    """
    _component(key=key, data=message, on_select_change=on_select)
    if ahead:
        time.sleep(_AHEAD)
    _take(message, key, others)


def _take(message: bytes, key: str, others: Callable[[], Mapping[str, bytes]] = dict) -> None:
    """What is off in a handout: switching heads off."""
    rows = partial(rows_of_message, message)
    off = ".knock, .lamp"
    take_drawing(key, TITLE, HTML, CSS, _FILES, message, rows, answers=others, off=off)


def rows_of_message(message: bytes) -> list[list[Any]]:
    """The weights in a message of `pack` or `attention_grid`, a row each, under a row of names.

    Of a prompt so long that small pictures are pooled: those of the locked head. A weight is exact
    to 1/510, a difference to 1/254.
    """
    (length,) = struct.unpack_from("<I", message)
    header = json.loads(message[4 : 4 + length])
    T, width = len(header["tokens"]), header["width"]
    at = 4 + length + (4 * T * (3 * width + 1) if width else 0)
    heads = [divmod(i, header["heads"]) for i in range(header["layers"] * header["heads"])]
    if header.get("pool", 1) > 1:
        heads = [tuple(header["selection"]["head"])]
    signed, causal, tokens = header.get("signed"), header["causal"], header["tokens"]
    rows: list[list[Any]] = [list(COLUMNS)]
    for layer, head in heads:
        for row in range(T):
            for column in range(row + 1 if causal else T):
                value = (message[at] - 128) / 127 if signed else message[at] / 255
                rows.append([layer, head, row, tokens[row], column, tokens[column], value])
                at += 1
    return rows


TITLE = "Attention: a row asks, columns are asked"
COLUMNS = ("layer", "head", "asks", "token that asks", "asked", "token asked", "weight")


def attention_grid(
    pattern: np.ndarray,
    tokens: Sequence[str],
    *,
    key: str,
    causal: bool = True,
    head: Head | None = None,
    signed: bool = False,
    badges: Mapping[Head, str] | None = None,
    name: str = "",
    on_select: Callable[[], None] | None = None,
) -> None:
    """Draw all heads small and one large; pointing at a cell says its weight and both tokens.

    Made for scrubbing: another pattern under the same key is painted in place, and the head that
    the visitor locked stays locked. Nothing runs on the server for that.

    pattern: (L, H, T, T) weights in 0..1, or with signed=True the difference of two passes or two
    runs in -1..1, coloured around zero. tokens: T labels as they are to be read (`visible`).
    causal: cells right of the diagonal are masked. head: (layer, head), the large one; None leaves
    that to the visitor. badges: a few letters under each picture, by (layer, head). name: what the
    page element says in `data-painted` once this is on screen; by default a checksum of the
    picture. on_select: runs when another head is locked; `selected(key)` then tells which.

    Raises ValueError when the number of tokens is not T.
    """
    L, H, T, _ = pattern.shape
    if len(tokens) != T:
        raise ValueError(f"The pattern is for {T} tokens, but {len(tokens)} were given.")
    weights = pack_weights(pattern, causal, signed)
    header = {
        "name": name or f"{zlib.crc32(weights):08x}",
        "tokens": list(tokens),
        "layers": L,
        "heads": H,
        "width": 0,
        "causal": causal,
        "signed": signed,
        "selection": {"head": head},
        "badges": {_text(place): badge for place, badge in (badges or {}).items()},
        "tells": on_select is not None,
        "outcome": None,
    }
    listener: dict[str, Any] = {"on_select_change": on_select} if on_select else {}
    message = message_of(header, weights)
    _component(key=key, data=message, **listener)
    _take(message, key)


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
