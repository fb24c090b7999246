"""The address bar: the only place that reads it or writes into it.

The values of widgets go through ui/app/widgets.py. What is no widget's value (the model, a run, the
head chosen in a picture) is read with `text_of` and written with `write`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui.app.readers import note_reader

if TYPE_CHECKING:
    from streamlit.runtime.state.query_params import QueryParams


def text_of(name: str) -> str:
    """What the address says about a name; empty where it says nothing. Written by strangers."""
    note_reader(name)
    _keep_written()
    return st.query_params.get(name, "")


def texts(*names: str) -> dict[str, str]:
    """What the address says about these names; without any, all of it, to hand it on."""
    _keep_written()
    said = st.query_params.to_dict()
    for name in names:
        note_reader(name)
    return {name: said[name] for name in names if name in said} if names else said


def write(said: Mapping[str, str | None]) -> None:
    """Let the address say this; an empty text or None takes a name out. The rest of it stays."""
    _keep_written()
    _note_written(said)
    _put(said)


def _put(said: Mapping[str, str | None]) -> None:
    now = st.query_params.to_dict()
    changed = {name: text for name, text in said.items() if text and now.get(name) != text}
    with _remembered():
        for name, text in said.items():
            if not text and name in now:
                del st.query_params[name]
        if changed:
            st.query_params.update(changed)


def _note_written(said: Mapping[str, str | None]) -> None:
    context = get_script_run_ctx()
    if context is None:
        return
    written = st.session_state.setdefault(_WRITTEN, {})
    for name, text in said.items():
        written[name] = _Written(text or None, context.page_script_hash, monotonic())


def _keep_written() -> None:
    """Write again what a message has undone that was on its way before the browser was told of it.

    With each message a browser sends its address. What there is no widget's value, only the app
    changes, or who goes back in the browser's history.
    """
    context = get_script_run_ctx()
    written: dict[str, _Written] = st.session_state.get(_WRITTEN, {})
    if context is None or not written:
        return
    with context.session_state.query_params() as params:
        for name, (_, page, when) in [*written.items()]:
            over = page != context.page_script_hash or monotonic() - when > _LONGEST_WAY
            if over or context.is_history_navigation or params.is_bound(name):
                del written[name]
    now = st.query_params.to_dict()
    if lost := {name: one.text for name, one in written.items() if now.get(name) != one.text}:
        _put(lost)


def asked_of_widget(key: str) -> str | list[str] | None:
    """What the address asks of a widget that is about to be drawn: None, a text, or several."""
    context = get_script_run_ctx()
    if context is None:
        return None
    with context.session_state.query_params() as params:
        return params.get_initial_value(key)


def correct_widget(key: str, text: str | None) -> None:
    """Before the widget is drawn: the address says this of it, or nothing.

    `write` can't do this: Streamlit keeps a widget's name to the widget, and fills the widget with
    what the address said when the rerun began.
    """
    context = get_script_run_ctx()
    if context is None:
        return
    with _remembered(), context.session_state.query_params() as params:
        if text is None:
            params.remove_param(key)
        elif params.get_all(key) != [text]:
            params.set_corrected_value(key, text, "string_value")
        params.set_initial_query_params_from_current()
        if says_of_widget(key) != text:
            st.query_params.update({})  # sends all of it


def says_of_widget(key: str) -> str | None:
    """What the browser's address says of a widget, as far as we know: of several texts the last.

    Streamlit's own memory of it isn't asked: it expects that the browser has taken out what has
    become the default.
    """
    context = get_script_run_ctx()
    texts = parse_qs(context.query_string, keep_blank_values=True).get(key) if context else None
    return texts[-1] if texts else None


def repeat() -> None:
    """Say the whole address again, if the browser has changed it since it was told what to say.

    What it was told may have reached it later than what the visitor did, and taken that away. So
    may what it is told now.
    """
    context, told = get_script_run_ctx(), _told()
    if context is not None and told not in (None, context.query_string):
        st.query_params.update({})  # sends all of it
        st.session_state[_TOLD] = context.query_string, monotonic()


def _told() -> str | None:
    """The whole address as the browser was told it last, if that may still be on its way."""
    text, when = st.session_state.get(_TOLD, (None, 0.0))
    return text if monotonic() - when < _LONGEST_WAY else None


class _Written(NamedTuple):
    """What the app has let the address say of a name. page: of which page, by Streamlit's hash."""

    text: str | None
    page: str
    when: float


_TOLD, _WRITTEN = "address_told", "address_written"
_LONGEST_WAY = 5.0  # seconds to a browser, and from it


@contextmanager
def _remembered() -> Iterator[None]:
    """Whatever the browser is told in here."""
    context = get_script_run_ctx()
    before = context and context.query_string
    yield
    if context and context.query_string != before:
        st.session_state[_TOLD] = context.query_string, monotonic()


def replace(said: Mapping[str, str]) -> None:
    """Let the address say this and nothing else, of widgets as well; before any is drawn."""
    context = get_script_run_ctx()
    if context is None:
        return
    with _remembered(), context.session_state.query_params() as params:
        names = {*params, *said}
        for name in names:
            _untie(params, name)
        _note_written({name: said.get(name) for name in names})
        params.from_dict(said)
        params.set_initial_query_params_from_current()


def change(said: Mapping[str, str | None]) -> None:
    """Let the address say this, of widgets as well, before they are drawn; the rest of it stays."""
    context = get_script_run_ctx()
    if context is None:
        return
    with context.session_state.query_params() as params:
        for name in said:
            _untie(params, name)
        write(said)
        params.set_initial_query_params_from_current()


def _untie(params: QueryParams, name: str) -> None:
    """Streamlit keeps a widget's name to the widget, until it is drawn again."""
    if binding := params.get_binding_for_param(name):
        params.unbind_widget(binding.widget_id)
