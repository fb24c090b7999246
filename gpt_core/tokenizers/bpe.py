"""Byte-level byte-pair encoding, GPT-2's tokenizer, trained from scratch.

Sennrich, Haddow and Birch 2016, "Neural Machine Translation of Rare Words with Subword
Units", section 3.2; on bytes: Radford et al. 2019, "Language Models are Unsupervised
Multitask Learners", section 2.2.
"""

from __future__ import annotations

import codecs
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import chain, pairwise
from typing import Any, ClassVar, Self

import regex

from gpt_core.tokenizers.base import (
    FORMAT,
    Token,
    TokenizerError,
    lookup,
    pieces_of,
    without_surrogates,
    write_json,
)

DEFAULT_VOCAB_SIZE = 1_024
BYTES = 256

# GPT-2's pattern, as published in its encoder.py. Merges never cross the cuts that it makes.
CHUNK = regex.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")

# No word is longer than this many characters; a text without any spaces could otherwise cost
# time that grows with the square of its length. GPT-2 doesn't cut there (longest_chunk=None).
LONGEST_CHUNK = 128
# Up to this many bytes searching a list is quicker than keeping a heap (measured).
SHORT_BYTES = 64
# Of the different chunks in a text the rarest are left out beyond this many bytes. Five megabytes
# of prose have fewer; a text without spaces, whose chunks never repeat, would take a second for
# every 300,000.
MOST_TRAINING_BYTES = 300_000
# Chunks repeat, so the ids of this many are kept.
CACHED_CHUNKS = 50_000

GONE = -1  # in place of an id: the token was merged into the one before it, or a chunk ends


@dataclass(frozen=True, slots=True)
class Merge:
    """The tokens left, right become token `id`; `count` is how often they stood side by side."""

    left: int
    right: int
    id: int
    count: int


class BPETokenizer:
    """Tokens 0..255 are the bytes, token 256 + i is made by merge i.

    Every text can be encoded, and decodes to itself. Lone surrogates, which are no Unicode
    text, are read as U+FFFD.
    """

    kind: ClassVar[str] = "bpe"

    def __init__(self, merges: Sequence[Merge], longest_chunk: int | None = LONGEST_CHUNK) -> None:
        """Take the merges in order. Raises TokenizerError if they don't fit together.

        longest_chunk: a longer word is cut after so many characters; None never cuts one.
        """
        self.merges = list(merges)
        self.longest_chunk = longest_chunk
        self._bytes = [bytes([b]) for b in range(BYTES)]
        self._merged: dict[tuple[int, int], int] = {}
        self._known = _KnownChunks(self._merge_whole_chunk)
        for new, merge in enumerate(self.merges, start=BYTES):
            if merge.id != new or not (0 <= merge.left < new and 0 <= merge.right < new):
                raise TokenizerError("A merge uses a token that doesn't exist yet: train it again.")
            text = self._bytes[merge.left] + self._bytes[merge.right]
            if len(text) > 4 * LONGEST_CHUNK:  # a character has at most 4 bytes
                raise TokenizerError("A token of this vocabulary is too long: train it again.")
            self._bytes.append(text)
            self._merged[merge.left, merge.right] = new
        if len(self._merged) < len(self.merges):
            raise TokenizerError("The same two tokens are merged twice: train it again.")

    @classmethod
    def train(cls, text: str, vocab_size: int = DEFAULT_VOCAB_SIZE) -> Self:
        """Learn vocab_size - 256 merges: each time the pair that occurs most often.

        Of equally frequent pairs the one with the smaller ids is merged. Training stops early
        when no pair occurs twice. Raises TokenizerError for an empty text or a vocab_size
        below 256.
        """
        if not text:
            raise TokenizerError("A tokenizer can't learn from an empty text: choose a longer one.")
        if vocab_size < BYTES:
            raise TokenizerError("vocab_size must be at least 256: the bytes come first.")
        pairs = Pairs(Counter(chunks_of(without_surrogates(text))))
        merges: list[Merge] = []
        while len(merges) < vocab_size - BYTES:
            (left, right), count = pairs.most_frequent()
            if count < 2:
                break
            new = BYTES + len(merges)
            merges.append(Merge(left, right, new, count))
            pairs.merge(left, right, new)
        return cls(merges)

    @property
    def vocab_size(self) -> int:
        """How many different ids there are: 256 bytes and one a merge."""
        return len(self._bytes)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text."""
        return self._encode(without_surrogates(text), len(self.merges))

    def encode_steps(self, text: str, n_merges: int) -> list[Token]:
        """Return the tokens of a text as they are after only the first n_merges merges."""
        text = without_surrogates(text)
        # at_byte[b] is the character that byte b of the text belongs to.
        at_byte = [i for i, character in enumerate(text) for _ in character.encode()]
        tokens: list[Token] = []
        first = 0
        for token_id in self._encode(text, n_merges):
            last = first + len(self._bytes[token_id]) - 1
            shown = self.token_text(token_id)
            tokens.append(Token(token_id, shown, at_byte[first], at_byte[last] + 1, True))
            first = last + 1
        return tokens

    def tokenize(self, text: str) -> list[Token]:
        """Return the tokens of a text with their places in it; in BPE all are known."""
        return self.encode_steps(text, len(self.merges))

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of some ids; bytes that are no whole character become U+FFFD."""
        return b"".join(lookup(self._bytes, i) for i in ids).decode("utf-8", "replace")

    def token_bytes(self, token_id: int) -> bytes:
        """Return the bytes that a token stands for."""
        return lookup(self._bytes, token_id)

    def token_text(self, token_id: int) -> str:
        """Return a token's text; a byte that is no whole character is shown like `<0xE2>`."""
        return self.token_bytes(token_id).decode("utf-8", "show-bytes")

    def to_dict(self) -> dict[str, Any]:
        """Return {"format", "kind", "merges"}, each merge as [left, right, count]."""
        merges = [[merge.left, merge.right, merge.count] for merge in self.merges]
        return {"format": FORMAT, "kind": self.kind, "merges": merges}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Make a tokenizer from what `to_dict` returned. Raises TokenizerError."""
        rows = data.get("merges")
        if not isinstance(rows, list):
            raise TokenizerError("This tokenizer has no list of merges: train it again.")
        for row in rows:
            if not (isinstance(row, list) and len(row) == 3 and all(type(n) is int for n in row)):
                raise TokenizerError("A merge is not three whole numbers: train it again.")
        merges = enumerate(rows, start=BYTES)
        return cls([Merge(left, right, new, count) for new, (left, right, count) in merges])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to_dict() to a JSON file."""
        write_json(self.to_dict(), path)

    def _encode(self, text: str, n_merges: int) -> list[int]:
        chunks = CHUNK.findall(text)
        if n_merges >= len(self.merges):  # chain and map stay in C: all but new chunks is quick
            return list(chain.from_iterable(map(self._known.__getitem__, chunks)))
        return [i for chunk in chunks for i in self._merge_whole_chunk(chunk, BYTES + n_merges)]

    def _merge_whole_chunk(self, chunk: str, end: int | None = None) -> list[int]:
        """The ids of a chunk, by the merges that make tokens below `end` (None: by all)."""
        end = end or len(self._bytes)
        if self.longest_chunk is None or len(chunk) <= self.longest_chunk:
            return self._merge_chunk(chunk.encode(), end)
        parts = pieces_of(chunk, self.longest_chunk)
        if end == len(self._bytes):
            return list(chain.from_iterable(map(self._known.__getitem__, parts)))
        return [i for part in parts for i in self._merge_chunk(part.encode(), end)]

    def _merge_chunk(self, chunk: bytes, end: int) -> list[int]:
        """Apply the merges that make tokens below `end` to a chunk: the earliest merge first."""
        if len(chunk) > SHORT_BYTES:
            return merge_long_chunk(chunk, self._merged, end)
        ids = list(chunk)
        # makes[i] is the token that ids[i] and ids[i + 1] make together; `end` for none.
        makes = [self._merged.get(pair, end) for pair in pairwise(ids)]
        while makes and (new := min(makes)) < end:
            i = makes.index(new)
            ids[i : i + 2] = [new]
            del makes[i]
            if i > 0:
                makes[i - 1] = self._merged.get((ids[i - 1], new), end)
            if i < len(makes):
                makes[i] = self._merged.get((new, ids[i + 1]), end)
        return ids


class _KnownChunks(dict[str, list[int]]):
    """The ids of chunks that were met before; a new one is worked out when it is asked for."""

    def __init__(self, merge: Callable[[str], list[int]]) -> None:
        super().__init__()
        self._merge = merge

    def __missing__(self, chunk: str) -> list[int]:
        ids = self._merge(chunk)
        if len(chunk) <= LONGEST_CHUNK:
            if len(self) >= CACHED_CHUNKS:
                self.clear()
            self[chunk] = ids
        return ids


def merge_long_chunk(chunk: bytes, merged: dict[tuple[int, int], int], end: int) -> list[int]:
    """What `_merge_chunk` returns, in n log n steps instead of n²: a heap knows the next merge.

    merged: the token that each pair makes; tokens from `end` on are not made.
    """
    ids = [*chunk, GONE]
    following, preceding = list(range(1, len(ids) + 1)), list(range(-1, len(ids) - 1))
    waiting: list[tuple[int, int]] = []  # the token to make, and the place of its left half

    def expect(i: int, j: int) -> None:
        new = merged.get((ids[i], ids[j]), end)
        if new < end:
            heappush(waiting, (new, i))

    for i in range(len(chunk) - 1):
        expect(i, i + 1)
    while waiting:
        new, i = heappop(waiting)
        j = following[i]
        if ids[i] == GONE or merged.get((ids[i], ids[j])) != new:
            continue  # an earlier merge took one of the two
        k = following[j]
        ids[i], ids[j] = new, GONE
        following[i], preceding[k] = k, i
        if preceding[i] >= 0:
            expect(preceding[i], i)
        expect(i, k)
    return [i for i in ids if i != GONE]


def chunks_of(text: str) -> Iterator[str]:
    """Cut a text by GPT-2's pattern, and a chunk longer than LONGEST_CHUNK again."""
    for chunk in CHUNK.findall(text):
        if len(chunk) <= LONGEST_CHUNK:
            yield chunk
        else:
            yield from pieces_of(chunk, LONGEST_CHUNK)


class Pairs:
    """All pairs of neighbours in a text: how often each occurs, and where.

    The different chunks lie one after another in one list of ids, each followed by GONE. A
    merge visits only the places of its pair and corrects the counts of the pairs around them;
    counting all over again for each merge would take hours on a long text.
    """

    def __init__(self, chunks: Counter[str]) -> None:
        """Take the chunks of a text, each with the number of times that it occurs."""
        self.ids: list[int] = [GONE]
        self.weight: list[int] = [0]  # how often the chunk at this place occurs in the text
        for chunk, count in chunks.most_common():
            if len(self.ids) > MOST_TRAINING_BYTES:
                break
            self.ids += [*chunk.encode(), GONE]
            self.weight += [count] * (len(self.ids) - len(self.weight))
        self.following = list(range(1, len(self.ids) + 1))
        self.preceding = list(range(-1, len(self.ids) - 1))
        self.count: defaultdict[tuple[int, int], int] = defaultdict(int)
        self.places: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        for i, pair in enumerate(pairwise(self.ids)):
            if GONE not in pair:
                self.count[pair] += self.weight[i]
                self.places[pair].append(i)
        self.heap = [(-count, pair) for pair, count in self.count.items()]
        heapify(self.heap)

    def most_frequent(self) -> tuple[tuple[int, int], int]:
        """Return the most frequent pair and its count, or a count of 0 if no pair is left."""
        while self.heap:
            count, pair = heappop(self.heap)
            if self.count[pair] == -count:
                return pair, -count
            # It has become rarer since it was put here; counts of old pairs never grow.
            if self.count[pair] > 0:
                heappush(self.heap, (-self.count[pair], pair))
        return (GONE, GONE), 0

    def merge(self, left: int, right: int, new: int) -> None:
        """Make the token `new` of every left, right that stand side by side."""
        ids, following, preceding = self.ids, self.following, self.preceding
        made: set[tuple[int, int]] = set()
        # From left to right, so that of "aaa" the first two become one.
        for i in sorted(self.places.pop((left, right))):
            j = following[i]
            if ids[i] != left or ids[j] != right:
                continue  # an earlier merge took one of the two
            h, k, weight = preceding[i], following[j], self.weight[i]
            if ids[h] != GONE:
                pair = ids[h], new
                self.count[ids[h], left] -= weight
                self.count[pair] += weight
                self.places[pair].append(h)
                made.add(pair)
            if ids[k] != GONE:
                pair = new, ids[k]
                self.count[right, ids[k]] -= weight
                self.count[pair] += weight
                self.places[pair].append(i)
                made.add(pair)
            ids[i], ids[j] = new, GONE
            following[i], preceding[k] = k, i
        del self.count[left, right]
        for pair in made:
            heappush(self.heap, (-self.count[pair], pair))


def _show_bytes(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "".join(f"<0x{b:02X}>" for b in error.object[error.start : error.end]), error.end


codecs.register_error("show-bytes", _show_bytes)
