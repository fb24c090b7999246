"""The averaging lesson's experiment: two equal models, one trained without the causal mask."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import streamlit as st

from gpt_core.jobs.causal_mask import MODEL, PROMPT, attention_on_next, loss_by_length
from pages.averaging import words
from ui.app.glossary import prose
from ui.app.job_panel import job_panel, recorded_result
from ui.app.lesson import ask
from ui.app.source import show_source
from ui.show.curves import Bar, Line, curves, show
from ui.show.tables import show_table

RECORDED = "causal_mask"
STEPS, BITS = 300, "bits per character"
NAMES = {"mask": "with mask", "no mask": "without mask"}  # longer ones would not fit on one line


def show_mask_experiment() -> None:
    """Ask, then show the recorded run, which can be done again live."""
    prose(words.MASK_INTRO)
    value = recorded_result(RECORDED)["value"]
    if not ask(
        "mask_guess",
        words.MASK_QUESTION,
        words.MASK_GUESSES,
        lambda guess: words.mask_answer(guess, value),
    ):
        return
    job_panel("causal_mask", {"steps": STEPS}, _draw, label="Train both models", recorded=RECORDED)
    st.markdown(words.mask_why(value))
    show_source(attention_on_next, loss_by_length, label="How it was measured")


def _draw(value: dict[str, Any], finished: bool) -> None:
    lines = [
        Line(NAMES[name], value["steps"], [words.bits(loss) for loss in curve], color=number)
        for number, (name, curve) in enumerate(value["curves"].items())
    ]
    st.markdown(words.MASK_CURVES)
    show(
        curves(lines, x_title="step", y_title=BITS, x_max=STEPS, height=320, from_zero=True),
        "mask_curves",
        words.MASK_CURVES_ALT,
    )
    if value["models"]:
        _draw_models(value["models"], value["characters"])


def _draw_models(models: dict[str, Any], characters: int) -> None:
    st.markdown(words.MASK_OUTCOME)
    table = pd.DataFrame([_row(NAMES[name], model) for name, model in models.items()])
    show_table(table.set_index("model"), "mask_models", words.MASK_TABLE)
    st.markdown(words.next_in_words(models))
    with st.expander(words.MASK_LENGTHS):
        _draw_lengths(models, characters)
    st.markdown(words.MASK_TEXTS)
    for column, (name, model) in zip(st.columns(2), models.items(), strict=True):
        column.caption(NAMES[name])
        column.code(PROMPT + model["text"], language=None, wrap_lines=True)


def _row(name: str, model: dict[str, Any]) -> dict[str, str]:
    return {
        "model": name,
        "bits per character, as it was trained": f"{words.bits(model['loss']):.2f}",
        "the future hidden": f"{words.bits(model['hidden']):.2f}",
        "most attention on the next character": f"{_most(model):.0%}",
    }


def _most(model: dict[str, Any]) -> float:
    return max(share for layer in model["next"] for share in layer)


def _draw_lengths(models: dict[str, Any], characters: int) -> None:
    T, guessing = MODEL["block_size"], math.log2(characters)
    losses = {name: [*map(words.bits, model["by_length"])] for name, model in models.items()}
    lines = [
        Line(NAMES[name], list(range(1, T + 1)), by_length, color=number)
        for number, (name, by_length) in enumerate(losses.items())
    ]
    show(
        curves(
            lines,
            x_title="characters given",
            y_title=BITS,
            x_max=T,
            height=320,
            from_zero=True,
            bars=[Bar(f"guessing blindly among {characters} characters", guessing)],
        ),
        "mask_lengths",
        words.MASK_LENGTHS_ALT,
    )
    st.markdown(words.blind_in_words(words.bits(models["no mask"]["hidden"]), guessing))
    *_, before, last = losses["no mask"]
    if last < before:
        st.caption(words.last_place(T=T, last=last, before=before))
