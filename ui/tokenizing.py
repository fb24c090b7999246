"""Tokenizers trained on a visitor's text, and what the Tokenization lesson says of them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from ui.tokens import visible

if TYPE_CHECKING:
    from gpt_core.tokenizers import Tokenizer
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
