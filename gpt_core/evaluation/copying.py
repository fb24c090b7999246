"""Did a model copy? The longest stretches of a sample that stand word for word in a long text.

The sample is indexed, and the text is streamed past it, piece by piece, so that a text of any
length takes little memory. A stretch begins with SEED bytes that both have; which places of a piece
of text can begin one is looked up by hashes, and how far it goes is compared byte for byte.

Once a place of the sample has a match of n bytes, only a longer one is of interest. So its hash is
that of its first 16, 32, 64 … bytes, the most that n + 1 allows: after the first pieces of a text
that repeats itself, hardly any place is looked at twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

SEED = 16  # bytes; what is shorter isn't looked for
FIRST_PIECE, MOST_PIECE = 1 << 14, 1 << 20  # bytes of text at a time: few first
CONTEXT = 80  # bytes kept before and after the place that a stretch comes from
_BREAK = b"\xff"  # between two samples: a byte that no UTF-8 has
_WORD = 8  # bytes compared at once
_SLOTS = 20  # bits of a hash by which places are sorted out at first
_MIX = np.uint64(0x9E3779B97F4A7C15)
_MOST_PAIRS = 1 << 18


@dataclass(frozen=True)
class Stretch:
    """text[start:end] of a sample that stands in the long text, in characters of the sample.

    sample: its number. place: the byte of the long text where it stands. before, after: what stands
    around it there.
    """

    sample: int
    start: int
    end: int
    place: int
    before: str
    after: str


class CopyFinder:
    """For each place of some samples, the longest match in a text that is read piece by piece."""

    def __init__(self, samples: Sequence[str]) -> None:
        """Index the samples. Raises ValueError where there is nothing to look for."""
        encoded = [sample.encode("utf-8", "replace") for sample in samples]
        if not any(encoded):
            raise ValueError("There is no sample to look for.")
        self._encoded = encoded
        self._sample = np.frombuffer(_BREAK.join(encoded) + _BREAK, dtype=np.uint8)
        self._reach = max(map(len, encoded))
        self._starts = np.cumsum([0, *(len(each) + 1 for each in encoded)])
        ends = np.repeat(self._starts[1:] - 1, np.diff(self._starts))
        self._left = ends - np.arange(len(self._sample))  # bytes until the sample's end
        self._hashes = dict(_ladder(self._sample, self._reach))
        self._words = _words(self._sample)
        self.lengths = np.zeros(len(self._sample), dtype=np.int64)
        self.places = np.full(len(self._sample), -1, dtype=np.int64)
        self._around: dict[tuple[int, int], tuple[bytes, bytes]] = {}
        self._carried, self.read_bytes = b"", 0

    def read(self, pieces: Iterable[bytes]) -> Iterator[int]:
        """Stream the text past the samples; yields the bytes read so far, again and again."""
        for piece in _cut(pieces, FIRST_PIECE, MOST_PIECE):
            self._take(piece)
            yield self.read_bytes

    def _take(self, piece: bytes) -> None:
        """Match one piece, together with the end of what came before it."""
        whole = self._carried + piece
        first = self.read_bytes - len(self._carried)  # the text's place of whole[0]
        text = np.frombuffer(whole, dtype=np.uint8)
        words = _words(text)
        for n, hashes in _ladder(text, self._reach):
            wanted, longer = self._wanted(n)
            if not longer:
                break
            if len(wanted):
                for p, i in _pairs(hashes, self._hashes[n], wanted):
                    self._extend(text, words, p, i, first)
        self.read_bytes += len(piece)
        self._remember(whole, first)
        self._carried = whole[-self._reach - CONTEXT :]

    def _wanted(self, n: int) -> tuple[np.ndarray, bool]:
        """The places for which a match of n bytes is the next to look for, and whether there are
        any for which that or a longer one is."""
        aim = np.maximum(self.lengths + 1, SEED)
        longer = (self._left >= aim) & (aim >= n)
        return np.flatnonzero(longer & (aim < 2 * n)), bool(longer.any())

    def _extend(
        self, text: np.ndarray, words: np.ndarray, p: np.ndarray, i: np.ndarray, first: int
    ) -> None:
        """How far text from p on and the sample from i on agree, pair by pair; keep the best."""
        last = p + self.lengths[i]  # the byte that a longer match needs
        able = (last < len(text)) & (self.lengths[i] < self._left[i])
        p, i, last = p[able], i[able], last[able]
        able = text[last] == self._sample[i + self.lengths[i]]
        p, i = p[able], i[able]
        length = _agreement(words, self._words, p, i)
        length = np.minimum(length, np.minimum(self._left[i], len(text) - p))
        order = np.argsort(length, kind="stable")
        p, i, length = p[order], i[order], length[order]
        better = (length > self.lengths[i]) & (length >= SEED)
        # Of several pairs with the same i the longest comes last, and stays.
        self.lengths[i[better]] = length[better]
        self.places[i[better]] = first + p[better]

    def _remember(self, whole: bytes, first: int) -> None:
        """Keep what stands around the stretches that were found in this piece."""
        for i in self._maximal(SEED):
            place, length = int(self.places[i]), int(self.lengths[i])
            if place >= first:
                at = place - first
                before = whole[max(0, at - CONTEXT) : at]
                self._around[i, place] = before, whole[at + length : at + length + CONTEXT]

    def _maximal(self, shortest: int) -> list[int]:
        """Where stretches begin that are no part of another one."""
        begins = self.lengths >= shortest
        begins[1:] &= self.lengths[:-1] != self.lengths[1:] + 1
        return np.flatnonzero(begins).tolist()

    def stretches(self, shortest: int = SEED) -> list[Stretch]:
        """Those of at least so many bytes, in their order; a stretch may overlap the next one."""
        found = []
        for i in self._maximal(shortest):
            number = int(np.searchsorted(self._starts, i, side="right")) - 1
            start = i - int(self._starts[number])
            end = start + int(self.lengths[i])
            characters = _whole_characters(self._encoded[number], start, end)
            around = self._around.get((i, int(self.places[i])), (b"", b""))
            before, after = (each.decode("utf-8", "ignore") for each in around)
            found.append(Stretch(number, *characters, int(self.places[i]), before, after))
        return found


def copied(spans: Sequence[tuple[int, int]], stretches: Iterable[Stretch], n: int) -> np.ndarray:
    """Which tokens (T,) of one sample lie in a stretch that has at least n whole tokens.

    spans: where each token begins and ends in the sample, in characters.
    """
    starts, ends = (np.array(column) for column in zip(*spans, strict=True))
    marked = np.zeros(len(starts), dtype=bool)
    for stretch in stretches:
        inside = (starts >= stretch.start) & (ends <= stretch.end) & (ends > starts)
        if inside.sum() >= n:
            marked |= inside
    return marked


def _cut(pieces: Iterable[bytes], first: int, most: int) -> Iterator[bytes]:
    """The same bytes in pieces that double from `first` to `most`."""
    size, held = first, bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= size:
            yield bytes(held[:size])
            del held[:size]
            size = min(2 * size, most)
    if held:
        yield bytes(held)


def _words(data: np.ndarray) -> np.ndarray:
    """The _WORD bytes from each place on as one number, (N,) uint64; past the end come zeros."""
    numbers = np.concatenate([data, np.zeros(_WORD - 1, dtype=np.uint8)]).astype(np.uint64)
    for width in (1, 2, 4):
        shifted = numbers[width:] << np.uint64(8 * width)
        numbers = numbers[:-width] | shifted
    return numbers


def _ladder(data: np.ndarray, longest: int) -> Iterator[tuple[int, np.ndarray]]:
    """n = 16, 32, 64 … up to `longest`, and the hash of the n bytes from each place on.

    (N - n + 1,) uint64. Hashes of twice the length come from two of the last.
    """
    n, hashes = _WORD, _words(data)[: max(0, len(data) - _WORD + 1)]
    while 2 * n <= min(max(longest, SEED), len(data)):
        mixed = (hashes ^ (hashes >> np.uint64(29))) * _MIX
        hashes = mixed[:-n] + (hashes[n:] ^ (mixed[n:] >> np.uint64(31)))
        n *= 2
        yield n, hashes


def _pairs(
    text: np.ndarray, sample: np.ndarray, wanted: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Places p of the text and i of the sample with the same hash, at most _MOST_PAIRS at once."""
    wanted = wanted[wanted < len(sample)]
    wanted = wanted[np.argsort(sample[wanted], kind="stable")]
    keys = sample[wanted]
    shift = np.uint64(64 - _SLOTS)
    taken = np.zeros(1 << _SLOTS, dtype=bool)
    taken[(keys * _MIX) >> shift] = True
    p = np.flatnonzero(taken[(text * _MIX) >> shift])
    first = np.searchsorted(keys, text[p], side="left")
    times = np.searchsorted(keys, text[p], side="right") - first
    p, first, times = p[times > 0], first[times > 0], times[times > 0]
    ends = np.cumsum(times)
    at = 0
    while at < len(p):
        before = ends[at - 1] if at else 0
        to = max(at + 1, int(np.searchsorted(ends, before + _MOST_PAIRS, side="right")))
        some = times[at:to]
        offsets = np.arange(some.sum()) - np.repeat(ends[at:to] - some - before, some)
        yield np.repeat(p[at:to], some), wanted[np.repeat(first[at:to], some) + offsets]
        at = to


def _agreement(ours: np.ndarray, theirs: np.ndarray, p: np.ndarray, i: np.ndarray) -> np.ndarray:
    """How many bytes agree from place p of ours and place i of theirs on, pair by pair."""
    length = np.zeros(len(p), dtype=np.int64)
    going = np.arange(len(p))
    while len(going):
        a, b = p[going] + length[going], i[going] + length[going]
        inside = (a < len(ours)) & (b < len(theirs))
        going, a, b = going[inside], a[inside], b[inside]
        differ = ours[a] ^ theirs[b]
        same = differ == 0
        # The lowest bit that differs says which byte is the first to.
        lowest = differ[~same] & (~differ[~same] + np.uint64(1))
        length[going[~same]] += (np.log2(lowest.astype(np.float64)) // 8).astype(np.int64)
        going = going[same]
        length[going] += _WORD
    return length


def _whole_characters(encoded: bytes, start: int, end: int) -> tuple[int, int]:
    """Bytes start … end of a text as characters, those left out of which only a part is inside."""
    first = len(encoded[:start].decode("utf-8", "ignore"))
    if start < len(encoded) and encoded[start] & 0xC0 == 0x80:  # in the middle of a character
        first += 1
    last = len(encoded[:end].decode("utf-8", "ignore"))
    return first, max(first, last)
