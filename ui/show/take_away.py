"""“Take it with you” under a picture: its numbers as CSV, itself as a handout."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import streamlit as st

from ui.show.handout import About

_ABOUT = "about_page"
LABEL = "Take it with you"


def tell_about(about: Callable[[], tuple[str, str, str]]) -> None:
    """Remember how to ask for the page's title, prompt and model; course/main.py calls it."""
    st.session_state[_ABOUT] = about


def take_away(
    key: str,
    rows: Callable[[], str],
    handout: Callable[[About], str],
    more: Callable[[], None] = lambda: None,
) -> None:
    """A small button that opens two others. What they give is made when it is pressed.

    key: of the picture. rows: its numbers, as CSV. handout: the whole file. more: draws what else
    there is.
    """
    ask = st.session_state.get(_ABOUT)
    if ask is None:  # a page of a test
        return
    box = st.popover(
        LABEL, key=f"take_{key}", icon=":material/ios_share:", type="tertiary", on_change="rerun"
    )
    if not box.open:
        return
    title, prompt, model = ask()
    about = About(title, prompt, model, date.today().isoformat(), st.context.url or "")
    name = re.sub(r"\W+", "-", f"{about.title} {key}").strip("-").lower()[:80]
    with box:
        more()
        _button("Numbers (CSV)", rows, f"{name}.csv", "text/csv", f"csv_{key}")
        page = f"{name}.html"
        _button("Handout (HTML)", lambda: handout(about), page, "text/html", f"handout_{key}")


def _button(label: str, make: Callable[[], str], name: str, mime: str, key: str) -> None:
    st.download_button(
        label, make, file_name=name, mime=mime, key=key, on_click="ignore",
        icon=":material/download:", width="stretch",
    )  # fmt: skip
