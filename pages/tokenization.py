"""Tokenization: three ways to cut a text, and how byte-pair encoding learns its cuts."""

import streamlit as st

from gpt_core.tokenizers import train_tokenizer
from gpt_core.tokenizers.bpe import BPETokenizer
from ui.corpus_state import chosen_corpus
from ui.sidebar import current_study
from ui.source import show_source
from ui.tokenizing import (
    MOST_MERGES,
    MOST_TEXT,
    characters_per_token,
    merge_steps,
    trained,
)
from ui.tokens import show_chips, visible

study = current_study()
corpus = chosen_corpus()

st.title("Tokenization")
st.markdown(
    "A model works with numbers, so a text must first become numbers. The only question is "
    "**where to cut**. Cut after every character, and the list of pieces is short but a text "
    "becomes long. Cut at words, and a text is short but the list never ends. GPTs take the road "
    "between: pieces that occur often are kept whole, rare ones are built from smaller ones."
)
st.caption(
    f"The tokenizers below learned from “{corpus.name}”"
    + (f" (its first {MOST_TEXT:,} characters)." if len(corpus.text) > MOST_TEXT else ".")
    + " Choose another text on the Data page. The sentence is the sidebar's prompt."
)

merges = st.slider(
    "Merges that BPE may learn",
    *(50, MOST_MERGES),
    500,
    step=50,
    key="merges",
    bind="query-params",
    help="Each merge adds one piece to its list, on top of the 256 bytes that it starts with.",
)
tokenizers = {
    "Character": trained(corpus.text, "char"),
    "Word": trained(corpus.text, "word"),
    "BPE": trained(corpus.text, "bpe", 256 + merges),
}
WORDS = {
    "Character": "Every character is a piece. A character that the text never had is unknown.",
    "Word": "Every word, gap and punctuation mark is a piece. A new word is unknown: its spelling "
    "is lost.",
    "BPE": "Byte-pair encoding. Nothing is ever unknown: whatever has no piece of its own is "
    "written in smaller pieces, in bytes if need be.",
}

st.header("The same sentence, three ways")
for column, (name, tokenizer) in zip(st.columns(3), tokenizers.items(), strict=True):
    with column:
        tokens = tokenizer.tokenize(study.prompt)
        st.subheader(name)
        st.caption(WORDS[name])
        st.markdown(f"**{len(tokens):,} tokens** · list of {tokenizer.vocab_size:,} pieces")
        show_chips(tokens)
        unknown = [token.text for token in tokens if not token.known]
        if unknown:
            shown = ", ".join(f"“{visible(text)}”" for text in unknown[:5])
            st.warning(f"Not on its list, so the model can't see what it says: {shown}.")

st.header("How BPE learns where to cut")
st.markdown(
    "It starts from single bytes and repeats one step: find the pair of neighbours that occurs "
    "most often in the text, and make it one new piece. Move the slider to replay that, merge by "
    "merge."
)
bpe: BPETokenizer = tokenizers["BPE"]
learned = len(bpe.merges)
if learned == 0:
    st.info("This text has no pair that occurs twice, so there is nothing to merge.")
else:
    step = st.slider(
        "Merges done", 0, learned, min(20, learned), key="merges_done", bind="query-params"
    )
    if step:
        merge = bpe.merges[step - 1]
        left, right = visible(bpe.token_text(merge.left)), visible(bpe.token_text(merge.right))
        st.markdown(
            f"Merge **{step}**: `{left}` + `{right}` → **`{visible(bpe.token_text(merge.id))}`**, "
            f"piece number {merge.id}. The pair stood in the text **{merge.count:,}** times."
        )
    show_chips(bpe.encode_steps(study.prompt, step))
    st.dataframe(merge_steps(bpe, step), hide_index=True, height=240)
    st.caption(
        "␣ is a space, ⏎ a line break. A space sticks to the word after it, because GPT-2's "
        "tokenizer first splits a text at the gaps between words and never merges across one."
    )

st.header("Fewer tokens, longer sight")
block = study.model.config.block_size
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
        for ratio in [characters_per_token(corpus.text, tokenizer)]
    ],
    hide_index=True,
)
st.markdown(
    "A longer list has its price. Each piece needs its own row in the first table of the model "
    "and its own score in the last one, and rare pieces are seen too seldom to be learned well. "
    "A token is also worth more text in one tokenizer than in another: losses **per token** can't "
    "be compared between tokenizers. Bits **per character** can."
)

st.subheader("Predict, then try")
st.markdown(
    "- Which sentence needs *more* BPE tokens than words? Think first, then type `Zyx qvw.` into "
    "the prompt.\n"
    "- Put an emoji 🦆 into the prompt. How many tokens is it in each? Why four in BPE?\n"
    "- Move the replay slider slowly from 0 to 30. Which pairs come first, and why those?"
)
show_source(BPETokenizer.train, train_tokenizer, label="The lines that ran: BPE training")
