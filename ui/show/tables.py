"""Tables and pictures of HTML, each with “Take it with you” below."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from ui.show.handout import Markup
from ui.show.rows import csv_of, rows_of_frame, rows_of_markup, rows_of_table
from ui.show.sheet import sheet
from ui.show.take_away import take_away

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def show_table(table: Any, key: str, title: str, *, place: DeltaGenerator | None = None) -> None:
    """Draw a table of texts, whose first column says what its rows are. title: in a handout.

    table: a data frame, or columns by their names, or rows. A text may have code and bold type.
    place: where, instead of here. (Of `st.table` each cell is a Markdown element of its own: ten
    rows of six took the browser 35 ms, as HTML 4.)
    """
    markup = sheet(rows_of_frame(table))
    show_markup(markup, key, title, lambda: rows_of_table(table), place=place)


def show_frame(table: Any, key: str, title: str, **more: Any) -> None:
    """The same for what `st.dataframe` can draw, which can be sorted and scrolled."""
    st.dataframe(table, hide_index=True, key=key, **more)
    take_away(
        key,
        title,
        lambda: csv_of(rows_of_frame(table)),
        lambda: Markup(sheet(rows_of_frame(table), html.escape)),
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
