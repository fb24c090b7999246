"""One token a word: short sequences, a large vocabulary, and words that it never saw."""

from __future__ import annotations

from typing import ClassVar, Self

import regex

from gpt_core.tokenizers.vocabulary import VocabularyTokenizer

DEFAULT_VOCAB_SIZE = 5_000

# A word (with its apostrophes: "don't"), a run of white space, or one other character.
PIECE = regex.compile(r"\w+(?:['’]\w+)*|\s+|[^\w\s]")


class WordTokenizer(VocabularyTokenizer):
    """Every word, run of white space and punctuation mark is a token.

    White space is kept as tokens of its own, so that a text of known words decodes exactly.
    """

    kind: ClassVar[str] = "word"

    @staticmethod
    def split(text: str) -> list[str]:
        """Cut a text into words, runs of white space, and single other characters."""
        return PIECE.findall(text)

    @classmethod
    def train(cls, text: str, vocab_size: int | None = DEFAULT_VOCAB_SIZE) -> Self:
        """Know the vocab_size - 1 most frequent pieces, most frequent first; None knows all.

        Raises TokenizerError for an empty text or a vocab_size below 2.
        """
        return cls(cls.most_frequent(text, vocab_size))
