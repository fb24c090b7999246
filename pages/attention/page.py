"""Attention: why there is any, every head on the prompt, one cell's arithmetic, heads off."""

import streamlit as st

from gpt_core.interpret.attention import compare
from gpt_core.model.gpt import CausalSelfAttention
from gpt_core.model.observe import zero_heads
from pages.attention import words
from pages.attention.compared import compare_maps
from pages.attention.meaning import show_meaning
from pages.attention.picture import looked_at, show_picture
from pages.attention.results import first_token, multiplications, unmasked_row
from ui.app.compare import other_study
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
from ui.app.projector import own_panel
from ui.app.source import show_source
from ui.app.study_bar import about_prompt, current_study
from ui.components.attention_map import Selection
from ui.services.study import Study
from ui.services.traces import attention_of
from ui.show.theme import palette


def tell_one_row(study: Study, chosen: Selection) -> None:
    config = study.model.config
    pattern = attention_of(study, chosen.off).trace.pattern[chosen.head]
    row = chosen.cell[0] if chosen.cell else len(study.ids) - 1
    column = int(pattern[row].argmax())
    asks, asked = study.tokens[row].text, study.tokens[column].text
    favourite = words.Favourite(row, asks, column, asked, pattern[row, column].item())
    st.markdown(words.concrete(chosen.head, favourite, config.causal, len(study.ids)))


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


@about_prompt
def introduce(study: Study) -> None:
    study, _ = looked_at(study)
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
    with own_panel("attention"):
        if other := other_study():
            compare_maps(study, chosen, other)
        else:
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
introduce()
explore()
st.header("What is it for?")
show_meaning(loaded)
explain()
try_this(*words.to_try(loaded.model.config.causal))
self_test(*words.QUESTIONS)
you_can_now(*words.ABILITIES)
show_source(CausalSelfAttention._explicit, zero_heads)
further_reading(*words.READING)
