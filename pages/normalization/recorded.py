"""What recorded races say together: pre against post, and γ and β free or frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from gpt_core.evaluation.paired import paired
from pages.normalization import words
from pages.normalization.axes import choose_norm
from pages.normalization.race import FREE, by_seed, depth_charts, pieces_of
from ui.app import widgets
from ui.app.glossary import prose
from ui.app.job_panel import recorded_result
from ui.show.numbers import number
from ui.show.tables import show_table

FROZEN = ("norms_pre_frozen", *(f"norms_pre_frozen_{seed}" for seed in range(2, 4)))
_LEARN = ("layernorm", "rmsnorm", "batchnorm")
COMPARED = {
    "4 layers": ("norms_pre", "norms_post"),
    "12 layers": ("norms_deep_pre", "norms_deep_post"),
}


@st.fragment
def show_pre_against_post() -> None:
    """The same norm before the branches and in the stream: recorded, side by side."""
    left, middle, right = st.columns([4, 3, 3])
    norm = choose_norm(list(_LEARN), "layernorm", key="norms_position_of", container=left)
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
    st.caption(
        f":material/history: Pre-norm: {results[0]['said']} Post-norm: {results[1]['said']} "
        + words.sides_settings(results[0]["settings"])
    )
    st.markdown(words.sides_in_words(looks))
    pieces = [pieces_of(result["value"]["norms"]).get(norm) for result in results]
    st.markdown(_ended(norm, dict(zip(two, pieces, strict=True))))


def _ended(norm: str, pieces: Mapping[str, list[float] | None]) -> str:
    """How the two ended, and whether one of them has learned to count and no more."""
    ended = {side: fmean(each) for side, each in pieces.items() if each}
    both = [each for each in pieces.values() if each]
    found = paired(both[1], both[0]) if len(both) == 2 else None
    said = [words.sides_ended(words.NAMES[norm], ended, found)]
    said += [words.only_counted(side, loss, counting()) for side, loss in ended.items()]
    return " ".join(filter(None, said))


@cache
def counting() -> float:
    """Bits per held-out character for who knows how often each one comes, and nothing else."""
    from gpt_core.experiments.norm_race import text_of_the_race

    tokenizer, learned, held = text_of_the_race()
    seen = np.bincount(learned, minlength=tokenizer.vocab_size) + 1.0  # none is impossible
    return float(-np.log2(seen[held] / seen.sum()).mean())


def show_learned() -> None:
    """γ and β free or frozen: the losses over the seeds, and what they became."""
    free = recorded_result(FREE[0])
    prose(words.learned(len(FROZEN)))
    a, b = by_seed(FREE[: len(FROZEN)]), by_seed(FROZEN)
    found = {norm: paired(b[norm], a[norm]) for norm in _LEARN if norm in a and norm in b}
    rows = [
        {
            "norm": words.NAMES[norm],
            "free": f"{fmean(a[norm]):.3f}",
            "frozen": f"{fmean(b[norm]):.3f}",
            "frozen − free": words.interval(each),
        }
        for norm, each in found.items()
    ]
    show_table(pd.DataFrame(rows), "norms_frozen", "Learned or frozen")
    st.caption(words.frozen_losses(free["settings"]["steps"], free["said"]))
    st.markdown(words.frozen_in_words(found))
    learned = free["value"]["norms"]["layernorm"]["learned"]
    if learned:
        show_table(_learned_table(learned), "norms_learned", "What was learned")
        st.caption(words.CHANNELS)


def _learned_table(learned: Mapping[str, Any]) -> pd.DataFrame:
    def triple(values: Sequence[float]) -> str:
        return ", ".join(number(value, ".3f") for value in values)

    columns = {"norm": learned["places"], "γ, from 1": [triple(v) for v in learned["gain"]]}
    if learned["bias"]:
        columns["β, from 0"] = [triple(v) for v in learned["bias"]]
    return pd.DataFrame(columns)
