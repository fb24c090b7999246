"""How the next token is drawn, as widgets: those of the Sample lesson, wherever one is drawn."""

from __future__ import annotations

from collections.abc import Iterator

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gpt_core.generate.sample import SampleConfig
from ui.app import widgets
from ui.app.widgets import help_of


def sample_settings(longest: int | None) -> SampleConfig:
    """Draw the widgets; all of them are in the URL. What is switched off is None.

    longest: how many tokens may be asked for, by widgets in one row, what they change below them;
    None asks for one at a time, draws no slider for it, and pairs.
    """
    row = iter(st.columns(6, vertical_alignment="bottom")) if longest else None
    # Otherwise each pair is in a row of its own, which a telephone stacks in order.
    left, right = _pair(row)
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
    left, right = _pair(row)
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
    left, right = _pair(row)
    length = 1
    if longest:
        length = widgets.slider(
            "Tokens to write", 20, longest, 300, 20, key="length", container=left
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


def _pair(row: Iterator[DeltaGenerator] | None) -> tuple[DeltaGenerator, DeltaGenerator]:
    """The next two places of a row; without one, of a row of their own."""
    left, right = (next(row), next(row)) if row else st.columns(2)
    return left, right
