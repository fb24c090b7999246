"""The averaging lesson's experiment: divide the scores by √D, by the model's √C, or by nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pyarrow as pa
import streamlit as st
import torch
import torch.nn.functional as F
from torch import Tensor

from gpt_core.experiments.averaging import (
    Sharpness,
    divided_softmax,
    losses_when_divided,
    random_scores,
    raw_scores,
    sharpness,
)
from gpt_core.model.config import GPTConfig
from pages.averaging import words
from ui.app import widgets
from ui.app.glossary import prose
from ui.components.attention_map import attention_grid
from ui.services.caches import shared
from ui.services.study import Study
from ui.services.traces import attention_of
from ui.show.tables import show_table
from ui.show.tokens import short

# The pictures of GPT-2's 144 heads on this many tokens are a message of 300 KB.
MOST_TOKENS = 64
REAL, RANDOM = "this model's q and k", "random q and k"


@dataclass(frozen=True)
class Real:
    """The model on the prompt by divisor: scores, loss in bits. largest: of all q·k ÷ √D."""

    scores: dict[str, Sharpness]
    losses: dict[str, float]
    largest: float


@dataclass(frozen=True)
class Random:
    """Scores of random q and k by divisor, and the variance of q·k."""

    scores: dict[str, Sharpness]
    variance: float


def divisors(config: GPTConfig) -> dict[str, float]:
    """What the scores may be divided by, by its name."""
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
    # With the model's own, the pictures right below have nothing to do with it; what is said of
    # random ones below those holds for the seed that stands here.
    seed = int(
        widgets.number_input(
            "Seed", 0, 9999, 1, key="scores_seed", container=three, disabled=source == REAL
        )
    )
    real, random = _real(study), _random(config, len(study.ids), seed)
    st.markdown(words.chosen_in_words(name, real.scores, real.losses))
    _draw_heads(study, source, divisors(config)[name], seed)
    left, right = st.columns(2)
    left.markdown("**This model, on the prompt**")
    show_table(
        _rows(real.scores, name, real.losses),
        "scores_real",
        "Scores of this model",
        place=left,
    )
    right.markdown(f"**Random q and k of the same sizes**, variance 1, seed {seed}")
    show_table(
        _rows(random.scores, name),
        "scores_random",
        "Scores of random q and k",
        place=right,
    )
    st.caption(words.HOW_TO_MEASURE)
    said = (
        words.variance(config.head_dim, random.variance, seed),
        words.normed_queries(config, real.largest),
    )
    prose("\n\n".join(said))
    with st.expander(words.SLIP_TITLE):
        st.markdown(words.at_the_start(config) + words.slip(config))


def _draw_heads(study: Study, source: str, divisor: float, seed: int) -> None:
    config = study.model.config
    q, k = attention_of(study).trace.q, attention_of(study).trace.k
    raw = raw_scores(q, k)
    if source == RANDOM:
        raw = _random_scores(config, len(study.ids), seed).view_as(raw)
    attention_grid(
        divided_softmax(raw, divisor, config.causal).numpy(),
        [short(token.text) for token in study.tokens],
        key="scaled_heads",
        causal=config.causal,
    )


@shared()
def _real(study: Study) -> Real:
    config, trace = study.model.config, attention_of(study).trace
    raw, by = raw_scores(trace.q, trace.k), divisors(config)
    seen = raw.tril() if config.causal else raw
    return Real(
        scores={name: sharpness(raw, d, config.causal) for name, d in by.items()},
        losses=_losses(study, trace.logits),
        largest=seen.abs().max().item() / math.sqrt(config.head_dim),
    )


def _losses(study: Study, logits: Tensor) -> dict[str, float]:
    """logits: as the model is, which is what it says when divided by √D."""
    by = divisors(study.model.config)
    as_it_is = F.cross_entropy(logits[:-1], torch.tensor(study.ids[1:])).item()
    others = [name for name in by if name != words.PROPER]
    losses = losses_when_divided(study.model, study.ids, [by[name] for name in others])
    found = dict(zip((words.PROPER, *others), (as_it_is, *losses), strict=True))
    return {name: words.bits(loss) for name, loss in found.items()}


@shared()
def _random(config: GPTConfig, tokens: int, seed: int) -> Random:
    raw = _random_scores(config, tokens, seed)
    by = divisors(config)
    scores = {name: sharpness(raw, d, config.causal) for name, d in by.items()}
    return Random(scores, raw.var(correction=0).item())


def _random_scores(config: GPTConfig, tokens: int, seed: int) -> Tensor:
    return random_scores(config.n_layer * config.n_head, tokens, config.head_dim, seed)


def _rows(
    found: dict[str, Sharpness], chosen: str, losses: dict[str, float] | None = None
) -> pa.Table:
    rows = []
    for name, s in found.items():
        row = {
            "divided by": f"▸ {name}" if name == chosen else name,
            "spread of scores": f"{s.spread:.2f}",
            "spread of weights, bits": f"{words.bits(s.entropy):.2f}",
            "evenness": f"{s.evenness:.2f}",
            "largest weight": f"{s.largest:.2f}",
        }
        if losses:
            row["loss, bits per token"] = f"{losses[name]:.2f}"
        rows.append(row)
    return pa.Table.from_pylist(rows)
