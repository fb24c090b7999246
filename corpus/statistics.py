"""Count a text, and measure how well it can be guessed from the last few characters."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import regex

WORD = regex.compile(r"\w+(?:['’]\w+)*")

# Stands for all characters that a training text lacks: the last code point, never a character.
UNKNOWN = chr(0x10FFFF)
# Below this many possible values, counting in a table is faster than sorting.
TABLE_SIZE = 1 << 24


@dataclass(frozen=True)
class TextStatistics:
    """Counts of a text, its most frequent characters and words, and its entropies.

    `entropy[n]` is the entropy of the next character when the n characters before it are
    known, in bits per character.
    """

    characters: int
    lines: int
    words: int
    character_vocabulary: int
    word_vocabulary: int
    top_characters: tuple[tuple[str, int], ...]
    top_words: tuple[tuple[str, int], ...]
    entropy: tuple[float, float, float]


def statistics(text: str, top: int = 20) -> TextStatistics:
    """Count a text: characters, lines, words (as written), vocabularies, entropies.

    The entropies are Shannon's F_1, F_2, F_3 ("Prediction and Entropy of Printed English",
    Bell System Technical Journal 30, 1951, section 2), over every n-gram of the text:

        H(c | h) = - sum over (h, c) of p(h, c) log2 p(c | h)

    with h the 0, 1 or 2 characters before c. They are measured on the text itself, so a
    longer h makes them too low: most of its pairs were seen once. For a bar that a model
    must beat on unseen text, see `ngram_cross_entropy`.
    """
    codes, alphabet = _codes(text)
    counts = np.bincount(codes, minlength=len(alphabet))
    order = np.argsort(-counts, kind="stable")[:top]
    words = Counter(WORD.findall(text))
    return TextStatistics(
        characters=len(text),
        lines=text.count("\n") + (not text.endswith("\n") and text != ""),
        words=words.total(),
        character_vocabulary=len(alphabet),
        word_vocabulary=len(words),
        top_characters=tuple((chr(alphabet[i]), int(counts[i])) for i in order),
        top_words=tuple(words.most_common(top)),
        entropy=_entropies(codes, len(alphabet)),
    )


def ngram_cross_entropy(train_text: str, val_text: str, order: int) -> float:
    """Return how many bits per character an n-gram model needs on unseen text.

    The model knows `order` characters before the next one, counts on `train_text`, and is
    measured on `val_text`, read as the continuation of `train_text`. It is smoothed by
    interpolation with the shorter contexts (Witten and Bell 1991, method C; Chen and
    Goodman 1998, section 2.6): with n(h) the count of context h and t(h) the number of
    different characters seen after it,

        p(c | h) = (n(h, c) + t(h) p(c | h without its first character)) / (n(h) + t(h))

    and below order 0 every character of `train_text` and one "unknown" are equally likely.
    All characters that `train_text` lacks count as that "unknown", as in a character
    tokenizer. Raises ValueError if a text is empty or `order` is negative.
    """
    if not train_text or not val_text or order < 0:
        raise ValueError("An n-gram model needs two texts that aren't empty and an order of 0 up.")
    known = set(train_text)
    val_text = "".join(c if c in known else UNKNOWN for c in val_text)
    codes, alphabet = _codes(train_text + val_text)
    cut = len(train_text)
    probability = np.full(len(val_text), 1 / (len(known) + 1))
    context = np.zeros(len(codes), dtype=np.int64)  # the id of the n characters before a place
    for n in range(order + 1):
        gram = _dense(context * len(alphabet) + codes)  # of these and the character itself
        train = slice(min(n, cut), cut)  # the first n places have too little before them
        probability = _interpolated(
            gram[train], context[train], gram[cut:], context[cut:], probability
        )
        context = np.concatenate([[0], gram[:-1]])
    return float(-np.log2(probability).mean())


def _interpolated(
    gram: np.ndarray,
    context: np.ndarray,
    val_gram: np.ndarray,
    val_context: np.ndarray,
    lower: np.ndarray,
) -> np.ndarray:
    """Return p(c | h) at every place of val: the formula of `ngram_cross_entropy`.

    The ids of (h, c) and h at every place, first of the training text, and p(c | shorter h).
    """
    size = 1 + max(ids.max(initial=0) for ids in (gram, context, val_gram, val_context))
    gram_count = np.bincount(gram, minlength=size)
    context_count = np.bincount(context, minlength=size)
    context_of_gram = np.zeros(size, dtype=np.int64)
    context_of_gram[gram] = context
    followers = np.bincount(context_of_gram[gram_count > 0], minlength=size)
    total = (context_count + followers)[val_context]
    joint = gram_count[val_gram] + followers[val_context] * lower
    return np.where(total > 0, joint / np.maximum(total, 1), lower)


def _codes(text: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the text as numbers 0..V-1, and the code point of each number, ascending."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    counts = np.bincount(points)
    alphabet = np.flatnonzero(counts)
    number = np.cumsum(counts > 0) - 1
    return number[points], alphabet


def _dense(values: np.ndarray) -> np.ndarray:
    """Renumber values as 0..K-1, equal ones alike."""
    if values.max() < TABLE_SIZE:
        seen = np.zeros(values.max() + 1, dtype=bool)
        seen[values] = True
        return (np.cumsum(seen) - 1)[values]
    return np.unique(values, return_inverse=True)[1]


def _entropies(codes: np.ndarray, alphabet_size: int) -> tuple[float, float, float]:
    """Return H(c), H(c | 1 before), H(c | 2 before) in bits; 0 where the text is too short."""
    found = [0.0, 0.0, 0.0]
    context = np.zeros(len(codes), dtype=np.int64)
    for n in range(min(3, len(codes))):
        gram = _dense(context * alphabet_size + codes[n:])
        # H(c | h) = H(h, c) - H(h), both over the same positions.
        found[n] = _entropy(gram) - _entropy(context)
        context = gram[:-1]
    return found[0], found[1], found[2]


def _entropy(values: np.ndarray) -> float:
    counts = np.bincount(values)
    p = counts[counts > 0] / len(values)
    return float(-(p * np.log2(p)).sum())
