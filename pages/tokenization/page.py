"""Tokenization: the prompt in tokens, four ways to cut, and how byte-pair encoding learns."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gpt_core.tokenizers import train_tokenizer
from gpt_core.tokenizers.bpe import BPETokenizer
from pages.tokenization import words
from pages.tokenization.results import (
    MOST_MERGES,
    MOST_TEXT,
    Cutter,
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
from ui.app.chosen_text import chosen_corpus
from ui.app.glossary import prose
from ui.app.lesson import ask, case_of, further_reading, goal, self_test, try_this, you_can_now
from ui.app.locks import REVEAL, locked
from ui.app.readers import note_reader
from ui.app.source import show_source
from ui.app.study_bar import about_prompt, current_study, rerun_parts
from ui.services.study import Study
from ui.show.names import sentence
from ui.show.numbers import counted
from ui.show.tokens import code, short, show_chips

USUAL_MERGES = 500


@about_prompt
def cut_by_its_own(study: Study) -> None:
    tokens = study.tokenizer.tokenize(study.prompt)
    show_chips(tokens)
    prose(words.own(parts_of(study.tokenizer), len(tokens), len(study.prompt)))


@about_prompt
def cut_by_each(study: Study) -> None:
    """The question, the setting that its answer depends on, and the cuts right below that."""
    question, left, right = st.container(), *st.columns(2, vertical_alignment="center")
    cutters = cutters_for(choose_merges(left))
    with st.spinner("Training the tokenizers …"):
        tokenizers = {name: tokenizer_of(source, cutter) for name, cutter in cutters.items()}
    cuts = {name: tokenizer.tokenize(study.prompt) for name, tokenizer in tokenizers.items()}
    counts = {name: len(tokens) for name, tokens in cuts.items()}
    right.caption(f"**BPE.** {words.made_of(parts_of(tokenizers['BPE']))}")
    shown = not locked(REVEAL) and right.toggle(words.WITHOUT_GUESSING, key="cuts_shown")
    case = case_of(study.prompt, source)  # another prompt or text asks anew
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
            show_chips(tokens)
            if unknown := [code(token.text) for token in tokens if not token.known]:
                st.warning(words.unknown(unknown[:5]))
            st.caption(f"{words.OF_EACH[name]} {words.made_of(parts_of(tokenizers[name]))}")


def choose_merges(place: DeltaGenerator) -> int:
    """How many merges BPE may learn, which the whole page is about."""
    return widgets.slider(
        "Merges that BPE may learn",
        50,
        MOST_MERGES,
        USUAL_MERGES,
        50,
        key="merges",
        help=words.MERGES_HELP,
        container=place,
        on_change=rerun_parts,
        args=(None,),
    )


def cutters_for(merges: int) -> dict[str, Cutter]:
    """How each of the tokenizers cuts."""
    found = {"Character": Cutter("char"), "Word": Cutter("word")}
    found["BPE"] = Cutter("bpe", 256 + merges)
    return found if why_not else found | {"GPT-2": Cutter("gpt2")}


def with_and_without_a_space() -> None:
    """A word as each tokenizer cuts it; after the guess."""
    each = {"this model's": study.tokenizer} | tokenizers
    cuts = {name: two_cuts(tokenizer, words.WORD) for name, tokenizer in each.items()}
    own = cuts["this model's"]
    case = case_of(study.fingerprint, words.WORD)
    options = [words.SPACE, words.ONE, words.SEVERAL]
    if not ask(f"dog_{case}", words.DOG, options, lambda guess: words.dog(own, guess)):
        return
    st.dataframe(
        [
            {
                "tokenizer": name,
                f"“{words.WORD}”": " · ".join(map(short, cut.bare_texts)),
                f"“␣{words.WORD}”": " · ".join(map(short, cut.spaced_texts)),
            }
            for name, cut in cuts.items()
        ],
        hide_index=True,
    )
    prose(words.WHY_SPACE)


@about_prompt
def cut_by_some_merges(study: Study) -> None:
    show_chips(bpe.encode_steps(study.prompt, st.session_state["merges_done"]))


@st.fragment
def replay() -> None:
    learned = len(bpe.merges)
    if learned == 0:
        st.info(words.NOTHING_TO_MERGE)
        return
    step = widgets.slider("Merges done", 0, learned, min(20, learned), key="merges_done")
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
    cut_by_some_merges()
    st.dataframe(merge_steps(bpe, step), hide_index=True, height=240)
    st.caption(words.SIGNS)


@about_prompt
def compare_lengths(study: Study) -> None:
    gpt2 = tokenizers["GPT-2"]
    ours, theirs = bpe.encode(study.prompt), gpt2.encode(study.prompt)
    prose(
        words.lengths(
            text=corpus.name,
            characters=len(study.prompt),
            own_list=bpe.vocab_size,
            own=len(ours),
            published_list=gpt2.vocab_size,
            published=len(theirs),
        )
    )


def words_that_only_one_keeps() -> None:
    own, published = cutters["BPE"], cutters["GPT-2"]
    left, right = st.columns(2)
    for column, whole, cut, names in (
        (left, own, published, ("yours", "GPT-2")),
        (right, published, own, ("GPT-2", "yours")),
    ):
        found, count = words_cut_by_one(source, whole, cut)
        with column:
            st.markdown(f"**Whole for {names[0]}, cut by {names[1]}:** {count:,} different words")
            if found:
                st.dataframe(words_table(found, *names), hide_index=True)
            else:
                st.caption(words.NONE_CUT)
    st.caption(words.ONE_KEEPS)


st.title("Tokenization")
study = current_study()
block = study.model.config.block_size
goal(words.GOAL)
prose(words.INTRO)

st.header("Your prompt, cut by this model's tokenizer")
cut_by_its_own()

corpus = chosen_corpus()
source = source_of(corpus.text)
why_not = why_not_published()
st.header("Predict first")
st.caption(
    words.learned_from(text=corpus.name, longest=MOST_TEXT, shortened=len(corpus.text) > MOST_TEXT)
)
if why_not:
    st.info(sentence(why_not), icon=":material/info:")
cut_by_each()
note_reader("merges")  # what follows is about the same merges
cutters = cutters_for(st.session_state["merges"])
tokenizers = {name: tokenizer_of(source, cutter) for name, cutter in cutters.items()}
bpe = bpe_of(source, cutters["BPE"])  # the very same

st.header("Why “␣dog” is not “dog”")
with_and_without_a_space()

st.header("How BPE learns where to cut")
prose(words.LEARNING)
replay()

if not why_not:
    st.header("Your BPE beside GPT-2's")
    compare_lengths()
    words_that_only_one_keeps()

st.header("Fewer tokens, more text at a time")
prose(words.sight(block))
ratios = {"this model's": (study.tokenizer, characters_per_own_token(source, study.loaded))} | {
    name: (tokenizer, characters_per_token(source, cutters[name]))
    for name, tokenizer in tokenizers.items()
}
st.dataframe(
    [
        {
            "tokenizer": name,
            "vocabulary": tokenizer.vocab_size,
            "characters per token": round(ratio, 2),
            f"{block} tokens are": f"{block * ratio:,.0f} characters",
        }
        for name, (tokenizer, ratio) in ratios.items()
    ],
    hide_index=True,
)
prose(words.LARGER)

try_this(*words.TRY)
self_test(*words.QUESTIONS)
you_can_now(*words.ABILITIES)
further_reading(*words.READING)
show_source(BPETokenizer.train, train_tokenizer, label="The lines that ran: BPE training")
