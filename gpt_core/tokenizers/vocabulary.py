"""What the character and the word tokenizer share: a list of pieces, and one "unknown"."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Self

from gpt_core.tokenizers.base import (
    FORMAT,
    REPLACEMENT,
    Token,
    TokenizerError,
    lookup,
    without_surrogates,
    write_json,
)

UNKNOWN = 0
UNKNOWN_TEXT = "<unk>"


class VocabularyTokenizer(ABC):
    """Cuts a text into pieces and looks each up in a list.

    Id 0 is `<unk>`, for every piece that isn't in the list; it decodes as U+FFFD. The pieces
    have the ids 1, 2, ... in their order.
    """

    kind: ClassVar[str]

    def __init__(self, pieces: Sequence[str]) -> None:
        """Take the known pieces. Raises TokenizerError if they can't be a vocabulary."""
        if not all(isinstance(piece, str) and self._is_piece(piece) for piece in pieces):
            raise TokenizerError("A vocabulary holds something that is no token: train it again.")
        if len(set(pieces)) < len(pieces):
            raise TokenizerError("A vocabulary holds the same token twice: train it again.")
        self._texts = [UNKNOWN_TEXT, *pieces]
        self._ids = {piece: i for i, piece in enumerate(pieces, start=1)}

    @classmethod
    def _is_piece(cls, text: str) -> bool:
        return cls.split(text) == [text] and without_surrogates(text) == text

    @staticmethod
    @abstractmethod
    def split(text: str) -> list[str]:
        """Cut a text into pieces, which joined give the text again."""

    @classmethod
    def most_frequent(cls, text: str, vocab_size: int | None) -> list[str]:
        """Return the most frequent pieces of a text, at most vocab_size - 1, most frequent first.

        Equally frequent pieces come in the order of their characters. Raises TokenizerError for
        an empty text or a vocab_size below 2.
        """
        if not text:
            raise TokenizerError("A tokenizer can't learn from an empty text: choose a longer one.")
        if vocab_size is not None and vocab_size < 2:
            raise TokenizerError("vocab_size must be at least 2: one piece and the unknown.")
        counts = Counter(cls.split(without_surrogates(text)))
        pieces = sorted(counts, key=lambda piece: (-counts[piece], piece))
        return pieces if vocab_size is None else pieces[: vocab_size - 1]

    @property
    def vocab_size(self) -> int:
        """How many different ids there are, `<unk>` included."""
        return len(self._texts)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text: one a piece, 0 for a piece that isn't known."""
        known = self._ids.get
        return [known(piece, UNKNOWN) for piece in self.split(without_surrogates(text))]

    def unknown(self, text: str) -> Counter[str]:
        """Count the pieces of a text that aren't known."""
        pieces = Counter(self.split(without_surrogates(text)))
        return Counter({piece: n for piece, n in pieces.items() if piece not in self._ids})

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of some ids; what was unknown comes back as U+FFFD."""
        return "".join(REPLACEMENT if i == UNKNOWN else lookup(self._texts, i) for i in ids)

    def tokenize(self, text: str) -> list[Token]:
        """Return the tokens of a text with their places in it."""
        tokens: list[Token] = []
        start = 0
        for piece in self.split(without_surrogates(text)):
            token_id = self._ids.get(piece, UNKNOWN)
            end = start + len(piece)
            tokens.append(Token(token_id, piece, start, end, token_id != UNKNOWN))
            start = end
        return tokens

    def token_text(self, token_id: int) -> str:
        """Return a token's text as it is to be shown; `<unk>` for the unknown."""
        return lookup(self._texts, token_id)

    def to_dict(self) -> dict[str, Any]:
        """Return {"format", "kind", "pieces"}."""
        return {"format": FORMAT, "kind": self.kind, "pieces": self._texts[1:]}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Make a tokenizer from what `to_dict` returned. Raises TokenizerError."""
        pieces = data.get("pieces")
        if not isinstance(pieces, list):
            raise TokenizerError("This tokenizer has no list of pieces: train it again.")
        return cls(pieces)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to_dict() to a JSON file."""
        write_json(self.to_dict(), path)
