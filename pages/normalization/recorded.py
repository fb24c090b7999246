"""What recorded races say together: pre against post, and γ and β free or frozen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.normalization.axes import NAMES, choose_norm
from pages.normalization.race import FREE, depth_charts, final_losses
from ui.app import widgets
from ui.app.job_panel import recorded_result
from ui.show.numbers import number, tidy

FROZEN = ("norms_pre_frozen", "norms_pre_frozen_2", "norms_pre_frozen_3")
COMPARED = {
    "4 layers": ("norms_pre", "norms_post"),
    "12 layers": ("norms_deep_pre", "norms_deep_post"),
}


@st.fragment
def show_pre_against_post() -> None:
    """The same norm before the branches and in the stream: recorded, side by side."""
    left, middle, right = st.columns([4, 3, 3])
    norms = ["layernorm", "rmsnorm", "batchnorm"]
    norm = choose_norm(norms, "layernorm", key="norms_position_of", container=left)
    depth = widgets.segmented_control(
        "Depth", list(COMPARED), "12 layers", key="norms_compared", container=middle
    )
    results = [recorded_result(name) for name in COMPARED[depth]]
    two = {
        f"{side}-norm": result["value"]["norms"][norm]
        for side, result in zip(("pre", "post"), results, strict=True)
    }
    when = widgets.segmented_control(
        "When", ["first step", "last look"], "first step", key="norms_when", container=right
    )
    which = 0 if when == "first step" else -1
    looks = {name: each["depths"][which] for name, each in two.items() if each["depths"]}
    depth_charts(looks, {"pre-norm": 0, "post-norm": 1}, "norms_sides")
    st.caption(f":material/history: {results[0]['said']} The other: {results[1]['said']}")
    st.markdown(_sides_in_words(NAMES[norm], looks, two))


def _sides_in_words(name: str, looks: Mapping[str, Any], two: Mapping[str, Any]) -> str:
    said = []
    for side, look in looks.items():
        stream, gradient = look["stream"], look["gradient"]
        said.append(
            f"- **{side}**, step {look['step']}: the stream goes from {tidy(stream[0])} to "
            f"{tidy(stream[-1])}; the gradient is {tidy(gradient[0], 0)} in the first branch and "
            f"{tidy(gradient[-1], 0)} in the last, **{tidy(gradient[-1] / gradient[0])} times** "
            "as large."
        )
    ends = [
        f"{side} {each['evaluations'][-1][1]:.3f}" for side, each in two.items()
        if each["evaluations"] and not each["reason"]
    ]  # fmt: skip
    return "\n".join(said) + (
        f"\n- Held-out loss of {name} at the end: {', '.join(ends)} nats per character."
    )


def show_learned() -> None:
    """γ and β free or frozen: the losses over three seeds, and what they became."""
    free, frozen = ([recorded_result(name) for name in names] for names in (FREE, FROZEN))
    rows = []
    for norm in ("layernorm", "rmsnorm", "batchnorm"):
        a, b = (
            [final_losses(r["value"]["norms"]).get(norm, math.nan) for r in results]
            for results in (free, frozen)
        )
        gains = [y - x for x, y in zip(a, b, strict=True)]
        rows.append(
            {
                "norm": NAMES[norm],
                "free": ", ".join(f"{x:.3f}" for x in a),
                "frozen": ", ".join(f"{x:.3f}" for x in b),
                "frozen − free, mean": number(float(np.mean(gains)), "+.3f"),
                "in the three seeds": ", ".join(number(g, "+.3f") for g in gains),
            }
        )
    st.table(pd.DataFrame(rows), hide_index=True)
    st.caption(
        f":material/history: Held-out loss after {free[0]['settings']['steps']} steps, in nats per "
        f"character, for seeds 1, 2 and 3. {free[0]['said']} So did the five others."
    )
    st.markdown(_helped(rows))
    learned = free[0]["value"]["norms"]["layernorm"]["learned"]
    if learned:
        st.table(_learned_table(learned), hide_index=True)
        st.caption("What LayerNorm's γ and β became with seed 1: lowest, mean and highest channel.")


def _helped(rows: Sequence[Mapping[str, str]]) -> str:
    """Per norm, whether the three seeds agree on what freezing did."""
    said = []
    for row in rows:
        signs = {part[0] for part in row["in the three seeds"].split(", ")}
        if signs == {"+"}:
            said.append(f"**{row['norm']}**: frozen is worse with every seed")
        elif signs == {"−"}:
            said.append(f"**{row['norm']}**: frozen is *better* with every seed")
        else:
            said.append(f"**{row['norm']}**: the seeds don't agree, so nothing can be said")
    return "; ".join(said) + "."


def _learned_table(learned: Mapping[str, Any]) -> pd.DataFrame:
    def triple(values: Sequence[float]) -> str:
        return ", ".join(number(value, ".3f") for value in values)

    columns = {"norm": learned["places"], "γ, from 1": [triple(v) for v in learned["gain"]]}
    if learned["bias"]:
        columns["β, from 0"] = [triple(v) for v in learned["bias"]]
    return pd.DataFrame(columns)
