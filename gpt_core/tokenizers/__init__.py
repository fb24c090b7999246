"""Text to ids and back: characters, words and byte pairs trained from scratch, and GPT-2's."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

from gpt_core.tokenizers.base import FORMAT, Token, Tokenizer, TokenizerError
from gpt_core.tokenizers.bpe import BPETokenizer, Merge
from gpt_core.tokenizers.char import CharTokenizer
from gpt_core.tokenizers.gpt2 import GPT2Tokenizer
from gpt_core.tokenizers.vocabulary import VocabularyTokenizer
from gpt_core.tokenizers.word import WordTokenizer

__all__ = [
    "BPETokenizer",
    "CharTokenizer",
    "GPT2Tokenizer",
    "Merge",
    "Token",
    "Tokenizer",
    "TokenizerError",
    "WordTokenizer",
    "as_prompt",
    "first_tokens",
    "load_tokenizer",
    "tokenizer_from_dict",
    "train_tokenizer",
    "unknown_pieces",
]

Trained = CharTokenizer | WordTokenizer | BPETokenizer
TRAINED: dict[str, type[Trained]] = {
    "char": CharTokenizer,
    "word": WordTokenizer,
    "bpe": BPETokenizer,
}
# What a file can hold.
KINDS: dict[str, type[Trained | GPT2Tokenizer]] = {**TRAINED, "gpt2": GPT2Tokenizer}


def train_tokenizer(kind: str, text: str, vocab_size: int | None = None) -> Tokenizer:
    """Train a tokenizer on a text: kind "char", "word" or "bpe".

    vocab_size None means the kind's own choice: every character, 5,000 words, 1,024 byte
    tokens. The result may be smaller when the text has no more to learn. Raises TokenizerError.
    """
    if not isinstance(kind, str) or kind not in TRAINED:
        raise TokenizerError(f"There is no tokenizer {kind!r}: choose char, word or bpe.")
    tokenizer = TRAINED[kind]
    return tokenizer.train(text) if vocab_size is None else tokenizer.train(text, vocab_size)


def as_prompt(tokenizer: Tokenizer, text: str) -> str:
    """The text to continue: with byte pairs, without spaces at its end.

    There a word's token begins with the space before it. A model has hardly ever seen a space
    alone, least of all a word after one, so the space is left to the token that comes next.
    """
    shorter = text.rstrip(" ")
    return shorter if _byte_pairs(tokenizer) and shorter else text


def first_tokens(text: str, tokenizer: Tokenizer) -> list[int]:
    """The ids that a continuation by `text` may begin with; text is not empty.

    One, or with byte pairs two: its first token as it stands, and with a space before it.
    """
    spellings = [text, f" {text}"] if _byte_pairs(tokenizer) else [text]
    return [tokenizer.encode(spelling)[0] for spelling in spellings]


def unknown_pieces(tokenizer: Tokenizer, text: str) -> Counter[str]:
    """Count the characters or words of a text that a tokenizer doesn't know.

    Byte pairs know every text.
    """
    return tokenizer.unknown(text) if isinstance(tokenizer, VocabularyTokenizer) else Counter()


def _byte_pairs(tokenizer: Tokenizer) -> bool:
    return isinstance(tokenizer, BPETokenizer | GPT2Tokenizer)


def tokenizer_from_dict(data: dict[str, Any]) -> Tokenizer:
    """Make a tokenizer from what its `to_dict` returned. Raises TokenizerError."""
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise TokenizerError(
            "This is no tokenizer file of this version: train the tokenizer again."
        )
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise TokenizerError(f"There is no tokenizer {kind!r}: choose char, word or bpe.")
    return KINDS[kind].from_dict(data)


def load_tokenizer(path: str | os.PathLike[str]) -> Tokenizer:
    """Read a tokenizer that was saved. Raises TokenizerError for a file that is none."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise TokenizerError(
            f"The tokenizer file {Path(path).name} can't be read: train the tokenizer again."
        ) from error
    return tokenizer_from_dict(data)
