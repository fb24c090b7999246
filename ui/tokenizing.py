"""Tokenizers trained on a visitor's text, and what the Tokenization lesson says of them."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from ui.tokens import visible

if TYPE_CHECKING:
    from gpt_core.tokenizers import GPT2Tokenizer, Tokenizer
    from gpt_core.tokenizers.bpe import BPETokenizer

MOST_MERGES = 2000
MOST_TEXT = 500_000  # characters; enough for 2,000 good merges, and done in about a second
_SAMPLE = 50_000  # characters to measure the length of a token on


def trained(text: str, kind: str, vocab_size: int | None = None) -> Tokenizer:
    """A tokenizer trained on the first MOST_TEXT characters, kept for all visitors."""
    text = text[:MOST_TEXT]
    return _trained(hashlib.sha256(text.encode()).hexdigest(), kind, vocab_size, text)


@st.cache_resource(max_entries=64, show_spinner="Training the tokenizer …")
def _trained(sha256: str, kind: str, vocab_size: int | None, _text: str) -> Tokenizer:
    from gpt_core.tokenizers import train_tokenizer

    return train_tokenizer(kind, _text, vocab_size)


def published() -> tuple[GPT2Tokenizer | None, str]:
    """GPT-2's tokenizer, or None and a sentence that says why it isn't here."""
    from gpt_core.tokenizers import GPT2Tokenizer, TokenizerError

    try:
        return GPT2Tokenizer.published(), ""
    except TokenizerError as error:
        return None, str(error)


@dataclass(frozen=True)
class CutWord:
    """A frequent word of a text that is one token in one tokenizer and several in the other."""

    word: str
    count: int
    parts: tuple[str, ...]


def words_cut_by_one(
    text: str, whole: Tokenizer, cut: Tokenizer, most: int = 8
) -> tuple[list[CutWord], int]:
    """The most frequent words that are one token in `whole` and several in `cut`.

    Looks at the words of the first 50,000 characters, each with the space before it. Returns the
    first `most` of them, and how many different ones there are.
    """
    from gpt_core.tokenizers.bpe import CHUNK

    words = Counter(word for word in CHUNK.findall(text[:_SAMPLE]) if word.strip().isalpha())
    found = []
    for word, count in words.most_common():
        parts = cut.tokenize(word)
        if len(parts) > 1 and len(whole.encode(word)) == 1:
            found.append(CutWord(visible(word), count, tuple(visible(p.text) for p in parts)))
    return found[:most], len(found)


def words_table(words: list[CutWord], one: str, several: str) -> pd.DataFrame:
    """The words as a table: the token in one tokenizer, the tokens in the other."""
    return pd.DataFrame(
        {
            f"one token for {one}": [word.word for word in words],
            f"several for {several}": [" · ".join(word.parts) for word in words],
            "times": [word.count for word in words],
        }
    )


def characters_per_token(text: str, tokenizer: Tokenizer) -> float:
    """Average length of a token over the first 50,000 characters, in characters."""
    sample = text[:_SAMPLE]
    return len(sample) / max(1, len(tokenizer.encode(sample)))


def merge_steps(bpe: BPETokenizer, step: int, before: int = 4, after: int = 5) -> pd.DataFrame:
    """The merges around a step as a table; the merge just done is marked."""
    first = max(0, step - before)
    rows = [
        {
            "merge": number,
            "": "← just done" if number == step else ("done" if number < step else ""),
            "left": visible(bpe.token_text(merge.left)),
            "right": visible(bpe.token_text(merge.right)),
            "new piece": visible(bpe.token_text(merge.id)),
            "times in the text": merge.count,
        }
        for number, merge in enumerate(bpe.merges[first : step + after], start=first + 1)
    ]
    return pd.DataFrame(rows)
