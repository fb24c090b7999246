"""The averaging lesson's experiment: divide the scores by √D, by the model's √C, or by nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from gpt_core.averaging import (
    Sharpness,
    divided_softmax,
    loss_when_divided,
    random_scores,
    raw_scores,
    sharpness,
)
from ui import averaging_words as words
from ui import widgets
from ui.attention_map import attention_grid
from ui.sidebar import Study
from ui.source import show_source
from ui.tokens import short
from ui.traces import attention_of

# The pictures of GPT-2's 144 heads on this many tokens are a message of 300 KB.
MOST_TOKENS = 64
REAL, RANDOM = "this model's q and k", "random q and k"


@dataclass(frozen=True)
class Measured:
    """By divisor: real and random scores, and the loss on the prompt. Also their sizes."""

    real: dict[str, Sharpness]
    random: dict[str, Sharpness]
    losses: dict[str, float | None]
    variance: float
    largest: float


def divisors(study: Study) -> dict[str, float]:
    """What the scores may be divided by, by its name."""
    config = study.model.config
    roots = (math.sqrt(config.n_embd), math.sqrt(config.head_dim), 1.0)
    return dict(zip(words.DIVISORS, roots, strict=True))


def show_scaling(study: Study) -> None:
    """The section; the study has at most MOST_TOKENS tokens."""
    config = study.model.config
    one, two, three = st.columns([5, 4, 2])
    name = widgets.select_slider(
        "Divide the scores by", words.DIVISORS, words.PROPER, key="divisor", container=one
    )
    source = widgets.segmented_control(
        "Show the heads with", [REAL, RANDOM], REAL, key="scores_of", container=two
    )
    seed = int(widgets.number_input("Seed", 0, 9999, 1, key="scores_seed", container=three))
    found = _measure(study.fingerprint, study.ids, seed, study)
    st.markdown(words.chosen_in_words(name, found.real, found.losses))
    _draw_heads(study, source, divisors(study)[name], seed)
    left, right = st.columns(2)
    left.markdown("**This model, on the prompt**")
    left.table(_rows(found.real, name, found.losses))
    right.markdown(f"**Random q and k of the same sizes**, variance 1, seed {seed}")
    right.table(_rows(found.random, name))
    st.caption(words.HOW_TO_MEASURE)
    st.markdown(words.variance(config.head_dim, found.variance, seed))
    st.markdown(words.slip(config))
    st.markdown(words.normed_queries(config, found.largest))
    show_source(divided_softmax, sharpness, random_scores, loss_when_divided)


def _draw_heads(study: Study, source: str, divisor: float, seed: int) -> None:
    config = study.model.config
    q, k = attention_of(study).trace.q, attention_of(study).trace.k
    raw = raw_scores(q, k)
    if source == RANDOM:
        heads = config.n_layer * config.n_head
        raw = random_scores(heads, len(study.ids), config.head_dim, seed).view_as(raw)
    attention_grid(
        divided_softmax(raw, divisor, config.causal).numpy(),
        [short(token.text) for token in study.tokens],
        key="scaled_heads",
        causal=config.causal,
    )


@st.cache_resource(max_entries=64, show_spinner=False)
def _measure(fingerprint: str, ids: tuple[int, ...], seed: int, _study: Study) -> Measured:
    config, trace = _study.model.config, attention_of(_study).trace
    real = raw_scores(trace.q, trace.k)
    drawn = random_scores(config.n_layer * config.n_head, len(ids), config.head_dim, seed)
    by = divisors(_study)
    seen = real.tril() if config.causal else real
    return Measured(
        real={name: sharpness(real, d, config.causal) for name, d in by.items()},
        random={name: sharpness(drawn, d, config.causal) for name, d in by.items()},
        losses={name: loss_when_divided(_study.model, ids, d) for name, d in by.items()},
        variance=drawn.var(correction=0).item(),
        largest=seen.abs().max().item() / math.sqrt(config.head_dim),
    )


def _rows(
    found: dict[str, Sharpness], chosen: str, losses: dict[str, float | None] | None = None
) -> pd.DataFrame:
    rows = []
    for name, s in found.items():
        row = {
            "divided by": f"▸ {name}" if name == chosen else name,
            "spread of scores": f"{s.spread:.2f}",
            "entropy": f"{s.entropy:.2f}",
            "evenness": f"{s.evenness:.2f}",
            "largest weight": f"{s.largest:.2f}",
        }
        if losses:
            row["loss on the prompt"] = f"{losses[name]:.2f}"
        rows.append(row)
    return pd.DataFrame(rows).set_index("divided by")
