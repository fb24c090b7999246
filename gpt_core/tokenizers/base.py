"""What all tokenizers share: the protocol, a token, the error, and saving."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from corpus.files import replacing

FORMAT = 1
REPLACEMENT = "\ufffd"  # U+FFFD, Unicode's sign for "something unreadable was here"

_SURROGATES = re.compile("[\ud800-\udfff]")


class TokenizerError(ValueError):
    """A tokenizer that can't be trained or loaded; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a text: text[start:end], in characters.

    `text` is what to show: of a known token its own text, of an unknown one the characters
    that the tokenizer doesn't know. When one character is cut into several byte tokens, each
    of them spans that whole character.
    """

    id: int
    text: str
    start: int
    end: int
    known: bool


class Tokenizer(Protocol):
    """Text to ids and back. Ids are 0 .. vocab_size - 1."""

    kind: ClassVar[str]

    @property
    def vocab_size(self) -> int:
        """How many different ids there are."""
        ...

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text."""
        ...

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of some ids. Raises TokenizerError for an id that doesn't exist."""
        ...

    def tokenize(self, text: str) -> list[Token]:
        """Return the tokens of a text with their places in it."""
        ...

    def token_text(self, token_id: int) -> str:
        """Return a token's text as it is to be shown."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Return all that is needed to make this tokenizer again, fit for JSON."""
        ...

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to_dict() to a JSON file."""
        ...


def without_surrogates(text: str) -> str:
    """Return the text with U+FFFD for each lone surrogate.

    A Python string can hold halves of a UTF-16 pair. They are no characters, and no valid
    UTF-8 can spell them, so all tokenizers read them as "unreadable".
    """
    return _SURROGATES.sub(REPLACEMENT, text)


def pieces_of(text: str, length: int) -> Iterator[str]:
    """Cut a text after every `length` characters."""
    return (text[i : i + length] for i in range(0, len(text), length))


def lookup(table: list[Any], token_id: int) -> Any:
    """Return table[token_id]; raises TokenizerError for an id that doesn't exist."""
    if not 0 <= token_id < len(table):
        raise TokenizerError(f"There is no token {token_id}: ids go from 0 to {len(table) - 1}.")
    return table[token_id]


def write_json(data: dict[str, Any], path: str | os.PathLike[str]) -> None:
    """Write a JSON file so that a crash leaves the old file or the new one, never half of it."""
    with replacing(Path(path)) as temporary:
        temporary.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
