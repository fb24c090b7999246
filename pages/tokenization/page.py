"""Tokenization: three ways to cut a text, and how byte-pair encoding learns its cuts."""

import streamlit as st

from gpt_core.tokenizers import train_tokenizer
from gpt_core.tokenizers.bpe import BPETokenizer
from pages.tokenization import words
from pages.tokenization.results import (
    MOST_MERGES,
    MOST_TEXT,
    Cutter,
    bpe_of,
    characters_per_token,
    merge_steps,
    source_of,
    tokenizer_of,
    why_not_published,
    words_cut_by_one,
    words_table,
)
from ui.app import widgets
from ui.app.chosen_text import chosen_corpus
from ui.app.lesson import try_this
from ui.app.source import show_source
from ui.app.study_bar import about_prompt, current_study
from ui.services.study import Study
from ui.show.names import sentence
from ui.show.tokens import code, show_chips


@about_prompt
def cut_by_each(study: Study) -> None:
    columns = st.columns(len(tokenizers))
    for column, (name, tokenizer) in zip(columns, tokenizers.items(), strict=True):
        with column:
            tokens = tokenizer.tokenize(study.prompt)
            st.subheader(name)
            st.caption(words.OF_EACH[name])
            st.markdown(f"**{len(tokens):,} tokens** · list of {tokenizer.vocab_size:,} pieces")
            show_chips(tokens)
            unknown = [token.text for token in tokens if not token.known]
            if unknown:
                shown = ", ".join(code(text) for text in unknown[:5])
                st.warning(words.unknown(shown))


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
        st.markdown(
            words.merge(
                step=step,
                left=left,
                right=right,
                piece=bpe.token_text(merge.id),
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
    st.markdown(
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
block = current_study().model.config.block_size
corpus = chosen_corpus()
source = source_of(corpus.text)
st.markdown(words.INTRO)
st.caption(
    words.learned_from(text=corpus.name, longest=MOST_TEXT, shortened=len(corpus.text) > MOST_TEXT)
)

merges = widgets.slider(
    "Merges that BPE may learn", 50, MOST_MERGES, 500, 50, key="merges", help=words.MERGES_HELP
)
cutters = {"Character": Cutter("char"), "Word": Cutter("word"), "BPE": Cutter("bpe", 256 + merges)}
why_not = why_not_published()
if not why_not:
    cutters["GPT-2"] = Cutter("gpt2")
with st.spinner("Training the tokenizers …"):
    tokenizers = {name: tokenizer_of(source, cutter) for name, cutter in cutters.items()}
bpe = bpe_of(source, cutters["BPE"])  # the very same

st.header("The same sentence, three ways" if why_not else "The same sentence, four ways")
if why_not:
    st.info(sentence(why_not), icon=":material/info:")
cut_by_each()

st.header("How BPE learns where to cut")
st.markdown(words.LEARNING)
replay()

if not why_not:
    st.header("Your BPE beside GPT-2's")
    compare_lengths()
    words_that_only_one_keeps()

st.header("Fewer tokens, longer sight")
st.markdown(words.sight(block))
st.dataframe(
    [
        {
            "tokenizer": name,
            "pieces on its list": tokenizer.vocab_size,
            "characters per token": round(ratio, 2),
            f"{block} tokens reach back": f"{block * ratio:,.0f} characters",
        }
        for name, tokenizer in tokenizers.items()
        for ratio in [characters_per_token(source, cutters[name])]
    ],
    hide_index=True,
)
st.markdown(words.LONGER_LIST)

try_this(*words.TRY)
show_source(BPETokenizer.train, train_tokenizer, label="The lines that ran: BPE training")
