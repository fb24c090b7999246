"""Steering: a push towards the other prompt, as hard as the reader likes."""

from __future__ import annotations

import streamlit as st

from gpt_core.interpret.steering import difference
from pages.patching import words
from pages.patching.results import Pair, steered
from ui.app import widgets
from ui.app.lesson import Answer, ask
from ui.components.chart import show
from ui.components.stream_grids import stream_rows
from ui.show.bars import probability_pairs, show_bars
from ui.show.plotly_json import (
    Figure,
    dot_trace,
    line_trace,
    plain_label,
    whole_figure,
)
from ui.show.theme import series_color

ALPHAS = tuple(step / 4 for step in range(-8, 17))  # -2 to 4
ASKED = 2.0


@st.fragment
def steering(pair: Pair) -> None:
    """Ask for a prediction, then give out the sliders. Only this part of the page runs again."""
    study = pair.study
    layers = study.model.config.n_layer
    rows, asked_at = stream_rows(layers), max(1, layers - 1)
    answer, instead = (
        study.tokenizer.token_text(i) for i in (pair.measure.answer, pair.measure.instead)
    )
    plain, other = (run.logits[-1].softmax(dim=-1) for run in (pair.into, pair.source))
    rising = pair.measure.instead

    def judge(guess: str) -> Answer:
        asked = steered(pair, asked_at, (ASKED,))[0]
        shares = float(plain[rising]), float(other[rising]), float(asked[rising])
        return words.steer_reveal(guess, instead, *shares)

    gained = float(plain[rising]), float(other[rising])
    question = words.steer_question(rows[asked_at], instead, *gained)
    if not ask("steer_guess", question, words.STEER_GUESSES, judge):
        return
    left, right = st.columns(2)
    depth = rows.index(
        widgets.selectbox("Where it is added", rows, asked_at, key="steer_at", container=left)
    )
    alpha = widgets.select_slider(
        "α, how much is added", ALPHAS, 1.0, key="steer_alpha", container=right
    )
    every = steered(pair, depth, ALPHAS)
    after = every[ALPHAS.index(alpha)]
    push = difference(pair.into, pair.source, depth).norm().item()
    texts = [study.tokenizer.token_text(int(each.argmax())) for each in (plain, after, other)]
    moved = float((after - plain).abs().sum()) / 2
    shares = float(plain.max()), float(after.max())
    st.markdown(words.steered(alpha, push, moved, texts, shares))
    left, right = st.columns(2, gap="large")
    with left:
        tracked = {answer: pair.measure.answer, instead: rising}
        curves = {name: (100 * every[:, i]).tolist() for name, i in tracked.items()}
        show(_by_alpha(curves, alpha), "steer_curve", words.STEER_ALT)
    with right:
        pairs = probability_pairs(plain, after, study.tokenizer, names=("A, α = 0", "pushed"))
        show_bars(pairs, "steer_pairs", words.STEER_PAIRS_ALT)


def _by_alpha(curves: dict[str, list[float]], alpha: float) -> Figure:
    """The probability of A's token and of B's at every α; dots at the chosen one."""
    data = []
    for number, (name, percent) in enumerate(curves.items()):
        line = line_trace(ALPHAS, percent, series_color(number), plain_label(name))
        data.append(line | {"hovertemplate": "α = %{x}: %{y:.2f}%"})
        data.append(dot_trace(alpha, percent[ALPHAS.index(alpha)], showlegend=False))
    axes = {
        "xaxis": {"title": "α", "zeroline": True},
        "yaxis": {"title": "probability, %", "range": [-3, 103]},
    }
    return whole_figure(data, 430, axes, legend=True)
