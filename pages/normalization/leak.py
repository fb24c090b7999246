"""BatchNorm's leak, on small models: change one token, see which predictions move."""

from __future__ import annotations

import html
import math
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.normalization import words
from pages.normalization.axes import choose_norm
from ui.app import widgets
from ui.app.job_panel import recorded_result
from ui.services.caches import PASSES, shared
from ui.show.tables import show_markup, show_table
from ui.show.theme import palette, series_color
from ui.show.tokens import code, short, visible

if TYPE_CHECKING:
    from torch import Tensor

    from gpt_core.model.gpt import GPT
    from gpt_core.tokenizers import Tokenizer

TOKENS = 12
RECORDED = "norms_small"
TRAIN, EVAL = "training", "eval"
_WATCHED = (0, TOKENS // 2)  # the prediction that the text speaks of
_CHANGED = {words.ANOTHER: (1, 4), words.LATER: (0, TOKENS - 2), words.EARLIER: (0, 2)}
_WHOLE_BATCH = 8

_STYLE = """<style>
.moved {overflow-x:auto}
.moved table {border-collapse:separate; border-spacing:3px}
.moved-said {margin:0 0 .3rem}
.moved th {font-weight:400; padding:2px 6px; white-space:nowrap; position:sticky; left:0;
           background:var(--background)}
.moved td {text-align:center; border-radius:4px; padding:3px 5px; min-width:3.6em;
           border:1px solid var(--grid); font-variant-numeric:tabular-nums}
.moved td b {display:block; font-family:monospace; font-size:1.15rem}
.moved td.changed {border:3px solid var(--changed)}
.moved td.watched {outline:3px solid currentColor}
.moved td.leak {background:color-mix(in srgb, var(--leak) 30%, transparent)}
.moved td.meant {background:color-mix(in srgb, var(--meant) 16%, transparent)}
@media (max-width:480px) { /* without numbers all tokens fit a phone */
  .moved.blank table {border-spacing:1px}
  .moved.blank td {min-width:0; padding:3px 2px}
}
</style>"""


@cache
def small_model(norm: str) -> GPT:
    """A very small GPT that was trained on the bundled text when the result was recorded."""
    from gpt_core.experiments.norm_race import SMALL, unpacked

    return unpacked(norm, SMALL, recorded_result(RECORDED)["value"][norm]["weights"])


def small_in_words() -> str:
    """What the small models are, and when they were made."""
    from gpt_core.experiments.norm_race import SMALL

    losses = {n: each["loss"] for n, each in recorded_result(RECORDED)["value"].items()}
    bits = {norm: loss / math.log(2) for norm, loss in losses.items()}
    ends = ", ".join(f"{words.NAMES[norm]} {loss:.2f}" for norm, loss in bits.items())
    return words.small_models(
        layers=SMALL.n_layer,
        width=SMALL.n_embd,
        steps=SMALL.steps,
        seed=SMALL.seed,
        losses=ends,
        recorded=recorded_result(RECORDED)["said"],
    )


@cache
def held_out() -> tuple[Tensor, Tensor, Tokenizer]:
    """A batch of text that the small models never saw, x and y (8, T), and their tokenizer."""
    from gpt_core.experiments.norm_race import text_of_the_race
    from gpt_core.training import data

    tokenizer, _, held = text_of_the_race()
    x, y = data.batch(held, 0, batch_size=_WHOLE_BATCH, block_size=TOKENS, seed=1)
    return x, y, tokenizer


@shared(PASSES)
def moved_of(norm: str, sequences: int, changed: str, train: bool) -> tuple[Tensor, int]:
    """How far every prediction moves (B, T), and which token id was put in."""
    from gpt_core.experiments.norm_leak import moved_by

    x, _, tokenizer = held_out()
    batch, place = x[:sequences], _CHANGED[changed]
    token = next(i for i in tokenizer.encode("z!") if i != int(batch[place]))
    return moved_by(small_model(norm), batch, place, token, train), token


def leaks(changed: str = words.LATER) -> dict[str, float]:
    """By norm: how far the watched prediction moves in training mode, where it must not."""
    return {norm: moved_of(norm, 3, changed, True)[0][_WATCHED].item() for norm in words.NAMES}


@st.fragment
def show_leak() -> None:
    """Choose a norm, a change, a mode and a batch size; every prediction says how far it moved."""
    norm, changed, train, sequences = _controls()
    if changed == words.ANOTHER and sequences == 1:
        st.info(words.NO_OTHER)
        return
    moved, token = moved_of(norm, sequences, changed, train)
    place = _CHANGED[changed]
    grid = _grid(moved, place, token)
    show_markup(grid, "norms_leak", words.MOVED_TITLE, lambda: moved_rows(moved, place, token))
    st.markdown(words.leak_in_words(norm, changed, train, moved[_WATCHED].item()))


def _controls() -> tuple[str, str, bool, int]:
    (one, two), (three, four) = st.columns(2), st.columns(2)
    norm = choose_norm(list(words.NAMES), "batchnorm", key="norms_leak_norm", container=one)
    changed = widgets.segmented_control(
        "Change",
        [words.LATER, words.ANOTHER, words.EARLIER],
        words.LATER,
        key="norms_leak_change",
        container=two,
    )
    mode = widgets.segmented_control(
        "Mode", [TRAIN, EVAL], TRAIN, key="norms_leak_mode", container=three
    )
    sequences = widgets.segmented_control(
        "Sequences", [1, 2, 3], 3, key="norms_leak_batch", container=four
    )
    return norm, changed, mode == TRAIN, sequences


def show_question() -> None:
    """The sequences of the question, and nothing that was measured."""
    moved, token = moved_of("none", 3, words.LATER, True)
    st.html(_grid(moved, _CHANGED[words.LATER], token, blank=True))


def _grid(moved: Tensor, place: tuple[int, int], token: int, blank: bool = False) -> str:
    """The tokens of all sequences with how far each prediction moved; blank: without that."""
    from gpt_core.experiments.norm_leak import is_allowed

    x, _, tokenizer = held_out()
    colors = palette()
    allowed = is_allowed(place, *moved.shape)
    rows = []
    for b in range(moved.shape[0]):
        cells = []
        for t in range(moved.shape[1]):
            said = html.escape(short(tokenizer.token_text(int(x[b, t]))))
            kinds = []
            if (b, t) == place:
                kinds.append("changed")
                said = f"<s>{said}</s> {html.escape(short(tokenizer.token_text(token)))}"
            kinds += ["watched"] * ((b, t) == _WATCHED)
            share = moved[b, t].item()
            amount = "" if blank else words.percent(share)
            if share and not blank:
                kinds.append("meant" if allowed[b, t] else "leak")
            cells.append(f'<td class="{" ".join(kinds)}"><b>{said}</b>{amount}</td>')
        rows.append(f'<tr><th scope="row">sequence {b}</th>{"".join(cells)}</tr>')
    hues = (
        f"--grid:{colors.grid};--changed:{colors.text};--leak:{series_color(2)};"
        f"--meant:{colors.muted}"
    )
    caption = words.QUESTION_CAPTION if blank else words.BELOW_TOKENS
    kind = "moved blank" if blank else "moved"
    return (
        f'{_STYLE}<p class="moved-said">{caption}</p><div class="{kind}" style="{hues}"><table>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def moved_rows(moved: Tensor, place: tuple[int, int], token: int) -> list[list[Any]]:
    """The same for a spreadsheet: a row for each prediction, its number in a cell of its own."""
    x, _, tokenizer = held_out()
    rows: list[list[Any]] = [list(words.MOVED_COLUMNS)]
    for b, t in product(*map(range, moved.shape)):
        instead = visible(tokenizer.token_text(token)) if (b, t) == place else ""
        here = visible(tokenizer.token_text(int(x[b, t])))
        rows.append([b, t, here, instead, 100 * moved[b, t].item()])
    return rows


def show_modes() -> None:
    """The BatchNorm model's loss in training and in eval mode, and on ever smaller batches."""
    from gpt_core.experiments.norm_leak import loss_in_mode

    x, y, tokenizer = held_out()
    ways = {
        f"training mode, {_WHOLE_BATCH} sequences together": (True, _WHOLE_BATCH),
        "training mode, 2 together": (True, 2),
        "training mode, one at a time (batch size 1)": (True, 1),
        "eval mode (running averages)": (False, _WHOLE_BATCH),
        "eval mode, one at a time": (False, 1),
    }
    table = {"the same text, the same weights": list(ways)}
    for norm in ("batchnorm", "layernorm"):
        model = small_model(norm)
        table[words.NAMES[norm]] = [
            f"{loss_in_mode(model, x, y, *way) / math.log(2):.3f}" for way in ways.values()
        ]
    show_table(table, "norms_modes", words.MODES)
    st.caption(words.HELD_OUT)
    st.markdown(_one_token(x, tokenizer))


def _one_token(x: Tensor, tokenizer: Tokenizer) -> str:
    """What BatchNorm in training mode makes of a batch that is one single token."""
    from gpt_core.experiments.norm_leak import moved_by

    first = x[:1, :1]
    other = next(int(i) for i in x.flatten() if int(i) != int(first))
    differ = moved_by(small_model("batchnorm"), first, (0, 0), other, True).item()
    names = [code(tokenizer.token_text(int(i))) for i in (first, other)]
    return words.one_token(first=names[0], other=names[1], differ=100 * differ)
