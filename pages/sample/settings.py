"""The Sample lesson's widgets: how to write, and the text to go on from."""

from __future__ import annotations

import streamlit as st

from gpt_core.generate.sample import SampleConfig
from pages.sample import words
from pages.sample.sampling import LONGEST_TEXT
from ui.app.sample_settings import sample_settings
from ui.app.study_bar import LINE_BREAK
from ui.services.study import Study


def settings() -> SampleConfig:
    """Draw the widgets; all of them are in the URL."""
    return sample_settings(LONGEST_TEXT)


def prompt_box(study: Study, longest: int) -> None:
    """The prompt under study in a larger box; what is typed here is the bar's, too."""
    # The bar's widget owns the prompt. This box is filled from it on every run.
    st.session_state["start_text"] = study.prompt
    st.text_area(
        "The text to go on from",
        key="start_text",
        max_chars=longest,
        height=122,
        on_change=_take_prompt,
        help=words.PROMPT_HELP,
    )


def _take_prompt() -> None:
    # A prompt of no tokens has no next token. A line break is the nearest to a blank page.
    typed = st.session_state["start_text"] or "\n"
    st.session_state["prompt"] = typed.replace("\n", LINE_BREAK)
    st.rerun()  # the whole page, the bar's box with it
