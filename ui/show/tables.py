"""Tables and pictures of HTML, each with “Take it with you” below."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from ui.show.handout import Markup, sheet
from ui.show.names import as_html
from ui.show.rows import csv_of, rows_of_frame, rows_of_markup, rows_of_table
from ui.show.take_away import take_away
from ui.show.theme import palette

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

_WORD, _DIGIT = re.compile(r"[A-Za-z]+"), re.compile(r"\d")
_INTERVAL = re.compile(r" (\([^()]* to [^()]*\))$")
_SPACE, _A_TEXT = re.compile("[␣⏎]"), 4  # marks of spaces, and how many of them no token has
_UNITS = {"bits", "nats", "ms", "s", "B", "KB", "kB", "MB", "GB", "TB", "tokens", "characters"}
_IN_NUMBERS = _UNITS | {"to", "of"}


def show_table(table: Any, key: str, title: str, *, place: DeltaGenerator | None = None) -> None:
    """Draw a table of texts, whose first column says what its rows are. title: in a handout.

    table: a data frame, or columns by their names, or rows. A text may have code and bold type.
    place: where, instead of here. (Of `st.table` each cell is a Markdown element of its own: ten
    rows of six took the browser 35 ms, as HTML 4.)
    """
    colors = palette()
    with place or st.container():
        st.container(key=_element(key)).html(_markup(rows_of_frame(table)))
        take_away(
            key,
            title,
            lambda: csv_of(rows_of_table(table)),
            lambda: sheet(rows_of_table(table), colors),
            _element(key),
        )


def _markup(rows: Sequence[Sequence[str]]) -> str:
    """A table as HTML, the names of its columns first; columns of numbers stand at the right."""
    names, *others = rows
    columns = [*zip(*others, strict=True)] or [()] * len(names)
    right = [at > 0 and all(map(_is_number, column)) for at, column in enumerate(columns)]
    sides = [' class="numeric"' if numeric else "" for numeric in right]
    head = "".join(
        f'<th scope="col"{side}><div>{as_html(name)}</div></th>'
        for name, side in zip(names, sides, strict=True)
    )
    body = "".join(f"<tr>{_row(row, sides)}</tr>" for row in others)
    return (
        f'<div class="table"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _row(row: Sequence[str], sides: Sequence[str]) -> str:
    first, *others = (f"<div>{_cell(cell)}</div>" for cell in row)
    cells = zip(others, sides[1:], strict=True)
    return f'<th scope="row">{first}</th>' + "".join(f"<td{s}>{cell}</td>" for cell, s in cells)


def _cell(text: str) -> str:
    """A cell's text as HTML: an interval in brackets, and a text with marked spaces, may break."""
    shown = _INTERVAL.sub(r' <span class="interval">\1</span>', as_html(text))
    if len(_SPACE.findall(text)) < _A_TEXT:
        return shown
    return _SPACE.sub(r"\g<0><wbr>", shown)


def _is_number(text: str) -> bool:
    """A number, an interval or a share of numbers, with its unit; or nothing at all."""
    return set(_WORD.findall(text)) <= _IN_NUMBERS and (
        not text.strip("–") or bool(_DIGIT.search(text))
    )


def show_frame(table: Any, key: str, title: str, **more: Any) -> None:
    """The same for what `st.dataframe` can draw, which can be sorted and scrolled."""
    colors = palette()
    st.dataframe(table, hide_index=True, key=key, **more)
    take_away(
        key,
        title,
        lambda: csv_of(rows_of_frame(table)),
        lambda: sheet(rows_of_frame(table), colors),
    )


def show_markup(
    markup: str,
    key: str,
    title: str,
    rows: Callable[[], Sequence[Sequence[Any]]] | None = None,
    *,
    place: DeltaGenerator | None = None,
) -> None:
    """Draw a picture that is HTML. rows: its numbers, where it has no table. place: as above."""
    with place or st.container():
        st.container(key=_element(key)).html(markup)
        numbers = rows or (lambda: rows_of_markup(markup))
        take_away(key, title, lambda: csv_of(numbers()), lambda: Markup(markup), _element(key))


def _element(key: str) -> str:
    """What is drawn, as Streamlit knows it: a widget may have the picture's own key."""
    return f"picture_{key}"
