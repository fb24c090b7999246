"""One token a word: short sequences, a large vocabulary, and words that it never saw."""

from __future__ import annotations

from typing import ClassVar, Self

import regex

from gpt_core.tokenizers.base import pieces_of, without_surrogates
from gpt_core.tokenizers.vocabulary import VocabularyTokenizer

DEFAULT_VOCAB_SIZE = 5_000

# A word (with its apostrophes: "don't"), a run of white space, or one other character.
PIECE = regex.compile(r"\w+(?:['’]\w+)*|\s+|[^\w\s]")
# Nothing longer is one token: a text without spaces would be a single word of a million characters.
LONGEST_PIECE = 128


class WordTokenizer(VocabularyTokenizer):
    """Every word, run of white space and punctuation mark is a token.

    White space is kept as tokens of its own, so that a text of known words decodes exactly.
    """

    kind: ClassVar[str] = "word"

    @staticmethod
    def split(text: str) -> list[str]:
        """Cut a text into words, runs of white space, and single other characters.

        What is longer than LONGEST_PIECE is cut again, after every so many characters.
        """
        pieces = PIECE.findall(text)
        if max(map(len, pieces), default=0) <= LONGEST_PIECE:
            return pieces
        return [part for piece in pieces for part in pieces_of(piece, LONGEST_PIECE)]

    @classmethod
    def _is_piece(cls, text: str) -> bool:
        # A vocabulary that was saved before pieces had a limit may hold longer ones.
        return bool(PIECE.fullmatch(text)) and without_surrogates(text) == text

    @classmethod
    def train(cls, text: str, vocab_size: int | None = DEFAULT_VOCAB_SIZE) -> Self:
        """Know the vocab_size - 1 most frequent pieces, most frequent first; None knows all.

        Raises TokenizerError for an empty text or a vocab_size below 2.
        """
        return cls(cls.most_frequent(text, vocab_size))
