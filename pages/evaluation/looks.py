"""Two settings, or two models, side by side: what can be counted about what they write."""

from __future__ import annotations

from typing import Any

import streamlit as st

from gpt_core.jobs.sample_look import MOST_SEED, TEMPERATURES, TOP_PS
from pages.evaluation import words
from ui.app import address, widgets
from ui.app.glossary import prose
from ui.app.job_panel import job_key, job_panel, known_result, recorded_result
from ui.app.lesson import ask, case_of
from ui.app.study_bar import current_study, model_names
from ui.app.widgets import from_address
from ui.services.jobs import Key
from ui.services.models import BUNDLED
from ui.services.study import Study, study_of
from ui.show.names import show_error
from ui.show.tables import show_table

SIDES = {"A": 0.7, "B": 1.3}  # and the temperature that each begins with
RECORDED = {"A": "look_careful", "B": "look_bold"}
_TEXTS = 3


@st.fragment
def show_looks() -> None:
    """Settings and samples of both sides; then the table."""
    found: list[dict[str, Any] | None] = []
    asked: list[Key] = []
    for column, side in zip(st.columns(2, gap="large"), SIDES, strict=True):
        with column:
            found.append(one_side(side, asked))
    a, b = found
    if a is None or b is None:
        st.info(words.LOOKS_WAIT)
        return
    case = case_of(a["texts"], b["texts"])
    if ask(
        f"eval_looks_{case}",
        words.LOOKS_QUESTION,
        words.LOOKS_OPTIONS,
        lambda guess: words.looks_judged(guess, a, b),
    ):
        show_table(words.looks_table(a, b), "eval_looks", "Samples of both sides, counted")
        prose(words.looks_finding(a, b))


def one_side(side: str, asked: list[Key]) -> dict[str, Any] | None:
    """A model, a temperature and top-p; its samples. What was counted about them, if it was.

    asked: what the sides before this one ask for, to which this one's is added.
    """
    study = _study(side)
    if study is None:
        return None
    temperature = widgets.segmented_control(
        f"Temperature {side}", TEMPERATURES, SIDES[side], key=f"eval_tau_{side.lower()}"
    )
    top_p = widgets.segmented_control(
        f"Top-p {side}", TOP_PS, 1.0, key=f"eval_p_{side.lower()}", format_func=lambda p: f"{p:g}"
    )
    seed = widgets.number_input(f"Seed {side}", 1, MOST_SEED, 1, key=f"eval_seed_{side.lower()}")
    settings = {"temperature": temperature, "top_p": top_p, "seed": int(seed)}
    asked.append(job_key("sample_look", study, settings))
    if len(asked) > len(set(asked)):
        st.info(words.SAME_SIDES)
        return None
    recorded = next(
        (
            name
            for name in RECORDED.values()
            if study.run_key == BUNDLED and recorded_result(name)["settings"] == settings
        ),
        None,
    )
    job_panel(
        "sample_look",
        settings,
        lambda value, finished: show_texts(value),
        label=f"Write 24 samples {side}",
        study=study,
        recorded=recorded,
    )
    return known_result("sample_look", settings, study, recorded)


def show_texts(value: dict[str, Any]) -> None:
    """The first samples of a side."""
    texts = ["\n".join(text.splitlines()) for text in value["texts"][:_TEXTS]]
    with st.container(height=230):
        st.code("\n\n⁂\n\n".join(texts), language=None, wrap_lines=True)


def _study(side: str) -> Study | None:
    """The study of the model that this side is about: the loaded one, or another."""
    here, key = current_study(), f"eval_model_{side.lower()}"
    names = {words.LOADED: words.LOADED} | model_names()
    names.pop(here.run_key, None)
    from_address(key, words.LOADED)
    if st.session_state[key] not in names:
        st.session_state[key] = words.LOADED
    chosen = st.selectbox(
        f"Model {side}", list(names), format_func=lambda k: names.get(k, k), key=key
    )
    address.write({key: chosen if chosen != words.LOADED else None})
    if chosen == words.LOADED:
        return here
    try:
        return study_of(chosen, here.prompt)
    except ValueError as error:
        show_error(error)
        return None
