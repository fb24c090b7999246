"""What recorded races say together: pre against post, and γ and β free or frozen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.normalization import words
from pages.normalization.axes import choose_norm
from pages.normalization.race import FREE, depth_charts, final_losses
from ui.app import widgets
from ui.app.job_panel import recorded_result
from ui.show.numbers import number

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
    st.markdown(words.sides_in_words(words.NAMES[norm], looks, two))


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
                "norm": words.NAMES[norm],
                "free": ", ".join(f"{x:.3f}" for x in a),
                "frozen": ", ".join(f"{x:.3f}" for x in b),
                "frozen − free, mean": number(float(np.mean(gains)), "+.3f"),
                "in the three seeds": ", ".join(number(g, "+.3f") for g in gains),
            }
        )
    st.table(pd.DataFrame(rows), hide_index=True)
    st.caption(words.frozen_losses(free[0]["settings"]["steps"], free[0]["said"]))
    st.markdown(words.frozen_in_words(rows))
    learned = free[0]["value"]["norms"]["layernorm"]["learned"]
    if learned:
        st.table(_learned_table(learned), hide_index=True)
        st.caption(words.CHANNELS)


def _learned_table(learned: Mapping[str, Any]) -> pd.DataFrame:
    def triple(values: Sequence[float]) -> str:
        return ", ".join(number(value, ".3f") for value in values)

    columns = {"norm": learned["places"], "γ, from 1": [triple(v) for v in learned["gain"]]}
    if learned["bias"]:
        columns["β, from 0"] = [triple(v) for v in learned["bias"]]
    return pd.DataFrame(columns)
