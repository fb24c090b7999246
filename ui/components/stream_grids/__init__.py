"""Two grids of layers and positions: the logit lens, and states dragged between two runs.

Components of Streamlit's second generation; their HTML, CSS and JavaScript lie in lens/
and patch/ and share cells.js.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from ui.components.bundle import read
from ui.components.component import SCROLLS, component
from ui.components.taking import take_drawing
from ui.show.tokens import short

if TYPE_CHECKING:
    from gpt_core.interpret.logit_lens import Lens
    from gpt_core.tokenizers import Token, Tokenizer

Place = tuple[int, int]  # a row and a column

_FILES = Path(__file__).parent
_SHEETS = (SCROLLS, _FILES / "cells.css")
_TITLES = {"lens": "The best guess after each layer", "patch": "States, and where they differ"}
_lens = component("logit_lens", _FILES / "lens", *_SHEETS)
_patch = component("patching", _FILES / "patch", *_SHEETS)


def stream_rows(layers: int) -> list[str]:
    """What to call the stream's stations: where it starts, and after each layer."""
    return ["embedding", *(f"after layer {layer}" for layer in range(layers))]


def lens_grid(
    lens: Lens,
    tokens: Sequence[Token],
    tokenizer: Tokenizer,
    chosen: int,
    key: str,
    name: str,
    on_choose: Callable[[], None],
    marked: Collection[Place] = (),
) -> None:
    """Draw the lens; on_choose runs when a column was chosen, see `chosen_column`.

    name: changes whenever what is drawn changes, but for the chosen column. marked: cells that
    differ from another lens.
    """

    texts = {i: short(tokenizer.token_text(i)) for i in set(lens.top.flatten().tolist())}
    best = [
        [
            [(texts[i], float(f"{p:.3g}")) for i, p in zip(*cell, strict=True)]
            for cell in zip(likeliest, shares, strict=True)
        ]
        for likeliest, shares in zip(lens.top.tolist(), lens.probability.tolist(), strict=True)
    ]
    ranks = zip(lens.rank.tolist(), lens.share.tolist(), strict=True)
    data = {
        "name": name,
        "rows": stream_rows(len(best) - 1),
        "columns": [{"text": short(t.text), "place": i} for i, t in enumerate(tokens)],
        "best": best,
        "ranks": [list(zip(*row, strict=True)) for row in ranks],
        "chosen": chosen,
        "marked": sorted(marked),
    }
    _lens(key=key, data=data, on_column_change=on_choose)
    _take("lens", data, key, partial(_lens_rows, data))


def _lens_rows(data: dict[str, Any]) -> list[list[Any]]:
    rows: list[list[Any]] = [["after", "position", "token", "best guess", "probability", "rank"]]
    for name, best, ranks in zip(data["rows"], data["best"], data["ranks"], strict=True):
        for column, guesses, rank in zip(data["columns"], best, ranks, strict=True):
            rows.append([name, column["place"], column["text"], *guesses[0], rank[0]])
    return rows


def _take(name: str, data: dict[str, Any], key: str, rows: Callable[[], list[list[Any]]]) -> None:
    folder = _FILES / name
    css = read(*_SHEETS, folder / f"{name}.css")
    take_drawing(key, _TITLES[name], read(folder / f"{name}.html"), css, folder, data, rows)


def patch_grids(data: dict[str, Any], key: str, on_choose: Callable[[], None]) -> None:
    """Draw two runs; on_choose runs when a state was copied, see `chosen_cell`.

    data: name (changes with the prompts and the kind of state), rows, columns (their tokens in
    either run, place, differs), differ and moved (layers × positions; moved is None while it isn't
    known), chosen (layer, position), outcome (said, names of the runs, tokens with a probability
    in each).
    """
    _patch(key=key, data=data, on_cell_change=on_choose)
    _take("patch", data, key, partial(_patch_rows, data))


def _patch_rows(data: dict[str, Any]) -> list[list[Any]]:
    rows: list[list[Any]] = [list(_PATCH_COLUMNS)]
    for i, (name, differ) in enumerate(zip(data["rows"], data["differ"], strict=True)):
        for j, (column, size) in enumerate(zip(data["columns"], differ, strict=True)):
            moved = data["moved"][i][j] if data["moved"] else ""
            tokens = column["source"], column["into"]
            rows.append([name, column["place"], *tokens, size, moved])
    return rows


_PATCH_COLUMNS = (
    "state",
    "position",
    "token in B",
    "token in A",
    "difference, as a share of the largest",
    "share of the answer that moves over to B's",
)


def chosen_column(key: str, columns: int) -> int | None:
    """The column just chosen, inside on_choose; None if the browser sent nonsense."""
    pair = _whole(st.session_state.get(key, {}).get("column"), (columns,))
    return pair[0] if pair else None


def chosen_cell(key: str, shape: tuple[int, int]) -> tuple[int, int] | None:
    """The (layer, position) just copied, inside on_choose; None if the browser sent nonsense."""
    return _cell(st.session_state.get(key, {}).get("cell"), shape)


def read_cell(text: str, shape: tuple[int, int]) -> tuple[int, int] | None:
    """The same from an address: "2.14" is layer 2, position 14."""
    parts = text.split(".")
    if not all(part.isascii() and part.isdigit() and len(part) < 7 for part in parts):
        return None
    return _cell([int(part) for part in parts], shape)


def _cell(value: Any, shape: tuple[int, int]) -> tuple[int, int] | None:
    pair = _whole(value, shape)
    return (pair[0], pair[1]) if pair else None


def _whole(value: Any, below: Sequence[int]) -> tuple[int, ...] | None:
    numbers = value if isinstance(value, list | tuple) else [value]
    if len(numbers) != len(below) or not all(type(n) is int for n in numbers):
        return None
    return tuple(numbers) if all(0 <= n < b for n, b in zip(numbers, below, strict=True)) else None
