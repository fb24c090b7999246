"""Attention: every head on the prompt, the arithmetic of one cell, and heads knocked out."""

import math

import streamlit as st

from gpt_core.interpret.attention import compare, written_length
from gpt_core.model.gpt import CausalSelfAttention
from gpt_core.model.observe import zero_heads
from pages.attention import words
from ui.app import address
from ui.app.lesson import Answer, further_reading, predict, say_what_is_cut, try_this
from ui.app.source import show_source
from ui.app.study_bar import about_prompt, current_study
from ui.components.attention_map import Outcome, Selection, attention_map, pack, selected
from ui.services.study import Study
from ui.services.traces import attention_of
from ui.services.turns import crowded
from ui.show.theme import palette
from ui.show.tokens import short

PICTURE = "attention_map"
# Of all heads together; a picture of GPT-2's 144 heads on 1,000 tokens would be 144 MB.
MOST_CELLS = 4_000_000


def keep_in_url() -> None:
    """Whatever the visitor chooses in the picture is in the address, ready to be shared."""
    choice = selected(PICTURE)
    if choice:
        address.write(choice.in_url())


def outcome(study: Study, off: tuple[tuple[int, int], ...]) -> Outcome:
    """The likeliest next tokens with all heads, and what becomes of them without some."""
    change = compare(study.ids, *(attention_of(study, heads).trace.logits for heads in ((), off)))
    best = change.before.topk(min(5, len(change.before))).indices.tolist()
    rows = [
        (short(study.tokenizer.token_text(i)), change.before[i].item(), change.after[i].item())
        for i in best
    ]
    return Outcome(rows, change.loss_before, change.loss_after)


def show_picture(study: Study, chosen: Selection) -> None:
    config = study.model.config
    traced = attention_of(study, chosen.off)
    message = pack(
        traced.trace,
        traced.small,
        written_length(study.model, *chosen.head, traced.trace.v[chosen.head]),
        config.causal,
        [short(token.text) for token in study.tokens],
        chosen,
        outcome(study, chosen.off),
        study.prompt,
    )
    attention_map(message, PICTURE, keep_in_url, ahead=not crowded())


def tell_one_row(study: Study, chosen: Selection) -> None:
    pattern = attention_of(study, chosen.off).trace.pattern[chosen.head]
    row = chosen.cell[0] if chosen.cell else len(study.ids) - 1
    column = int(pattern[row].argmax())
    asks, asked = study.tokens[row].text, study.tokens[column].text
    favourite = words.Favourite(row, asks, column, asked, pattern[row, column].item())
    st.markdown(words.concrete(chosen.head, favourite, study.model.config.causal))


def ask_and_reveal(study: Study, head: tuple[int, int]) -> None:
    with_all = attention_of(study).trace
    share, best = with_all.logits[-1].softmax(dim=-1).max(dim=-1)
    token = study.tokenizer.token_text(int(best))

    def judge(guess: str) -> Answer:
        change = compare(study.ids, with_all.logits, attention_of(study, (head,)).trace.logits)
        sharpness = with_all.pattern[head].amax(dim=-1).mean().item()
        return words.answer(guess, int(best), change, sharpness)

    predict(
        f"guess_{head[0]}_{head[1]}_{hash(study.ids)}",  # another case is another question
        words.question(head, token, share.item()),
        words.GUESSES,
        judge,
    )


def introduce(study: Study) -> None:
    st.markdown(words.intro(study.model.config, len(study.ids)))
    say_what_is_cut(study)


@about_prompt
def explore(study: Study) -> None:
    config = study.model.config
    study = study.last(math.isqrt(MOST_CELLS // (config.n_layer * config.n_head)))
    introduce(study)
    shape = (config.n_layer, config.n_head)
    chosen = Selection.from_url(address.texts(), shape, len(study.ids))
    show_picture(study, chosen)
    tell_one_row(study, chosen)
    ask_and_reveal(study, chosen.head)
    st.markdown(words.explanation(config, len(study.ids), palette()))


st.title("Attention")
current_study()
explore()
try_this(*words.TRY)
show_source(CausalSelfAttention._explicit, zero_heads)
further_reading(*words.READING)
