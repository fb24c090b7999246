"""Tokenization: the prompt in tokens, four ways to cut, and how byte-pair encoding learns."""

import streamlit as st

from gpt_core.tokenizers import train_tokenizer
from gpt_core.tokenizers.bpe import BPETokenizer
from pages.tokenization import words
from pages.tokenization.panels import (
    MERGES,
    compare_lengths,
    cut_by_each,
    cut_by_its_own,
    cutters,
    replay,
    show_sight,
    with_and_without_a_space,
    words_that_only_one_keeps,
)
from pages.tokenization.results import MOST_TEXT, why_not_published
from ui.app.chosen_text import text_of_lesson
from ui.app.glossary import prose
from ui.app.lesson import further_reading, goal, self_test, try_this, you_can_now
from ui.app.readers import note_reader
from ui.app.source import show_source
from ui.app.study_bar import current_study
from ui.show.names import sentence

st.title("Tokenization")
study = current_study()
goal(words.GOAL)
prose(words.INTRO)

st.header("Your prompt, cut by this model's tokenizer")
cut_by_its_own()

corpus, why_not = text_of_lesson(), why_not_published()
st.header("Predict first")
st.caption(
    words.learned_from(text=corpus.name, longest=MOST_TEXT, shortened=len(corpus.text) > MOST_TEXT)
)
if why_not:
    st.info(sentence(why_not), icon=":material/info:")
cut_by_each()
note_reader(MERGES)  # what follows is about the same merges
found = cutters()

st.header("Why “␣dog” is not “dog”")
with_and_without_a_space(study, found)

st.header("How BPE learns where to cut")
prose(words.LEARNING)
replay(found.bpe)

if not why_not:
    st.header("Your BPE beside GPT-2's")
    compare_lengths()
    words_that_only_one_keeps(found)

st.header("Fewer tokens, more text at a time")
prose(words.sight(study.model.config.block_size))
show_sight(study, found)
prose(words.LARGER)

try_this(*words.TRY)
self_test(*words.QUESTIONS)
you_can_now(*words.ABILITIES)
further_reading(*words.READING)
show_source(BPETokenizer.train, train_tokenizer, label="The lines that ran: BPE training")
