"""How far counting goes: an n-gram model with Kneser-Ney smoothing, to compare a GPT with.

    p_n(w | h) = max(c(h w) - D_n(c(h w)), 0) / c(h) + left(h) p_{n-1}(w | h without its oldest)

Interpolated and modified: three discounts D_n(1), D_n(2), D_n(3 and more) at each order, estimated
from how many n-grams occur once, twice, ... (Chen and Goodman, "An Empirical Study of Smoothing
Techniques for Language Modeling", Computer Speech and Language 13, 1999, section 3). Below the
highest order, c counts in how many different contexts an n-gram was met rather than how often
(Kneser and Ney 1995). left(h) is what the discounts took, so probabilities sum to 1. Below order 1
every token of the vocabulary is equally likely.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Where too little text makes the estimate meaningless, as KenLM's --discount_fallback.
FALLBACK = (0.5, 1.0, 1.5)


class NgramError(ValueError):
    """Tokens that can't be counted; the message says what to change."""


@dataclass(frozen=True)
class _Order:
    """All n-grams of one order, in the order of their keys, so that a context's lie together.

    An n-gram w1 … wn is the number w1 … wn in base B, its key; its context is the key ÷ B.

    keys (G,); kept (G,): count less discount, divided by the context's count. contexts (H,) keys;
    first (H + 1,): where each one's n-grams begin; left (H,): probability left for lower orders.
    """

    keys: np.ndarray
    kept: np.ndarray
    contexts: np.ndarray
    first: np.ndarray
    left: np.ndarray


class Ngram:
    """An n-gram model of a sequence of token ids.

    tokens (N,): what to learn, whole numbers below vocab_size. Raises NgramError when there are
    none, for an order below 1, or when so many different tokens occur that n of them don't fit in
    63 bits (above 6,207 at order 5).
    """

    def __init__(self, tokens: np.ndarray, vocab_size: int, order: int = 5) -> None:
        if not len(tokens) or order < 1 or int(tokens.max()) >= vocab_size:
            raise NgramError(
                "An n-gram model needs an order of at least 1 and tokens of the vocabulary."
            )
        self.vocab_size, self.order = vocab_size, order
        seen = np.flatnonzero(np.bincount(tokens, minlength=vocab_size))
        self._base = len(seen) + 1
        if self._base**order >= 1 << 63:
            raise NgramError(
                f"{len(seen):,} different tokens are too many for an n-gram model of order "
                f"{order}; choose a lower order."
            )
        self._ids = seen  # of the numbers 0 … B - 2
        self._number = np.full(vocab_size, len(seen), dtype=np.int64)  # the last: never seen
        self._number[seen] = np.arange(len(seen))
        self.discounts: list[tuple[float, float, float]] = []  # of each order, from 1 up
        self._orders = self._counted(self._number[tokens])

    def logprob(self, tokens: np.ndarray, given: int = 0) -> np.ndarray:
        """Natural logarithm of each token's probability (N - given,), from what precedes it.

        tokens (N,) ids; the first `given` of them are context only.
        """
        numbers = self._number[np.asarray(tokens, dtype=np.int64)]
        p = np.full(len(numbers), 1 / self.vocab_size)
        for n, order in enumerate(self._orders):
            if len(numbers) > n:
                p[n:] = self._interpolated(order, self._keys(numbers, n + 1), p[n:])
        return np.log(p[given:])

    def cross_entropy(self, tokens: np.ndarray, given: int = 0) -> float:
        """Mean of -logprob, in nats per token."""
        return float(-self.logprob(tokens, given).mean())

    def distribution(self, context: list[int]) -> np.ndarray:
        """Probabilities (V,) of the token after a context of any length, even empty."""
        p = np.full(self.vocab_size, 1 / self.vocab_size)
        numbers = [int(self._number[i]) for i in context[max(0, len(context) - self.order + 1) :]]
        for n in range(len(numbers) + 1):
            order = self._orders[n]
            key = _number_of(numbers[len(numbers) - n :], self._base)
            i = int(np.searchsorted(order.contexts, key))
            if i == len(order.contexts) or order.contexts[i] != key:
                break  # a longer context wasn't met either
            here = slice(order.first[i], order.first[i + 1])
            p *= order.left[i]
            p[self._ids[order.keys[here] % self._base]] += order.kept[here]
        return p

    def sample(self, context: list[int], count: int, seed: int) -> list[int]:
        """Continue a context by `count` tokens; the same seed gives the same ones."""
        random = np.random.default_rng(seed)
        written = list(context)
        for _ in range(count):
            sums = self.distribution(written[len(written) - self.order :]).cumsum()
            written.append(int(np.searchsorted(sums, random.random() * sums[-1], "right")))
        return written[len(context) :]

    def _keys(self, numbers: np.ndarray, n: int) -> np.ndarray:
        """The keys (N - n + 1,) of all n-grams, in the order of the text."""
        count = len(numbers) - n + 1
        keys = numbers[:count].copy()
        for i in range(1, n):
            keys *= self._base
            keys += numbers[i : i + count]
        return keys

    def _counted(self, numbers: np.ndarray) -> list[_Order]:
        """Count the highest order in the text, and every lower one in the one above it."""
        orders: list[_Order] = []
        highest = min(self.order, len(numbers))
        keys, counts = _unique(self._keys(numbers, highest))
        for n in range(highest, 0, -1):
            discounts = estimate_discounts(counts)
            self.discounts.insert(0, discounts)
            orders.insert(0, self._made(keys, counts, discounts))
            # Each different n-gram is one context of the (n - 1)-gram that it ends with.
            keys, counts = _unique(keys % self._base ** (n - 1))
        self.order = highest
        return orders

    def _made(
        self, keys: np.ndarray, counts: np.ndarray, discounts: tuple[float, float, float]
    ) -> _Order:
        taken = np.array([0.0, *discounts])[np.minimum(counts, 3)]
        contexts, sizes = _unique(keys // self._base, ordered=True)
        first = np.concatenate([[0], np.cumsum(sizes)])
        total = np.add.reduceat(counts, first[:-1])
        left = np.add.reduceat(taken, first[:-1]) / total
        kept = (counts - taken) / np.repeat(total, sizes)
        return _Order(keys, kept, contexts, first, left)

    def _interpolated(self, order: _Order, keys: np.ndarray, lower: np.ndarray) -> np.ndarray:
        """p(w | h) of n-grams with these keys, from p(w | shorter h)."""
        gram, found = _places(order.keys, keys)
        context, met = _places(order.contexts, keys // self._base)
        kept = np.where(found, order.kept[gram], 0.0)
        return np.where(met, kept + order.left[context] * lower, lower)


def estimate_discounts(counts: np.ndarray) -> tuple[float, float, float]:
    """D(1), D(2), D(3 and more) from the counts of all n-grams: Chen and Goodman's equation 26.

    With n_k the number of n-grams that occur k times and Y = n1 / (n1 + 2 n2),

        D(k) = k - (k + 1) Y n_{k+1} / n_k

    FALLBACK where one of n1 … n4 is 0 or a discount would leave [0, k].
    """
    n1, n2, n3, n4 = (int(n) for n in np.bincount(np.minimum(counts, 5), minlength=6)[1:5])
    if not all((n1, n2, n3, n4)):
        return FALLBACK
    y = n1 / (n1 + 2 * n2)
    found = (1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3)
    if not all(0 <= discount <= k for k, discount in enumerate(found, 1)):
        return FALLBACK
    return found


def _unique(keys: np.ndarray, ordered: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """The different keys, ascending, and how often each occurs."""
    if not ordered:
        keys = np.sort(keys)
    new = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[new], np.diff(new, append=len(keys))


def _places(known: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each key stands among the known ones, and whether it is one of them."""
    places = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return places, known[places] == keys


def _number_of(numbers: list[int], base: int) -> int:
    key = 0
    for number in numbers:
        key = key * base + number
    return key
