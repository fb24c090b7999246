"""One token a character: the smallest vocabulary, the longest sequences."""

from __future__ import annotations

from typing import ClassVar, Self

from gpt_core.tokenizers.vocabulary import VocabularyTokenizer


class CharTokenizer(VocabularyTokenizer):
    """Every character (Unicode code point) is a token."""

    kind: ClassVar[str] = "char"

    @staticmethod
    def split(text: str) -> list[str]:
        """Cut a text into its characters."""
        return list(text)

    @classmethod
    def train(cls, text: str, vocab_size: int | None = None) -> Self:
        """Know every character of the text, or the vocab_size - 1 most frequent; sorted.

        Raises TokenizerError for an empty text or a vocab_size below 2.
        """
        return cls(sorted(cls.most_frequent(text, vocab_size)))
