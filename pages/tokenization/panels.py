"""What the Tokenization lesson draws: a prompt in tokens, four ways to cut, learned merges."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import streamlit as st

from pages.tokenization import words
from pages.tokenization.results import (
    MOST_MERGES,
    Cutter,
    Source,
    bpe_of,
    characters_per_own_token,
    characters_per_token,
    merge_steps,
    parts_of,
    source_of,
    tokenizer_of,
    two_cuts,
    why_not_published,
    words_cut_by_one,
    words_table,
)
from ui.app import widgets
from ui.app.chosen_text import text_of_lesson
from ui.app.glossary import prose
from ui.app.lesson import ask, case_of
from ui.app.locks import REVEAL, locked
from ui.app.study_bar import about_prompt, rerun_parts
from ui.services.study import Study
from ui.show.chips import show_chips
from ui.show.numbers import counted, number
from ui.show.tables import show_table
from ui.show.tokens import code, short

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from gpt_core.tokenizers import Tokenizer
    from gpt_core.tokenizers.bpe import BPETokenizer

MERGES, DONE = "merges", "merges_done"  # the sliders
_USUAL_MERGES = 500
_OWN = "this model's"


@dataclass(frozen=True)
class Cutters:
    """How the page's tokenizers cut. source: the text that they learn from."""

    source: Source
    by_name: dict[str, Cutter]

    @cached_property
    def tokenizers(self) -> dict[str, Tokenizer]:
        """They themselves; only the first time does it take a while."""
        return {name: tokenizer_of(self.source, each) for name, each in self.by_name.items()}

    @property
    def bpe(self) -> BPETokenizer:
        """The one that shows how it learned."""
        return bpe_of(self.source, self.by_name["BPE"])


def cutters() -> Cutters:
    """As the chosen text and the slider say now."""
    found = {"Character": Cutter("char"), "Word": Cutter("word")}
    found["BPE"] = Cutter("bpe", 256 + st.session_state.get(MERGES, _USUAL_MERGES))
    if not why_not_published():
        found["GPT-2"] = Cutter("gpt2")
    return Cutters(source_of(text_of_lesson().text), found)


@about_prompt
def cut_by_its_own(study: Study) -> None:
    """The prompt as the loaded model reads it."""
    tokens = study.tokenizer.tokenize(study.prompt)
    show_chips(tokens, "cut_own")
    prose(words.own(parts_of(study.tokenizer), len(tokens), len(study.prompt)))


@about_prompt
def cut_by_each(study: Study) -> None:
    """The question, the setting that its answer depends on, and the cuts right below that."""
    question, left, right = st.container(), *st.columns(2, vertical_alignment="center")
    _choose_merges(left)
    found = cutters()
    with st.spinner("Training the tokenizers …"):
        tokenizers = found.tokenizers
    cuts = {name: tokenizer.tokenize(study.prompt) for name, tokenizer in tokenizers.items()}
    counts = {name: len(tokens) for name, tokens in cuts.items()}
    right.caption(f"**BPE.** {words.made_of(parts_of(tokenizers['BPE']))}")
    shown = not locked(REVEAL) and right.toggle(words.WITHOUT_GUESSING, key="cuts_shown")
    case = case_of(study.prompt, found.source)  # another prompt or text asks anew
    with question:
        told = ask(
            f"fewest_{case}", words.FEWEST, list(counts), lambda guess: words.fewest(counts, guess)
        )
    if not (told or shown):
        return
    columns = st.columns(len(tokenizers))
    for column, (name, tokens) in zip(columns, cuts.items(), strict=True):
        with column:
            st.markdown(f"**{name}: {counted(len(tokens), 'token')}**")
            show_chips(tokens, f"cut_{name}")
            if unknown := [code(token.text) for token in tokens if not token.known]:
                st.warning(words.unknown(unknown[:5]))
            st.caption(f"{words.OF_EACH[name]} {words.made_of(parts_of(tokenizers[name]))}")


def _choose_merges(place: DeltaGenerator) -> None:
    """How many merges BPE may learn, which the whole page is about."""
    widgets.slider(
        "Merges that BPE may learn",
        50,
        MOST_MERGES,
        _USUAL_MERGES,
        50,
        key=MERGES,
        help=words.MERGES_HELP,
        container=place,
        on_change=rerun_parts,
        args=(None,),
    )


def with_and_without_a_space(study: Study, found: Cutters) -> None:
    """A word as each tokenizer cuts it; after the guess."""
    each = {_OWN: study.tokenizer} | found.tokenizers
    cuts = {name: two_cuts(tokenizer, words.WORD) for name, tokenizer in each.items()}
    own = cuts[_OWN]
    case = case_of(study.fingerprint, words.WORD)
    options = [words.SPACE, words.ONE, words.SEVERAL]
    if not ask(f"dog_{case}", words.DOG, options, lambda guess: words.dog(own, guess)):
        return
    show_table(
        [
            {
                "tokenizer": name,
                f"“{words.WORD}”": " · ".join(map(short, cut.bare_texts)),
                f"“␣{words.WORD}”": " · ".join(map(short, cut.spaced_texts)),
            }
            for name, cut in cuts.items()
        ],
        "tokenizers_space",
        "One word without and with a space before it",
    )
    prose(words.WHY_SPACE)


@about_prompt
def _cut_by_some_merges(study: Study) -> None:
    show_chips(cutters().bpe.encode_steps(study.prompt, st.session_state[DONE]), "cut_merges")


@st.fragment
def replay(bpe: BPETokenizer) -> None:
    """The merges that were learned, one after the other."""
    learned = len(bpe.merges)
    if learned == 0:
        st.info(words.NOTHING_TO_MERGE)
        return
    step = widgets.slider("Merges done", 0, learned, min(20, learned), key=DONE)
    if step:
        merge = bpe.merges[step - 1]
        left, right = code(bpe.token_text(merge.left)), code(bpe.token_text(merge.right))
        prose(
            words.merge(
                step=step,
                left=left,
                right=right,
                made=bpe.token_text(merge.id),
                number=merge.id,
                count=merge.count,
            )
        )
    _cut_by_some_merges()
    show_table(merge_steps(bpe, step), "merge_steps", "Merges in their order")
    st.caption(words.SIGNS)


@about_prompt
def compare_lengths(study: Study) -> None:
    """The prompt's length in one's own byte pairs and in GPT-2's."""
    found = cutters()
    bpe, gpt2 = found.bpe, found.tokenizers["GPT-2"]
    ours, theirs = bpe.encode(study.prompt), gpt2.encode(study.prompt)
    prose(
        words.lengths(
            text=text_of_lesson().name,
            characters=len(study.prompt),
            own_list=bpe.vocab_size,
            own=len(ours),
            published_list=gpt2.vocab_size,
            published=len(theirs),
        )
    )


def words_that_only_one_keeps(found: Cutters) -> None:
    """Frequent words that are one token in one of the two lists alone."""
    own, published = found.by_name["BPE"], found.by_name["GPT-2"]
    left, right = st.columns(2)
    for column, whole, cut, names in (
        (left, own, published, ("yours", "GPT-2")),
        (right, published, own, ("GPT-2", "yours")),
    ):
        cut_words, count = words_cut_by_one(found.source, whole, cut)
        with column:
            st.markdown(f"**Whole for {names[0]}, cut by {names[1]}:** {count:,} different words")
            if cut_words:
                said = f"Whole for {names[0]}, cut by {names[1]}"
                show_table(words_table(cut_words, *names), f"whole_for_{names[0]}", said)
            else:
                st.caption(words.NONE_CUT)
    st.caption(words.ONE_KEEPS)


def show_sight(study: Study, found: Cutters) -> None:
    """How much text fits into the loaded model's context, as each tokenizer cuts it."""
    block = study.model.config.block_size
    ratios = {_OWN: (study.tokenizer, characters_per_own_token(found.source, study.loaded))} | {
        name: (tokenizer, characters_per_token(found.source, found.by_name[name]))
        for name, tokenizer in found.tokenizers.items()
    }
    show_table(
        [
            {
                "tokenizer": name,
                "vocabulary": f"{tokenizer.vocab_size:,}",
                "characters per token": number(ratio),
                f"characters in {block} tokens": f"{block * ratio:,.0f}",
            }
            for name, (tokenizer, ratio) in ratios.items()
        ],
        "tokenizers_sight",
        "How much text the context holds",
    )
