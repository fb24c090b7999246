"""The same text cut in six ways, and the same small GPT trained on each for the same time.

All are judged by bits per character of the same validation text. A word that the word tokenizer
doesn't know costs what <unk> costs, and its letters on top, spelled out by how often each letter
comes: else it would be nearly free.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from gpt_core.experiments.ladder import CONTEXT, RUNGS, Ladder, climb
from gpt_core.tokenizers import GPT2Tokenizer, Tokenizer, train_tokenizer
from gpt_core.training.data import encode_to_array, windows

RUNG = RUNGS[-1]  # the whole GPT: four layers of attention and MLP


@dataclass(frozen=True)
class Racer:
    """A way to cut a text. make: its tokenizer, from the training text."""

    name: str
    make: Callable[[str], Tokenizer]


RACERS = (
    Racer("characters", lambda text: train_tokenizer("char", text)),
    Racer("words", lambda text: train_tokenizer("word", text, 5_000)),
    Racer("BPE, 384", lambda text: train_tokenizer("bpe", text, 384)),
    Racer("BPE, 1,024", lambda text: train_tokenizer("bpe", text, 1_024)),
    Racer("BPE, 2,048", lambda text: train_tokenizer("bpe", text, 2_048)),
    Racer("GPT-2's list", lambda text: GPT2Tokenizer.published()),
)


@dataclass(frozen=True)
class Cut:
    """A text cut by one tokenizer.

    train, val: ids. spelled: bits that the letters of unknown words in val cost. characters: of
    val, but for its first token's.
    """

    tokenizer: Tokenizer
    train: np.ndarray
    val: np.ndarray
    spelled: float
    characters: int


def cut(racer: Racer, train: str, val: str) -> Cut:
    """Make the racer's tokenizer of the training text, and cut both texts with it."""
    tokenizer = racer.make(train)
    first, *rest = tokenizer.tokenize(val)
    unknown = [token.text for token in rest if not token.known]
    return Cut(
        tokenizer,
        encode_to_array(tokenizer, train),
        encode_to_array(tokenizer, val),
        spelling_cost(unknown, train),
        len(val) - first.end,
    )


def spelling_cost(words: list[str], train: str) -> float:
    """Bits to spell words, each with a sign for its end, by how often the text has each letter.

    Letters that it lacks are one more letter, which came once, as the end came once for each word.
    """
    counts = Counter(letter for letter in train if not letter.isspace())
    ends = max(1, len(train.split()))
    total = counts.total() + ends + 1
    letters = sum(-math.log2(counts.get(letter, 1) / total) for word in words for letter in word)
    return letters - len(words) * math.log2(ends / total)


def race(racer: Cut, seconds: float, seed: int) -> Iterator[tuple[float, Ladder | None]]:
    """Train the GPT on a cut text; yield the processor seconds used, and in the end the model."""
    model = Ladder(RUNG, racer.tokenizer.vocab_size, seed)
    used = 0.0
    for used in climb(model, racer.train, seconds, seed):
        yield used, None
    yield used, model


@torch.no_grad()
def bits_per_character(model: Ladder, racer: Cut) -> float:
    """Of the whole validation text, in windows of the context without overlap."""
    total = racer.spelled
    for x, y in windows(racer.val, CONTEXT, batch_size=8):
        nats = F.cross_entropy(model(x).flatten(0, 1), y.flatten(), reduction="sum")
        total += nats.item() / math.log(2)
    return total / racer.characters
