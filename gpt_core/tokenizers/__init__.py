"""Text to ids and back: characters, words, and byte-pair encoding, each trained from scratch."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from gpt_core.tokenizers.base import FORMAT, Token, Tokenizer, TokenizerError
from gpt_core.tokenizers.bpe import BPETokenizer, Merge
from gpt_core.tokenizers.char import CharTokenizer
from gpt_core.tokenizers.word import WordTokenizer

__all__ = [
    "BPETokenizer",
    "CharTokenizer",
    "Merge",
    "Token",
    "Tokenizer",
    "TokenizerError",
    "WordTokenizer",
    "load_tokenizer",
    "tokenizer_from_dict",
    "train_tokenizer",
]

KINDS = {"char": CharTokenizer, "word": WordTokenizer, "bpe": BPETokenizer}


def train_tokenizer(kind: str, text: str, vocab_size: int | None = None) -> Tokenizer:
    """Train a tokenizer on a text: kind "char", "word" or "bpe".

    vocab_size None means the kind's own choice: every character, 5,000 words, 1,024 byte
    tokens. The result may be smaller when the text has no more to learn. Raises TokenizerError.
    """
    tokenizer = _class_of(kind)
    return tokenizer.train(text) if vocab_size is None else tokenizer.train(text, vocab_size)


def tokenizer_from_dict(data: dict[str, Any]) -> Tokenizer:
    """Make a tokenizer from what its `to_dict` returned. Raises TokenizerError."""
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise TokenizerError(
            "This is no tokenizer file of this version: train the tokenizer again."
        )
    return _class_of(data.get("kind")).from_dict(data)


def load_tokenizer(path: str | os.PathLike[str]) -> Tokenizer:
    """Read a tokenizer that was saved. Raises TokenizerError for a file that is none."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise TokenizerError(
            f"The tokenizer file {Path(path).name} can't be read: train the tokenizer again."
        ) from error
    return tokenizer_from_dict(data)


def _class_of(kind: object) -> type[CharTokenizer] | type[WordTokenizer] | type[BPETokenizer]:
    if not isinstance(kind, str) or kind not in KINDS:
        raise TokenizerError(f"There is no tokenizer {kind!r}: choose char, word or bpe.")
    return KINDS[kind]
