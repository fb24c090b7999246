"""Tokenization: three ways to cut a text, and how byte-pair encoding learns its cuts."""

import streamlit as st

from gpt_core.tokenizers import train_tokenizer
from gpt_core.tokenizers.bpe import BPETokenizer
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
from ui.show.names import as_text, sentence
from ui.show.tokens import code, show_chips

WORDS = {
    "Character": "Every character is a piece. A character that the text never had is unknown.",
    "Word": "Every word, gap and punctuation mark is a piece. A new word is unknown: its spelling "
    "is lost.",
    "BPE": "Byte-pair encoding. Nothing is ever unknown: whatever has no piece of its own is "
    "written in smaller pieces, in bytes if need be.",
    "GPT-2": "Byte-pair encoding too, but it learned 50,000 merges from a far larger text. This is "
    "the very list that OpenAI published.",
}


@about_prompt
def cut_by_each(study: Study) -> None:
    columns = st.columns(len(tokenizers))
    for column, (name, tokenizer) in zip(columns, tokenizers.items(), strict=True):
        with column:
            tokens = tokenizer.tokenize(study.prompt)
            st.subheader(name)
            st.caption(WORDS[name])
            st.markdown(f"**{len(tokens):,} tokens** · list of {tokenizer.vocab_size:,} pieces")
            show_chips(tokens)
            unknown = [token.text for token in tokens if not token.known]
            if unknown:
                shown = ", ".join(code(text) for text in unknown[:5])
                st.warning(f"Not on its list, so the model can't see what it says: {shown}.")


@about_prompt
def cut_by_some_merges(study: Study) -> None:
    show_chips(bpe.encode_steps(study.prompt, st.session_state["merges_done"]))


@st.fragment
def replay() -> None:
    learned = len(bpe.merges)
    if learned == 0:
        st.info("This text has no pair that occurs twice, so there is nothing to merge.")
        return
    step = widgets.slider("Merges done", 0, learned, min(20, learned), key="merges_done")
    if step:
        merge = bpe.merges[step - 1]
        left, right = code(bpe.token_text(merge.left)), code(bpe.token_text(merge.right))
        st.markdown(
            f"Merge **{step}**: {left} + {right} → **{code(bpe.token_text(merge.id))}**, "
            f"piece number {merge.id}. The pair stood in the text **{merge.count:,}** times."
        )
    cut_by_some_merges()
    st.dataframe(merge_steps(bpe, step), hide_index=True, height=240)
    st.caption(
        "␣ is a space, ⏎ a line break. A space sticks to the word after it, because GPT-2's "
        "tokenizer first splits a text at the gaps between words and never merges across one."
    )


@about_prompt
def compare_lengths(study: Study) -> None:
    gpt2 = tokenizers["GPT-2"]
    ours, theirs = bpe.encode(study.prompt), gpt2.encode(study.prompt)
    st.markdown(
        "The same few lines of code cut with both lists. The lists differ in what they were "
        f"learned from: the one from “{as_text(corpus.name)}”, the other from the web. "
        "So each keeps **its own** frequent words whole. "
        f"Your sentence has {len(study.prompt)} characters; the small list of "
        f"{bpe.vocab_size:,} pieces needs **{len(ours)}** tokens for it, GPT-2's "
        f"{gpt2.vocab_size:,} need **{len(theirs)}**."
    )


def words_that_only_one_keeps() -> None:
    own, published = cutters["BPE"], cutters["GPT-2"]
    left, right = st.columns(2)
    for column, whole, cut, names in (
        (left, own, published, ("yours", "GPT-2")),
        (right, published, own, ("GPT-2", "yours")),
    ):
        words, count = words_cut_by_one(source, whole, cut)
        with column:
            st.markdown(f"**Whole for {names[0]}, cut by {names[1]}:** {count:,} different words")
            if words:
                st.dataframe(words_table(words, *names), hide_index=True)
            else:
                st.caption("None in the first 50,000 characters of this text.")
    st.caption(
        "The most frequent such words in the text's first 50,000 characters; times is how often "
        "they occur there. The same piece has another number in each list: numbers mean nothing "
        "by themselves, and a model can only be used with the very list that it was trained with."
    )


st.title("Tokenization")
block = current_study().model.config.block_size
corpus = chosen_corpus()
source = source_of(corpus.text)
st.markdown(
    "A model works with numbers, so a text must first become numbers. The only question is "
    "**where to cut**. Cut after every character, and the list of pieces is short but a text "
    "becomes long. Cut at words, and a text is short but the list never ends. GPTs take the road "
    "between: pieces that occur often are kept whole, rare ones are built from smaller ones."
)
st.caption(
    f"The first three tokenizers learned from “{as_text(corpus.name)}”"
    + (f" (its first {MOST_TEXT:,} characters)." if len(corpus.text) > MOST_TEXT else ".")
    + " GPT-2's learned from millions of web pages in 2019. "
    "Choose another text on the Data page. The sentence is the sidebar's prompt."
)

merges = widgets.slider(
    "Merges that BPE may learn",
    50,
    MOST_MERGES,
    500,
    50,
    key="merges",
    help="Each merge adds one piece to its list, on top of the 256 bytes that it starts with.",
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
st.markdown(
    "It starts from single bytes and repeats one step: find the pair of neighbours that occurs "
    "most often in the text, and make it one new piece. Move the slider to replay that, merge by "
    "merge."
)
replay()

if not why_not:
    st.header("Your BPE beside GPT-2's")
    compare_lengths()
    words_that_only_one_keeps()

st.header("Fewer tokens, longer sight")
st.markdown(
    f"The model in the sidebar reads **{block} tokens** at a time, whatever a token is. So the "
    "number of characters in a token decides how far back it can see."
)
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
st.markdown(
    "A longer list has its price. Each piece needs its own row in the first table of the model "
    "and its own score in the last one, and rare pieces are seen too seldom to be learned well. "
    "A token is also worth more text in one tokenizer than in another: losses **per token** can't "
    "be compared between tokenizers. Bits **per character** can."
)

try_this(
    "Which sentence needs *more* BPE tokens than words? Think first, then type `Zyx qvw.` into "
    "the prompt.",
    "Put an emoji 🦆 into the prompt. How many tokens is it in each? Why four in BPE?",
    "Write the name of somebody in your text, and then your own. Which of the two does GPT-2 "
    "keep whole? And your BPE?",
    "Move the replay slider slowly from 0 to 30. Which pairs come first, and why those?",
)
show_source(BPETokenizer.train, train_tokenizer, label="The lines that ran: BPE training")
