"""A text made ready to train on: its tokenizer and its split, kept for all visitors."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from gpt_core.config import GPTConfig
    from gpt_core.tokenizers import Tokenizer


@dataclass(frozen=True)
class Prepared:
    """A text as a run will see it. val_tokens, characters_per_token: of its last tenth."""

    tokenizer: Tokenizer
    val_tokens: int
    characters_per_token: float


def prepare(text: str, kind: str, vocab_size: int | None) -> Prepared:
    """Tokenizer and split of a text, made once for all visitors."""
    return _prepare(hashlib.sha256(text.encode()).hexdigest(), kind, vocab_size, text)


@st.cache_resource(max_entries=32, show_spinner="Training the tokenizer …")
def _prepare(sha256: str, kind: str, vocab_size: int | None, _text: str) -> Prepared:
    from gpt_core.tokenizers import train_tokenizer

    tokenizer = train_tokenizer(kind, _text, vocab_size)
    unseen = _text[int(0.9 * len(_text)) :]  # the whole text would take seconds
    count = len(tokenizer.encode(unseen))
    return Prepared(tokenizer, count, len(unseen) / max(1, count))


@lru_cache(maxsize=256)
def count_parameters(model: GPTConfig) -> int:
    """How many numbers a model of this shape learns; nothing is allocated to find out."""
    from gpt_core.shapes import shapes_of

    return shapes_of(model).num_parameters()
