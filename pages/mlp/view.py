"""The MLP lesson's pictures: activations as coloured tokens, texts that fire a neuron, effects."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from gpt_core.interpret.neurons import TopTexts, corpus_tokens, top_texts_of
from gpt_core.jobs.top_texts import MOST_NEURONS
from pages.mlp import words
from ui.app.job_panel import job_panel
from ui.services.caches import shared
from ui.services.models import BUNDLED, LoadedModel
from ui.services.study import Study
from ui.show.bars import Bars, amount_bars
from ui.show.curves import Chart, Line, curves
from ui.show.names import sentence
from ui.show.numbers import number, tidy
from ui.show.tables import show_markup
from ui.show.theme import series_color
from ui.show.tokens import TokenLike, short, visible

if TYPE_CHECKING:
    from torch import Tensor

    from gpt_core.tokenizers import Tokenizer

RECORDED = "top_texts"
_BEFORE, _AFTER = 24, 5  # tokens of context
_STRONGEST = 42  # per cent of the colour behind the largest activation
_ACTIVATIONS = ("relu", "gelu", "relu2", "silu")
_STYLE = """<style>
.neuron {line-height:1.9; font-family:monospace; font-size:1.02rem; padding:2px 0}
.neuron .t {border-radius:4px; padding:2px 1px; white-space:pre-wrap; display:inline-block;
            text-align:center; vertical-align:top; line-height:1.3; margin-bottom:4px}
.neuron .t small {display:block; font-size:.7em}
.neuron mark {border-radius:4px; padding:2px 3px; color:inherit; font-weight:700;
              outline:2px solid currentColor; background:var(--fire)}
.neuron .how {opacity:.8; font-size:.85em; margin-right:.6em}
</style>"""


def activation_chips(tokens: Sequence[TokenLike], values: Sequence[float], largest: float) -> str:
    """HTML of a text, each token with its activation below and coloured by it.

    Two colours for the two signs; largest: the size that gets the full colour.
    """
    spans = []
    for place, (token, value) in enumerate(zip(tokens, values, strict=True)):
        share = _STRONGEST * min(1.0, abs(value) / largest) if largest else 0.0
        color = f"color-mix(in srgb, {_sign_color(value)} {share:.0f}%, transparent)"
        spans.append(
            f'<span class="t" style="background:{color}" title="position {place}: {tidy(value)}">'
            f"<bdi>{html.escape(short(token.text))}</bdi><small>{_short(value)}</small></span>"
        )
    return f'{_STYLE}<div class="neuron">{" ".join(spans)}</div>'


def _sign_color(value: float) -> str:
    return series_color(0 if value >= 0 else 1)


_NEARLY_ZERO = 0.005


def _short(value: float) -> str:
    """A number in as few characters as a chip has room for; exactly 0 is a dot."""
    if value == 0:
        return "·"
    if abs(value) < _NEARLY_ZERO:
        return "≈ 0"
    return number(value, ".0f" if abs(value) >= 100 else ".2g")


@shared(wait="Reading the text that the model learned …")
def _corpus(loaded: LoadedModel, count: int) -> np.ndarray:
    return corpus_tokens(loaded.run, count)


def show_top_texts(study: Study, layer: int, neuron: int) -> None:
    """The job that searches the corpus, and what it found of one neuron."""
    config, hidden = study.model.config, study.model.blocks[0].mlp.up.out_features
    every = config.n_layer * hidden <= MOST_NEURONS
    settings = {"layer": None if every else layer}

    def draw(value: dict, finished: bool) -> None:
        try:
            tokens = _corpus(study.loaded, value["tokens"] + 1)
        except ValueError as error:  # the text that was searched is not there any more
            st.warning(sentence(error), icon=":material/warning:")
            return
        _show_texts(study, top_texts_of(value, layer, neuron), tokens, value["tokens"])

    job_panel(
        "top_texts",
        settings,
        draw,
        label=words.search(study.loaded.imported) + ("" if every else f" for layer {layer}"),
        study=study,
        recorded=RECORDED if study.run_key == BUNDLED else None,
    )


def _show_texts(study: Study, found: TopTexts, tokens: np.ndarray, read: int) -> None:
    kind = study.model.config.activation
    if found.dead:
        st.warning(words.dead(read), icon=":material/bedtime:")
        return
    st.markdown(words.firing(read, found.positive, kind, study.loaded.imported))
    active = [
        (place, strength)
        for place, strength in zip(found.places, found.strengths, strict=True)
        if strength != 0
    ]
    rows = [_context(study.tokenizer, tokens, *each) for each in active]
    fire = f"color-mix(in srgb, {series_color(0)} 45%, transparent)"
    name = study.tokenizer.token_text
    table = [(short(name(int(tokens[place]))), strength) for place, strength in active]
    show_markup(
        f'{_STYLE}<div style="--fire:{fire}">{"".join(rows)}</div>',
        "mlp_texts",
        words.TOP_TEXTS,
        lambda: [("token", "activation"), *table],
    )
    st.caption(words.ONCE)


def _context(tokenizer: Tokenizer, tokens: np.ndarray, place: int, strength: float) -> str:
    before = tokenizer.decode(tokens[max(0, place - _BEFORE) : place].tolist())
    after = tokenizer.decode(tokens[place + 1 : place + 1 + _AFTER].tolist())
    fired = tokenizer.token_text(int(tokens[place]))
    shown = [html.escape(visible(text).replace("␣", " ")) for text in (before, after)]
    return (
        f'<div class="neuron"><span class="how">{_short(strength)}</span>'
        f"<bdi>…{shown[0]}</bdi><mark>{html.escape(short(fired))}</mark><bdi>{shown[1]}…</bdi></div>"
    )


def effect_bars(effect: Tensor, tokenizer: Tokenizer, top: int = 8) -> Bars:
    """The tokens whose logits a vector raises and lowers the most, (V,)."""
    top = min(top, max(1, len(effect) // 2))
    ids = [*effect.topk(top).indices.tolist(), *(-effect).topk(top).indices.tolist()[::-1]]
    values = effect[ids].tolist()
    return amount_bars(
        [short(tokenizer.token_text(i)) for i in ids],
        values,
        [_sign_color(value) for value in values],
        ".3g",
        title=words.ADDED,
        tokens=True,
    )


def activation_curves(own: str) -> Chart:
    """The functions that MLPs are built with, side by side; the model's own is marked."""
    import torch
    import torch.nn.functional as F

    from gpt_core.model.gpt import ACTIVATIONS

    x = torch.linspace(-3, 1.5, 91)
    mine = {"gelu_tanh": "gelu", "swiglu": "silu"}.get(own, own)
    lines = []
    for color, name in enumerate(_ACTIVATIONS):
        y = (F.silu if name == "silu" else ACTIVATIONS[name])(x)
        label = f"{name} (own)" if name == mine else name
        lines.append(Line(label, x.numpy(), y.numpy(), color=color))
    return curves(lines, x_title="what comes in", y_title="what goes on", height=360)
