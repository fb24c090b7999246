"""Attention: why there is any, every head on the prompt, one cell's arithmetic, heads off."""

import math
from dataclasses import replace

import streamlit as st

from gpt_core.interpret.attention import compare, written_length
from gpt_core.model.gpt import CausalSelfAttention
from gpt_core.model.observe import zero_heads
from pages.attention import words
from pages.attention.meaning import show_meaning
from pages.attention.results import first_token, multiplications, unmasked_row
from ui.app import address
from ui.app.glossary import prose
from ui.app.lesson import (
    Answer,
    case_of,
    further_reading,
    goal,
    predict,
    say_what_is_cut,
    self_test,
    try_this,
    you_can_now,
)
from ui.app.source import show_source
from ui.app.study_bar import about_prompt, current_study, redraw_parts
from ui.components.attention_map import IN_URL, Outcome, Selection, attention_map, pack, selected
from ui.services.study import Study
from ui.services.traces import attention_of
from ui.services.turns import crowded
from ui.show.theme import palette
from ui.show.tokens import short

PICTURE = "attention_map"
# Of all heads together; a picture of GPT-2's 144 heads on 1,000 tokens would be 144 MB.
MOST_CELLS = 4_000_000
# Bytes. With more, a handout has the arithmetic of the locked head alone.
MOST_IN_HANDOUT = 12_000_000


def looked_at(study: Study) -> tuple[Study, Selection]:
    """The prompt's end, as much as a picture of all heads has room for, and what is chosen."""
    config = study.model.config
    study = study.last(math.isqrt(MOST_CELLS // (config.n_layer * config.n_head)))
    shape = (config.n_layer, config.n_head)
    return study, Selection.from_url(address.texts(*IN_URL), shape, len(study.ids))


def keep_in_url() -> None:
    """Whatever the visitor chooses in the picture is in the address, ready to be shared."""
    choice = selected(PICTURE)
    if choice:
        address.write(choice.in_url())
        redraw_parts()  # what is said below is about the chosen head, too


def outcome(study: Study, off: tuple[tuple[int, int], ...]) -> Outcome:
    """The likeliest next tokens with all heads, and what becomes of them without some."""
    change = compare(study.ids, *(attention_of(study, heads).trace.logits for heads in ((), off)))
    best = change.before.topk(min(5, len(change.before))).indices.tolist()
    rows = [
        (short(study.tokenizer.token_text(i)), change.before[i].item(), change.after[i].item())
        for i in best
    ]
    before, after = (
        None if loss is None else loss / math.log(2)
        for loss in (change.loss_before, change.loss_after)
    )
    return Outcome(rows, before, after)


def show_picture(study: Study, chosen: Selection) -> None:
    config = study.model.config
    traced, next_tokens = attention_of(study, chosen.off), outcome(study, chosen.off)
    labels = [short(token.text) for token in study.tokens]

    def message(chosen: Selection) -> bytes:
        v = traced.trace.v[chosen.head]
        return pack(
            traced.trace,
            traced.small,
            written_length(study.model, *chosen.head, v),
            config.causal,
            labels,
            chosen,
            next_tokens,
            study.prompt,
        )

    def others() -> dict[str, bytes]:
        heads = [(i, j) for i in range(config.n_layer) for j in range(config.n_head)]
        if len(heads) * len(first) > MOST_IN_HANDOUT:
            return {}
        return {f"[{i},{j}]": message(replace(chosen, head=(i, j), cell=None)) for i, j in heads}

    first = message(chosen)
    attention_map(first, PICTURE, keep_in_url, ahead=not crowded(), others=others)


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
        return words.answer(
            guess, int(best), change, sharpness, with_all.pattern[..., 0, 0].numel()
        )

    predict(
        f"guess_{head[0]}_{head[1]}_{case_of(study.ids)}",  # another case is another question
        words.question(head, token, share.item()),
        words.GUESSES,
        judge,
    )


def introduce(study: Study) -> None:
    prose(words.intro(study.model.config, len(study.ids)))
    say_what_is_cut(study)


def say_how(study: Study, head: tuple[int, int]) -> None:
    config, T = study.model.config, len(study.ids)
    costs = multiplications(study.model, T)
    more = [words.twice_as_long(T, *costs)]
    if found := first_token(study):
        more.insert(0, words.first_in_words(found, study.tokens[0].text))
        if config.causal:
            row = unmasked_row(study, head)
            more.insert(0, words.why_infinity(row, study.tokens[row.position].text))
    prose(words.explanation(config, T, palette(), more))


@about_prompt
def explore(study: Study) -> None:
    study, chosen = looked_at(study)
    introduce(study)
    show_picture(study, chosen)
    prose(words.ONE_HEAD)
    tell_one_row(study, chosen)
    ask_and_reveal(study, chosen.head)


@about_prompt
def explain(study: Study) -> None:
    study, chosen = looked_at(study)
    say_how(study, chosen.head)


st.title("Attention")
loaded = current_study().loaded
goal(words.GOAL)
explore()
st.header("What is it for?")
show_meaning(loaded)
explain()
try_this(*words.TRY)
self_test(*words.QUESTIONS)
you_can_now(*words.ABILITIES)
show_source(CausalSelfAttention._explicit, zero_heads)
further_reading(*words.READING)
