"""The Embeddings lesson's picture: choose a token, see where its vector lies and who is near."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from gpt_core.interpret.embeddings import Projection, cosine_spread, nearest, project
from pages.embeddings import words
from ui.app import widgets
from ui.app.projector import own_panel
from ui.app.widgets import LINE_BREAK
from ui.components.chart import point, show
from ui.services.caches import shared
from ui.services.study import Study
from ui.show.apart import sides
from ui.show.bars import Bars, amount_bars, show_bars
from ui.show.numbers import number
from ui.show.plotly_json import (
    Figure,
    as_cloud,
    plain_label,
    whole_figure,
)
from ui.show.theme import palette, series_color
from ui.show.tokens import short, visible

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator
    from torch import Tensor

    from gpt_core.tokenizers import Tokenizer
    from ui.services.models import LoadedModel

NEIGHBOURS = 8
MOST_OPTIONS = 60  # tokens offered at once
MOST_DOTS = 800  # each is sent again with every change of the picture
ALL, FEW = "all tokens", "the prompt's tokens and the neighbours"
_MAP = "emb_map"
_OTHERS = "other tokens"
_WIDE, _HIGH = 300, 340  # pixels that the picture has at least, on a telephone


def label_of(tokenizer: Tokenizer, token: int) -> str:
    """A token as it is offered: its text and its id, since two may look alike."""
    return f"{short(tokenizer.token_text(token))} · {token}"


def matches(loaded: LoadedModel, typed: str, ids: Sequence[int]) -> list[int]:
    """Tokens to offer: whole words first, then what begins with what was typed, then what holds it.

    Of equals the shortest come first. Where nothing was typed they are the first of `ids`.
    """
    typed = typed.replace("␣", " ").replace(LINE_BREAK, "\n").casefold()
    return _holding(loaded, typed) if typed else list(dict.fromkeys(ids))[:MOST_OPTIONS]


@shared()
def _holding(loaded: LoadedModel, typed: str) -> list[int]:
    tokenizer = loaded.tokenizer
    texts = ((i, tokenizer.token_text(i).casefold()) for i in range(tokenizer.vocab_size))
    word = typed.strip()
    found = sorted(
        (text.strip() != word, not text.strip().startswith(word), len(text), i)
        for i, text in texts
        if typed in text
    )
    return [i for *_, i in found[:MOST_OPTIONS]]


def choose(study: Study) -> tuple[int | None, str]:
    """A token, and which ones the picture shows: all in one line, above what they change."""
    with own_panel("embeddings"):
        left, middle, right = st.columns([3, 3, 5])
    token = _choose_token(study, left, middle)
    options = [ALL, FEW]
    which = widgets.segmented_control(
        "Tokens in the picture", options, ALL, key="emb_which", container=right
    )
    return token, which


def _choose_token(study: Study, left: DeltaGenerator, right: DeltaGenerator) -> int | None:
    """A box to search in and the tokens found; the prompt's own when nothing is searched."""
    typed = widgets.text_input(
        "Search the vocabulary",
        key="emb_search",
        container=left,
        max_chars=40,
        placeholder="a part of a token, like Mon",
    )
    found = matches(study.loaded, typed or "", study.ids)
    if not found:
        right.info(words.not_held(typed))
        return None
    labels = {label_of(study.tokenizer, token): token for token in found}
    options = list(labels)
    chosen = widgets.selectbox(
        "Token" if typed else "Token of your prompt",
        options,
        0 if typed else found.index(longest_first(study)[0]),
        key="emb_token",
        container=right,
    )
    return labels.get(chosen, found[0])


def longest_first(study: Study) -> list[int]:
    """The prompt's different tokens. A long one is likely to be a word, and tells the most."""
    ids = dict.fromkeys(study.ids)
    offered = list(ids)[:MOST_OPTIONS]
    return sorted(offered, key=lambda i: -len(short(study.tokenizer.token_text(i))))


@dataclass(frozen=True)
class _Points:
    """Some tokens in the picture. xy: (N, 2)."""

    ids: list[int]
    names: list[str]
    xy: np.ndarray


def show_map(study: Study, token: int, neighbours: Sequence[int], which: str) -> None:
    """Draw all token vectors, or only the few in question, in two dimensions."""
    table = study.model.wte.weight
    special = list(dict.fromkeys([token, *neighbours, *study.ids]))
    if which == ALL:
        projection, place = _projection(study.loaded), {i: i for i in special}
    else:
        projection, place = project(table[special]), {i: row for row, i in enumerate(special)}
    prompt = [i for i in dict.fromkeys(study.ids) if i != token and i not in neighbours]
    groups = {"your prompt": prompt, "nearest": list(neighbours), "chosen": [token]}
    points = {
        name: _points(study.tokenizer, ids, projection.points[[place[i] for i in ids]])
        for name, ids in groups.items()
    }
    show(
        _scatter(({_OTHERS: _dots(study.loaded)} if which == ALL else {}) | points),
        _MAP,
        words.MAP_ALT,
        on_point=lambda: _clicked(study.tokenizer),
    )
    one, two = (100 * share for share in projection.share.tolist())
    drawn = (
        words.every(len(table), _step(len(table)))
        if which == ALL and len(table) > MOST_DOTS
        else ""
    )
    st.caption(words.flat(across=one, up=two, drawn=drawn))


@shared()
def _projection(loaded: LoadedModel) -> Projection:
    return project(loaded.model.wte.weight)


@shared()
def _dots(loaded: LoadedModel) -> _Points:
    """All tokens, or every nth of them."""
    points = _projection(loaded).points
    ids = list(range(0, len(points), _step(len(points))))
    return _points(loaded.tokenizer, ids, points[ids])


def _step(tokens: int) -> int:
    return -(-tokens // MOST_DOTS)


def _points(tokenizer: Tokenizer, ids: list[int], xy: Tensor) -> _Points:
    names = [plain_label(tokenizer.token_text(i)) for i in ids]
    return _Points(ids, names, xy.round(decimals=3).numpy())


def _clicked(tokenizer: Tokenizer) -> None:
    """The token of the clicked point is the one that is searched for, and chosen."""
    token = point(_MAP)
    if isinstance(token, int) and 0 <= token < tokenizer.vocab_size:
        st.session_state["emb_search"] = visible(tokenizer.token_text(token))[:40]
        st.session_state["emb_token"] = label_of(tokenizer, token)


def _scatter(groups: dict[str, _Points]) -> Figure:
    colors = palette()
    looks = {
        _OTHERS: (colors.muted, 4, 0.45),
        "your prompt": (series_color(1), 9, 1.0),
        "nearest": (series_color(0), 9, 1.0),
        "chosen": (colors.text, 14, 1.0),
    }
    every = np.concatenate([points.xy for points in groups.values()])
    low, high = every.min(axis=0), every.max(axis=0)
    edge = 0.08 * np.maximum(high - low, 1e-6)
    low, high = low - edge, high + edge
    places = _sides(groups, low, high)
    data = []
    for name, points in groups.items():
        color, size, opacity = looks[name]
        named = name in places
        data.append(
            {
                "type": "scatter",
                "mode": "markers+text" if named else "markers",
                "name": name,
                "x": points.xy[:, 0],
                "y": points.xy[:, 1],
                "text": _shown(points.names, places[name]) if named else points.names,
                "hovertext": points.names,
                "customdata": np.array(points.ids),
                "textposition": [side or "top center" for side in places.get(name, [])],
                "textfont": {"color": color, "size": 14, "family": "monospace"},
                "marker": {"color": color, "size": size, "opacity": opacity},
                "hovertemplate": "%{hovertext}<extra>token %{customdata}</extra>",
            }
        )
    axis = {"showticklabels": False, "zeroline": True}
    across, up = ({"range": [low[i], high[i]]} for i in (0, 1))
    drawn = [trace for trace in data if trace["hovertext"]]
    layout: dict[str, Any] = {"xaxis": axis | across, "yaxis": axis | up}
    if _OTHERS in groups:
        drawn[:1], cloud = as_cloud(drawn[0])
        layout["shapes"] = [cloud]
    return whole_figure(drawn, 440, layout, legend=True)


def _sides(
    groups: Mapping[str, _Points], low: np.ndarray, high: np.ndarray
) -> Mapping[str, list[str]]:
    """On which side of its point each label stands, by group; the chosen token's comes first.

    low, high: (2,), the ends of both axes.
    """
    named = {
        name: points
        for name, points in reversed(list(groups.items()))
        if name != _OTHERS and len(points.ids) <= MOST_OPTIONS // 2
    }
    if not named:
        return {}
    xy = np.concatenate([points.xy for points in named.values()])
    pixels = (xy - low) / (high - low) * (_WIDE, _HIGH)
    pixels[:, 1] = _HIGH - pixels[:, 1]
    found = iter(sides(pixels, [n for points in named.values() for n in points.names], 14, 12))
    return {name: [next(found) for _ in points.ids] for name, points in named.items()}


def _shown(names: Sequence[str], places: Sequence[str]) -> list[str]:
    """The names that there is room for; the others are read by pointing."""
    return [name if side else "" for name, side in zip(names, places, strict=True)]


def show_neighbours(study: Study, token: int) -> None:
    """The nearest tokens by cosine, in the embedding table and, where it is another, the output."""
    model, tokenizer = study.model, study.tokenizer
    found = nearest(model.wte.weight, token, NEIGHBOURS)
    if not found:
        st.caption(words.ALONE)
        return
    st.markdown(f"**Nearest when read** (`wte`, {model.config.vocab_size:,} rows)")
    show_bars(_cosines(found, tokenizer), "emb_near", "Cosines of the nearest tokens")
    st.caption(words.cosine(*cosine_spread(model.wte.weight, token)))
    if model.config.tie_weights:
        return
    st.markdown("**Nearest when predicted** (`lm_head`, a table of its own)")
    out = nearest(model.lm_head.weight, token, NEIGHBOURS)
    show_bars(_cosines(out, tokenizer), "emb_near_out", "Cosines of the nearest rows of the output")
    both = sum(i in dict(found) for i, _ in out)
    st.caption(words.untied(both, len(out)))


def say_who_is_near(study: Study, token: int) -> None:
    """Whether the nearest one is an accident."""
    model, table = study.model, study.model.wte.weight
    if not (found := nearest(table, token, 1)):
        return
    best, value = found[0]
    name, others = study.tokenizer.token_text(best), model.config.vocab_size - 1
    st.markdown(words.stands_out(name, value, *cosine_spread(table, token), others))
    if model.config.tie_weights:
        st.caption(words.TIED)


def _cosines(found: Sequence[tuple[int, float]], tokenizer: Tokenizer) -> Bars:
    values = [cosine for _, cosine in found]
    names = [short(tokenizer.token_text(i)) for i, _ in found]
    return amount_bars(names, values, series_color(0), ".2f", most=1.0, tokens=True)


def first_numbers(vector: Tensor, count: int = 6) -> str:
    """The first few numbers of a vector, for a sentence."""
    return ", ".join(number(value, ".2f") for value in vector[:count].tolist())
