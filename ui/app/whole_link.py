"""A link to what is seen: every value of the page, and which weights it was seen with.

Streamlit leaves out of the address whatever stands on its default. But a default may change with
the next version of the app, and then an old link shows something else.
"""

from __future__ import annotations

import hashlib
from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

from ui.app import address
from ui.app.chosen_text import NOT_IN_LINK, TEXT, is_own, name_of_lesson_s_text
from ui.app.readers import is_read
from ui.app.widgets import texts_of_widgets
from ui.components.copied_link import copied_link
from ui.services.caches import shared
from ui.services.models import LoadedModel
from ui.services.study import Study
from ui.show.page_url import page_url

WEIGHTS = "weights"  # what the address calls them
_LINK, _ASKED = "link", "links_asked_for"
OTHER_WEIGHTS = (
    "The link that brought you here was made with other weights of this model, so numbers may "
    "differ from those that it was meant to show."
)


def link_to_all(study: Study | None) -> str:
    """The page's address with the model, its weights, and the value of every widget on it.

    A page that says why it can't look at anything has no study; its address is all there is.
    """
    said = address.texts() | texts_of_widgets()
    if is_read(TEXT):
        said[TEXT] = name_of_lesson_s_text()
    if study:
        said |= {"model": study.run_key, WEIGHTS: weights_of(study.loaded)}
    parts = urlsplit(page_url())
    return urlunsplit(parts._replace(query=urlencode(said), fragment=""))


@st.fragment
def offer_link() -> None:
    """A button that copies the link."""
    if st.button(
        "Copy link",
        key="whole_link",
        icon=":material/link:",
        type="tertiary",
        help="With every value on this page, so that it shows the same later, too.",
        on_click=_make_link,  # the page has told the value of every widget, and not yet forgotten
    ):
        link, missing = st.session_state[_LINK]
        copied_link(link, missing, st.session_state[_ASKED])


def _make_link() -> None:
    missing = NOT_IN_LINK if is_read(TEXT) and is_own(name_of_lesson_s_text()) else ""
    st.session_state[_LINK] = link_to_all(st.session_state["study"]), missing
    st.session_state[_ASKED] = st.session_state.get(_ASKED, 0) + 1


def other_weights(study: Study) -> bool:
    """Whether the address was made with other weights than those that are looked at."""
    said = address.text_of(WEIGHTS)
    known = weights_of(study.loaded) if said else ""
    return bool(known) and said != known


@shared()
def weights_of(loaded: LoadedModel) -> str:
    """The beginning of the sha256 of a model's file: the same wherever it lies; nothing if gone."""
    try:
        with loaded.run.weights_path().open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:12]
    except OSError:  # somebody has deleted the run that is looked at
        return ""
