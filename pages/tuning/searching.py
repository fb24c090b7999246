"""Four searches: on the recorded grid, many times or once, and on the visitor's own text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from gpt_core.experiments.search import LONGEST, METHODS, NAMES, SHORTEST
from pages.tuning import figures, words
from pages.tuning.results import search_once
from ui.app import widgets
from ui.app.chosen_text import chosen_corpus
from ui.app.glossary import prose
from ui.app.job_panel import job_panel, known_result, recorded_result
from ui.app.lesson import ask
from ui.components.chart import show
from ui.services.jobs import search_service
from ui.show.names import as_text
from ui.show.tables import show_table


@st.fragment
def show_search() -> None:
    """Asks which search wins; then all repeats, or a single search of each kind."""
    settings = recorded_result("search_lookup")["settings"]
    value = known_result("search_lookup", settings, recorded="search_lookup")
    value = value or recorded_result("search_lookup")["value"]
    question = words.SEARCH_QUESTION
    if not ask("tuning_search", question, METHODS, lambda guess: words.judge_search(value, guess)):
        return
    ways = (words.REPEATED, words.ONCE)
    if widgets.segmented_control("Show", ways, ways[0], key="tuning_repeats") == words.ONCE:
        _show_once()
        return
    job_panel(
        "search_lookup", settings, _draw_bands, label="Search again", recorded="search_lookup"
    )


def _draw_bands(value: Mapping[str, Any], finished: bool) -> None:
    bands = figures.search_bands(value["methods"], value["best"])
    show(bands, "tuning_bands", words.BANDS_ALT)
    if finished:
        prose(words.search_found(value))


def _show_once() -> None:
    seed = widgets.slider("Seed", 0, 99, 0, key="tuning_luck")
    found = search_once(seed)
    best = recorded_result("search_lookup")["value"]["best"]
    steps = figures.search_steps({name: each.found for name, each in found.items()}, best)
    show(steps, "tuning_once", words.ONCE_ALT)
    show_table(words.once_table(found, NAMES), "tuning_once_table", "One search")
    st.caption(words.winners(found))


@st.fragment
def show_search_on_text() -> None:
    """A search in which each trial trains a model on the visitor's text."""
    corpus = chosen_corpus()
    text = corpus.text[:LONGEST]
    st.markdown(words.own_text(as_text(corpus.name), len(text), len(corpus.text)))
    if len(text) < SHORTEST:
        st.info(words.too_short(len(text), SHORTEST))
        return
    left, right, _ = st.columns([3, 2, 2])
    method = widgets.segmented_control(
        "Search", METHODS, "TPE", key="tuning_method", container=left
    )
    seed = widgets.segmented_control("Seed", (1, 2, 3, 4, 5), 1, key="tuning_seed", container=right)
    settings = {"text": text, "method": method, "seed": seed}
    job_panel(
        "search_text",
        settings,
        _draw_trials,
        label="Search on this text",
        service=search_service,
    )


def _draw_trials(value: Mapping[str, Any], finished: bool) -> None:
    trials = value["trials"]
    if not trials:
        return
    bars = figures.trial_bars(trials, [words.setting(trial["choice"]) for trial in trials])
    show(bars, "tuning_trials", words.TRIALS_ALT)
    if any(trial["pruned"] for trial in trials):
        st.caption(words.PALER)
    if finished:
        prose(words.check_found(value))
