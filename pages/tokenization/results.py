"""Tokenizers trained on a visitor's text, and what the Tokenization lesson counts of them."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from ui.services.caches import shared
from ui.show.tokens import short

if TYPE_CHECKING:
    from gpt_core.tokenizers import Tokenizer
    from gpt_core.tokenizers.bpe import BPETokenizer
    from ui.services.models import LoadedModel

MOST_MERGES = 2000
MOST_TEXT = 500_000  # characters; enough for 2,000 good merges, and done in about a second
_SAMPLE = 50_000  # characters to measure the length of a token on


@dataclass(frozen=True)
class Source:
    """The text that tokenizers learn from. key: its sha256, which tells it from others."""

    text: str
    key: str


@dataclass(frozen=True)
class Cutter:
    """Which tokenizer: its kind ("char", "word", "bpe", "gpt2"), and its largest vocabulary."""

    kind: str
    vocab_size: int | None = None


def source_of(text: str) -> Source:
    """The first MOST_TEXT characters of a text."""
    text = text[:MOST_TEXT]
    return Source(text, hashlib.sha256(text.encode()).hexdigest())


def tokenizer_of(source: Source, cutter: Cutter) -> Tokenizer:
    """The tokenizer, which has learned from the text unless it is GPT-2's."""
    from gpt_core.tokenizers import GPT2Tokenizer

    if cutter.kind == "gpt2":
        return GPT2Tokenizer.published()
    return bpe_of(source, cutter) if cutter.kind == "bpe" else _trained(source, cutter)


@shared()
def bpe_of(source: Source, cutter: Cutter) -> BPETokenizer:
    """The byte pairs, which have learned from the text."""
    from gpt_core.tokenizers import BPETokenizer, train_tokenizer

    tokenizer = train_tokenizer("bpe", source.text, cutter.vocab_size)
    assert isinstance(tokenizer, BPETokenizer)
    return tokenizer


@shared()
def _trained(source: Source, cutter: Cutter) -> Tokenizer:
    from gpt_core.tokenizers import train_tokenizer

    return train_tokenizer(cutter.kind, source.text, cutter.vocab_size)


def why_not_published() -> str:
    """A sentence that says why GPT-2's tokenizer isn't here, or nothing if it is."""
    from gpt_core.tokenizers import GPT2Tokenizer, TokenizerError

    try:
        GPT2Tokenizer.published()
    except TokenizerError as error:
        return str(error)
    return ""


@dataclass(frozen=True)
class Parts:
    """What a vocabulary consists of, together `total`.

    bytes, merges: of byte-pair encoding; merges is None for others. words: tokens of letters or
    digits, of a word tokenizer. others: characters, or gaps and punctuation. special: `<|…|>`.
    """

    total: int
    bytes: int = 0
    merges: int | None = None
    words: int = 0
    others: int = 0
    special: int = 0


def parts_of(tokenizer: Tokenizer) -> Parts:
    """Count the vocabulary of any tokenizer."""
    from gpt_core.tokenizers import GPT2Tokenizer, WordTokenizer
    from gpt_core.tokenizers.bpe import BYTES, BPETokenizer

    total = tokenizer.vocab_size
    if isinstance(tokenizer, (BPETokenizer, GPT2Tokenizer)):
        special = len(tokenizer.special) if isinstance(tokenizer, GPT2Tokenizer) else 0
        return Parts(total, BYTES, total - BYTES - special, special=special)
    words = 0
    if isinstance(tokenizer, WordTokenizer):
        words = sum(tokenizer.token_text(i)[0].isalnum() for i in range(1, total))
    return Parts(total, words=words, others=total - 1 - words)


@dataclass(frozen=True)
class TwoCuts:
    """A word's tokens, without a space before it and with one: their ids and their texts."""

    bare: tuple[int, ...]
    spaced: tuple[int, ...]
    bare_texts: tuple[str, ...]
    spaced_texts: tuple[str, ...]


def two_cuts(tokenizer: Tokenizer, word: str) -> TwoCuts:
    """Cut a word twice."""
    bare, spaced = tokenizer.tokenize(word), tokenizer.tokenize(f" {word}")
    return TwoCuts(
        tuple(token.id for token in bare),
        tuple(token.id for token in spaced),
        tuple(token.text for token in bare),
        tuple(token.text for token in spaced),
    )


@dataclass(frozen=True)
class CutWord:
    """A frequent word of a text that is one token in one tokenizer and several in the other."""

    word: str
    count: int
    parts: tuple[str, ...]


@shared()
def words_cut_by_one(
    source: Source, whole: Cutter, cut: Cutter, most: int = 8
) -> tuple[list[CutWord], int]:
    """The most frequent words that are one token in `whole` and several in `cut`.

    Looks at the words of the first 50,000 characters, each with the space before it. Returns the
    first `most` of them, and how many different ones there are.
    """
    from gpt_core.tokenizers.bpe import CHUNK, LONGEST_CHUNK

    keeps, cuts = tokenizer_of(source, whole), tokenizer_of(source, cut)
    words = Counter(
        word
        for word in CHUNK.findall(source.text[:_SAMPLE])
        if len(word) <= LONGEST_CHUNK and word.strip().isalpha()  # no token is longer
    )
    found = []
    for word, count in words.most_common():
        parts = cuts.tokenize(word)
        if len(parts) > 1 and len(keeps.encode(word)) == 1:
            found.append(CutWord(short(word), count, tuple(short(p.text) for p in parts)))
    return found[:most], len(found)


def words_table(words: list[CutWord], one: str, several: str) -> pd.DataFrame:
    """The words as a table: the token in one tokenizer, the tokens in the other."""
    one, several = (name.replace("-", "\u2011") for name in (one, several))  # not parted there
    return pd.DataFrame(
        {
            f"one token for {one}": [word.word for word in words],
            f"several for {several}": [" · ".join(word.parts) for word in words],
            "times": [f"{word.count:,}" for word in words],
        }
    )


@shared()
def characters_per_token(source: Source, cutter: Cutter) -> float:
    """Average length of a token over the first 50,000 characters, in characters."""
    return _characters_per_token(source, tokenizer_of(source, cutter))


@shared()
def characters_per_own_token(source: Source, loaded: LoadedModel) -> float:
    """The same for the tokenizer of the model at the top."""
    return _characters_per_token(source, loaded.tokenizer)


def _characters_per_token(source: Source, tokenizer: Tokenizer) -> float:
    sample = source.text[:_SAMPLE]
    return len(sample) / max(1, len(tokenizer.encode(sample)))


def merge_steps(bpe: BPETokenizer, step: int, before: int = 4, after: int = 5) -> pd.DataFrame:
    """The merges around a step as a table; the merge just done is marked."""
    first = max(0, step - before)
    rows = [
        {
            "merge": f"{number:,}",
            "": "← just done" if number == step else ("done" if number < step else ""),
            "left": short(bpe.token_text(merge.left)),
            "right": short(bpe.token_text(merge.right)),
            "new token": short(bpe.token_text(merge.id)),
            "times in the text": f"{merge.count:,}",
        }
        for number, merge in enumerate(bpe.merges[first : step + after], start=first + 1)
    ]
    return pd.DataFrame(rows)
