"""The range test, the landscape, what matters most, and what a seed alone does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.tuning import figures, words
from pages.tuning.results import MAPS, Map, map_of, noise_of, shares_of
from ui.app import widgets
from ui.app.glossary import prose
from ui.app.job_panel import job_panel
from ui.app.lesson import ask
from ui.components.chart import show
from ui.show.tables import show_table
from ui.show.theme import series_color

_SHARES = 6  # of the largest that are drawn


@st.fragment
def show_range_test() -> None:
    """One run with a rising rate, then five rates around the one that it recommends."""
    left, right, _ = st.columns([2, 2, 3])
    width = widgets.segmented_control("Width", (16, 32, 64), 32, key="range_width", container=left)
    seed = widgets.segmented_control("Seed", (1, 2, 3, 4, 5), 1, key="range_seed", container=right)
    settings = {"n_embd": width, "seed": seed}
    recorded = "range_test" if (width, seed) == (32, 1) else None
    job_panel("range_test", settings, _draw_range, label="Test the range", recorded=recorded)


def _draw_range(value: Mapping[str, Any], finished: bool) -> None:
    left, right = st.columns([3, 2], gap="large")
    with left:
        show(figures.range_curve(value), "range_curve", words.RANGE_ALT)
    around = value["around"]
    with right:
        if around:
            rates = [run["rate"] for run in around]
            bits = [run["bits"] for run in around]
            dots = figures.rate_dots(rates, bits, len(rates) // 2)
            show(dots, "range_around", words.AROUND_ALT)
        elif finished or len(value["rates"]) > 1:
            prose(words.RANGE_RULE)
    if finished:
        from gpt_core.experiments.range_test import SHORT

        prose(f"{words.range_found(value)} {words.around_found(around, SHORT)}")
        st.caption(words.RANGE_RULE)


@st.fragment
def show_rate_and_width() -> None:
    """Asks where the best rate of a wider model is; then the curves, as usual and with muP."""
    usual, scaled = map_of("rate_width"), map_of("mup")
    if usual is None:
        return
    options = (words.LARGER, words.SAME, words.SMALLER)
    if not ask("tuning_rate", words.QUESTION, options, lambda guess: words.moved(usual, guess)):
        return
    shown = usual
    if scaled:
        ways = (words.STANDARD, words.MUP)
        way = widgets.segmented_control("Learning rates", ways, ways[0], key="tuning_mup")
        shown = scaled if way == words.MUP else usual
    show(figures.rate_curves(shown, "width"), "tuning_rate_curves", words.CURVES_ALT)
    st.caption(f"{words.STARS} {words.recorded_map(shown)}")
    if words.best_rate(usual, -1) < words.best_rate(usual, 0):
        prose(words.WHY_MOVES)
    if scaled:
        prose(words.MUP_IS)
        prose(words.mup_found(usual, scaled))


@st.fragment
def show_maps() -> None:
    """A map of two settings: the means, and the noise beside them."""
    names = [name for name in MAPS if map_of(name) is not None]
    name = widgets.selectbox(
        "Map", names, key="tuning_map", format_func=lambda each: words.MAP_TITLES[each]
    )
    found = map_of(name)
    if found is None:
        return
    st.caption(words.ABOUT[name])
    labels = _labels(name, found)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"**{words.MEAN_TITLE}**")
        means = figures.heat_map(found.mean, labels, words.AXES[name], found.best, series_color(0))
        show(means, "tuning_mean", words.MEAN_ALT)
    with right:
        st.markdown(f"**{words.NOISE_TITLE}**")
        noise = figures.heat_map(
            found.noise, labels, words.AXES[name], None, series_color(1), span=None
        )
        show(noise, "tuning_noise", words.NOISE_ALT)
    prose(words.map_found(name, found, labels))
    st.caption(words.recorded_map(found))


def _labels(name: str, found: Map) -> tuple[list[str], list[str]]:
    def label(setting: str, value: Any) -> str:
        if value is None:
            return "154,650"
        if setting == words.AXES["depth_width"][0]:
            return words.SHAPES[value]
        return f"{value:,}" if isinstance(value, int) else f"{value:g}"

    column, row = words.AXES[name]
    return [label(row, each) for each in found.rows], [label(column, e) for e in found.columns]


@st.fragment
def show_shares() -> None:
    """What each setting explains of the grid's variance."""
    ranges = (words.ALL_RATES, words.NEAR_RATES)
    chosen = widgets.segmented_control("Rates", ranges, ranges[0], key="tuning_shares")
    shares = shares_of(chosen == words.NEAR_RATES)
    largest = sorted(shares, key=shares.__getitem__, reverse=True)[:_SHARES]
    bars = figures.share_bars(
        [words.factor(names) for names in largest], [100 * shares[names] for names in largest]
    )
    show(bars, "tuning_shares_bars", words.SHARES_ALT)
    prose(words.shares_found(shares_of(False), shares_of(True)))


def show_noise() -> None:
    """Two settings with eight seeds each, and the least difference to believe."""
    found = noise_of()
    left, right = st.columns([2, 3], gap="large")
    with left:
        show(figures.seed_dots(found.rates, found.bits), "tuning_seeds", words.NOISE_ALT_DOTS)
    with right:
        prose(words.noise_found(found))
        show_table(words.noise_table(found), "tuning_noise_rows", "Seed to seed")
        prose(words.noise_rule(found))
