"""The Sample lesson's widgets: how to write, and the text to go on from."""

from __future__ import annotations

import streamlit as st

from gpt_core.generate.sample import SampleConfig
from pages.sample import words
from pages.sample.sampling import LONGEST_TEXT
from ui.app import widgets
from ui.app.study_bar import LINE_BREAK
from ui.app.widgets import help_of
from ui.services.study import Study


def settings() -> SampleConfig:
    """Draw the widgets; all of them are in the URL. What is switched off is None."""
    left, right = st.columns(2)  # each pair in a row of its own, which a telephone stacks in order
    temperature = widgets.slider(
        "Temperature",
        0.0,
        2.0,
        0.7,
        0.05,
        key="temperature",
        container=left,
        help=help_of(SampleConfig, "temperature"),
    )
    top_k = widgets.number_input(
        "Top-k",
        0,
        1000,
        0,
        key="top_k",
        container=right,
        help=help_of(SampleConfig, "top_k", "0 keeps all."),
    )
    left, right = st.columns(2)
    top_p = widgets.slider(
        "Top-p",
        0.05,
        1.0,
        1.0,
        0.05,
        key="top_p",
        container=left,
        help=help_of(SampleConfig, "top_p", "1 keeps all."),
    )
    min_p = widgets.slider(
        "Min-p",
        0.0,
        1.0,
        0.2,
        0.01,
        key="min_p",
        container=right,
        help=help_of(SampleConfig, "min_p", "0 keeps all."),
    )
    left, right = st.columns(2)
    length = widgets.slider(
        "Tokens to write", 20, LONGEST_TEXT, 300, 20, key="length", container=left
    )
    seed = widgets.number_input(
        "Seed",
        0,
        2**31 - 1,
        1337,
        key="seed",
        container=right,
        help=help_of(SampleConfig, "seed"),
    )
    return SampleConfig(
        max_new_tokens=int(length),
        temperature=temperature,
        top_k=int(top_k) or None,
        top_p=top_p if top_p < 1 else None,
        min_p=min_p or None,
        seed=int(seed),
    )


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
