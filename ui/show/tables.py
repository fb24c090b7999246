"""Tables and pictures of HTML, each with “Take it with you” below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from ui.show.handout import Markup, sheet
from ui.show.rows import csv_of, rows_of_frame, rows_of_markup, rows_of_table
from ui.show.take_away import take_away
from ui.show.theme import palette

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def show_table(
    table: Any, key: str, title: str, *, place: DeltaGenerator | None = None, **more: Any
) -> None:
    """Draw what `st.table` can draw. title: in a handout. more: any other argument of Streamlit's.

    place: where, instead of here.
    """
    colors = palette()
    with place or st.container():
        st.container(key=_element(key)).table(table, **more)
        take_away(
            key,
            title,
            lambda: csv_of(rows_of_table(table)),
            lambda: sheet(rows_of_table(table), colors),
            _element(key),
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
