"""Six tokenizers in a race: the same text, the same small GPT, the same seconds."""

from __future__ import annotations

from statistics import fmean
from typing import Any

import streamlit as st

from pages.evaluation import words
from pages.evaluation.figures import race_bars
from ui.app import widgets
from ui.app.glossary import prose
from ui.app.job_panel import job_panel, known_result, recorded_result
from ui.app.lesson import ask
from ui.components.chart import show
from ui.show.numbers import number
from ui.show.tables import show_table

RECORDED = "tokenizer_race"
SECONDS = (2, 4, 8)
SEEDS = 3


@st.fragment
def show_race() -> None:
    """A guess, the recorded race, and one of the reader's own."""
    recorded = recorded_result(RECORDED)
    value = recorded["value"]
    if not ask(
        "eval_race",
        words.race_question(value),
        [racer["name"] for racer in value["racers"]],
        lambda guess: words.race_judged(guess, value),
    ):
        return
    whole = f"{recorded['settings']['seconds']} s, recorded"
    options = (whole, *(f"{seconds} s" for seconds in SECONDS))
    chosen = widgets.segmented_control(
        "Seconds for each model", options, whole, key="eval_race_seconds"
    )
    settings = recorded["settings"]
    if chosen != whole:
        settings = {"seconds": SECONDS[options.index(chosen) - 1], "seeds": SEEDS}
        if known_result("tokenizer_race", settings) is None:
            prose(words.race_takes(settings["seconds"], len(value["racers"]), SEEDS))
    job_panel(
        "tokenizer_race",
        settings,
        draw,
        label="Race",
        recorded=RECORDED if chosen == whole else None,
        needs=settings["seconds"] * settings["seeds"] * len(value["racers"]),
    )


def draw(value: dict[str, Any], finished: bool) -> None:
    """Bars with a mark for each seed, all numbers, and what they bear out."""
    racers = value["racers"]
    means = [fmean(racer["bits"]) for racer in racers]
    show(race_bars(racers, means), "eval_race_bars", words.RACE_ALT)
    st.caption(words.RACE_MARKS)
    rows = [
        {
            "cut into": racer["name"],
            "bits per character": number(mean, ".3f"),
            "seeds from, to": f"{min(racer['bits']):.3f} to {max(racer['bits']):.3f}",
            "parameters": f"{racer['parameters']:,}",
            "steps": f"{round(fmean(racer['steps'])):,}",
            "characters a token": number(racer["per_token"]),
        }
        for racer, mean in zip(racers, means, strict=True)
    ]
    show_table(rows, "eval_race", "Cut into characters or tokens")
    if finished:
        prose(words.race_finding(value))
