"""The race of four norms: its settings, its curves, sizes by depth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from gpt_core.evaluation.paired import paired, standard_error
from pages.normalization import words
from ui.app import widgets
from ui.app.job_panel import job_panel, recorded_result
from ui.show.curves import Line, curves, show
from ui.show.numbers import tidy
from ui.show.tables import show_table

RACES = {
    "pre": "norms_pre",
    "post": "norms_post",
    "pre, no warm-up": "norms_pre_cold",
    "post, no warm-up": "norms_post_cold",
    "pre, 12 layers, no warm-up": "norms_deep_pre",
    "post, 12 layers, no warm-up": "norms_deep_post",
    "pre, a learning rate ten times as large": "norms_fast",
    "pre, γ and β frozen": "norms_pre_frozen",
}
OWN = "my own settings"
FREE = ("norms_pre", *(f"norms_pre_{seed}" for seed in range(2, 6)))  # the first race, by seed
LN_2 = math.log(2)
PIECE = 512  # characters, as gpt_core.experiments.norm_race takes them together
_MEAN_OF = 10  # losses of single batches jump about
_HUGE = 30.0  # from here on, a curve hides the others unless the axis is logarithmic


def show_race() -> None:
    """Choose a race; see it recorded, or run it now."""
    choice = widgets.selectbox(
        "Which race",
        [*RACES, OWN],
        key="norms_race",
        format_func=lambda name: name if name == OWN else f"recorded: {name}",
    )
    recorded = RACES.get(choice)
    settings = recorded_result(recorded)["settings"] if recorded else _own_settings()
    st.markdown(words.settings_in_words(settings))
    job_panel("norms_race", settings, _draw, label="Run this race", recorded=recorded)


def _own_settings() -> dict[str, Any]:
    from gpt_core.jobs.norms_race import LEARNING_RATES, SEEDS, STEPS_OF_DEPTH, WARMUPS

    choices: dict[str, tuple[str, Sequence[Any], Any]] = {
        "norm_position": ("Norm position", ["pre", "post"], "pre"),
        "n_layer": ("Layers", list(STEPS_OF_DEPTH), 4),
        "learning_rate": ("Learning rate", LEARNING_RATES, 3e-3),
        "warmup_steps": ("Warm-up steps", WARMUPS, 50),
        "learned": ("γ and β", ["free", "frozen"], "free"),
        "seed": ("Seed", range(1, SEEDS + 1), 1),
    }
    settings = {}
    columns = [*st.columns(3), *st.columns(3)]
    for column, (name, (label, options, start)) in zip(columns, choices.items(), strict=True):
        settings[name] = widgets.segmented_control(
            label,
            options,
            start,
            key=f"norms_{name}",
            container=column,
            format_func=lambda value: f"{value:g}" if isinstance(value, float) else str(value),
        )
    return settings | {"steps": STEPS_OF_DEPTH[settings["n_layer"]]}


def _draw(value: Mapping[str, Any], finished: bool) -> None:
    """The race as far as it is known."""
    norms = value["norms"]
    steps_done = max(len(each["losses"]) for each in norms.values())
    if not steps_done:
        st.info(words.NONE_STARTED)
        return
    losses = {norm: [loss / LN_2 for loss in each["losses"]] for norm, each in norms.items()}
    huge = max(max(each, default=0.0) for each in losses.values()) > _HUGE
    chart = curves(
        [
            Line(words.NAMES[norm], *_smooth(each), color=i)
            for i, (norm, each) in enumerate(losses.items())
        ],
        x_title=f"step (of {value['steps']})",
        y_title="loss, bits per character" + (", logarithmic" if huge else ""),
        x_max=value["steps"],
        height=360,
        from_zero=not huge,
        log_y=huge,
    )
    show(chart, "norms_losses", "Training loss of the four models, step by step")
    show_table(_results(norms, value["steps"]), "norms_results", "Four norms compared")
    if finished:
        show_comparison(norms)
    with st.expander(words.SIZES):
        _draw_depth(norms)


def _smooth(losses: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Steps and the mean loss of each and the nine before it (fewer in the beginning)."""
    total = np.cumsum([0.0, *losses])
    ends = np.arange(1, len(losses) + 1)
    starts = np.maximum(0, ends - _MEAN_OF)
    return ends, (total[ends] - total[starts]) / (ends - starts)


def _results(norms: Mapping[str, Any], steps: int) -> pd.DataFrame:
    rows = []
    for norm, each in norms.items():
        evaluated = each["evaluations"]
        losses = [loss / LN_2 for loss in each["losses"]]
        last = losses[-_MEAN_OF:]
        rows.append(
            {
                "norm": words.NAMES[norm],
                "training loss": _loss(np.mean(last)) if last else "–",
                "held-out loss": _loss(evaluated[-1][1] / LN_2) if evaluated else "–",
                "largest loss of a batch": tidy(max(losses, default=math.nan)),
                "steps": f"{len(losses)}",
                "what happened": words.fate(each["reason"], len(losses) == steps),
            }
        )
    return pd.DataFrame(rows)


def _loss(loss: float) -> str:
    """Three decimals; of a loss that has run away, four digits."""
    return f"{loss:.3f}" if loss < 100 else tidy(loss)


def pieces_of(norms: Mapping[str, Any]) -> dict[str, list[float]]:
    """Of every contender that reached the end, its held-out losses piece by piece, in bits."""
    return {
        norm: [loss / LN_2 for loss in each["pieces"]]
        for norm, each in norms.items()
        if each.get("pieces") and not each["reason"]
    }


def final_losses(norms: Mapping[str, Any]) -> dict[str, float]:
    """The last loss on held-out text of every contender that did not diverge, in bits."""
    return {norm: fmean(pieces) for norm, pieces in pieces_of(norms).items()}


def by_seed(names: Sequence[str]) -> dict[str, list[float]]:
    """Held-out losses in bits of each norm that reached the end with every seed, in their order."""
    runs = [final_losses(recorded_result(name)["value"]["norms"]) for name in names]
    return {norm: [run[norm] for run in runs] for norm in runs[0] if all(norm in r for r in runs)}


def show_comparison(norms: Mapping[str, Any]) -> None:
    """Which norm is better: in this race by pieces of text, in the first one by seeds."""
    pieces = pieces_of(norms)
    if not any("pieces" in each for each in norms.values()):  # an old result
        st.markdown(words.NOT_COMPARED)
        return
    if len(pieces) < 2:
        st.markdown(words.TOO_FEW)
        return
    first = next(iter(pieces))
    found = {norm: paired(each, pieces[first]) for norm, each in pieces.items() if norm != first}
    st.markdown(words.race_results(first, found))
    seeds = by_seed(FREE)
    others = {n: paired(each, seeds["layernorm"]) for n, each in seeds.items() if n != "layernorm"}
    error = max(map(standard_error, pieces.values()))
    count = len(pieces[first])
    judged = words.judged_on(characters=count * PIECE, pieces=count, error=error)
    with st.expander(words.JUDGED):
        st.markdown(words.over_seeds(len(FREE), others))
        st.caption(words.smoothed(_MEAN_OF) + judged)


def _draw_depth(norms: Mapping[str, Any]) -> None:
    """Sizes of the stream and of the gradients, by depth, at a step that the reader chooses."""
    steps = [look["step"] for look in max((n["depths"] for n in norms.values()), key=len)]
    if not steps:
        return
    step = widgets.select_slider("At step", steps, steps[-1], key="norms_at")
    looks = {
        words.NAMES[norm]: look
        for norm, each in norms.items()
        for look in each["depths"]
        if look["step"] == step
    }
    colors = {words.NAMES[norm]: i for i, norm in enumerate(norms)}
    depth_charts(looks, colors, "norms_depth")
    missing = [name for name in colors if name not in looks]
    st.caption(words.depth(missing))


def depth_charts(
    looks: Mapping[str, Mapping[str, Any]], colors: Mapping[str, int], key: str
) -> None:
    """The stream's size and the gradient's, side by side, a line for each model."""
    charts = (
        ("stream", "size of the stream", 0, "branches passed"),
        ("gradient", "length of the gradient", 1, "branch (1: attention of layer 0)"),
    )
    for column, (what, title, first, x_title) in zip(st.columns(2), charts, strict=True):
        lines = [
            Line(name, range(first, first + len(look[what])), look[what], color, markers=True)
            for name, look in looks.items()
            if (color := colors[name]) is not None and all(size > 0 for size in look[what])
        ]
        chart = curves(lines, x_title=x_title, y_title=title, height=300, log_y=True)
        with column:
            show(chart, f"{key}_{what}", f"{title} by depth, a line for each model")
