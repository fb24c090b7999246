"""A text as an array of token ids: the split, training batches, and windows to evaluate on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from gpt_core.tokenizers import Tokenizer


class DataError(ValueError):
    """Tokens that can't be trained on; the message says what to do."""


@dataclass(frozen=True)
class TokenData:
    """What a model learns from, and what it is measured on.

    train, val: token ids, (N,) each. starts: where documents begin in the one and in the other;
    None where pieces begin anywhere, see `batch`. weights: (V,), how much each token id counts in
    the loss before the learning rate falls; None where all count once.
    """

    train: np.ndarray
    val: np.ndarray
    starts: tuple[np.ndarray, np.ndarray] | None = None
    weights: np.ndarray | None = None


def encode_to_array(tokenizer: Tokenizer, text: str) -> np.ndarray:
    """Return the token ids of a text, shape (N,), as uint16, or uint32 above 65,536 ids."""
    kind = np.uint16 if tokenizer.vocab_size <= 1 << 16 else np.uint32
    return np.array(tokenizer.encode(text), dtype=kind)


def split(tokens: np.ndarray, val_fraction: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Cut tokens (N,) by position: the last `val_fraction` of them is for validation.

    Both parts are views. Raises DataError if `val_fraction` isn't between 0 and 1.
    """
    if not 0 < val_fraction < 1:
        raise DataError("val_fraction must be between 0 and 1: 0.1 keeps a tenth for validation.")
    cut = int(len(tokens) * (1 - val_fraction))
    return tokens[:cut], tokens[cut:]


def starts_of(tokens: np.ndarray, separator: Sequence[int]) -> np.ndarray:
    """Where in tokens (N,) documents begin, each with the separator before it: its positions.

    Raises DataError if it stands nowhere.
    """
    found = np.ones(max(0, len(tokens) - len(separator) + 1), dtype=bool)
    for offset, token in enumerate(separator):
        found &= tokens[offset : offset + len(found)] == token
    if not found.any():
        raise DataError(
            "The text has no documents: nowhere do two blank lines stand before a line."
        )
    return np.flatnonzero(found)


def batch(
    tokens: np.ndarray,
    step: int,
    *,
    batch_size: int,
    block_size: int,
    seed: int,
    starts: np.ndarray | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the batch of a step: x and y, both (batch_size, block_size) int64.

    Every row of x is a piece of the tokens from a random place, and y is the same piece one
    token later: y[b, t] is what follows x[b, t]. The places depend on (seed, step) alone, so a
    run resumed at a step goes on with the same batches. starts: where pieces begin, but for one
    in eight, which begins anywhere as all do by default; those too near the end don't count.
    Raises DataError if there are fewer than block_size + 1 tokens.
    """
    last = _places_for(block_size, tokens)
    draw = np.random.default_rng((seed, step))
    places = draw.integers(last, size=batch_size)
    if starts is not None:
        usable = starts[: np.searchsorted(starts, last)]  # they ascend
        if not len(usable):
            raise DataError(
                f"No document has {block_size + 1:,} tokens after its beginning: use a longer text "
                "or a shorter context."
            )
        count = batch_size - batch_size // 8  # a prompt may begin in the middle of a document, too
        places[:count] = draw.choice(usable, size=count)
    return _pieces(tokens, places, block_size)


def dealt_batch(
    tokens: np.ndarray, step: int, *, batch_size: int, block_size: int, seed: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """As `batch`, but the pieces are dealt out as in `_dealt`."""
    _places_for(block_size, tokens)
    pieces = range(step * batch_size, (step + 1) * batch_size)
    return _pieces(tokens, _dealt(len(tokens), pieces, block_size, seed), block_size)


def _dealt(length: int, pieces: range, block_size: int, seed: int) -> np.ndarray:
    """Where the pieces of these numbers, counted over the whole run, begin in a text of `length`.

    The text is cut into pieces side by side, which are dealt like cards: none comes again before
    all others have been there. Then it is cut anew, a little further on, and shuffled anew.
    """
    count = max(1, (length - block_size) // block_size)
    room = min(block_size, length - block_size * count)  # where the first piece may begin
    places = []
    for number in pieces:
        order, first = _shuffled(count, room, seed, number // count)
        places.append(first + block_size * order[number % count])
    return np.array(places)


@lru_cache(2)
def _shuffled(count: int, room: int, seed: int, time: int) -> tuple[np.ndarray, int]:
    """In which order pieces come the n-th time that the text is dealt, and where the first begins.

    A function of its arguments alone, so that a run resumed anywhere goes on with the same pieces.
    """
    draw = np.random.default_rng((seed, time))
    return draw.permutation(count), int(draw.integers(room))


def _places_for(block_size: int, tokens: np.ndarray) -> int:
    """At how many places a piece and what follows it can begin. Raises DataError if at none."""
    if len(tokens) < block_size + 1:
        raise DataError(
            f"After the split {len(tokens):,} {'token is' if len(tokens) == 1 else 'tokens are'}"
            f" left, and a context of {block_size:,} needs at least {block_size + 1:,}: use a"
            " longer text or a shorter context."
        )
    return len(tokens) - block_size


def _pieces(
    tokens: np.ndarray, places: np.ndarray, block_size: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The pieces that begin at some places, x and y as in `batch`."""
    return _shifted(tokens[places[:, None] + np.arange(block_size + 1)].astype(np.int64))


def windows(
    tokens: np.ndarray, block_size: int, batch_size: int = 32
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Go once through all tokens without overlap: yield x and y, both (B, T) int64.

    B ≤ batch_size, T = block_size; a remainder comes last, as one shorter row. Every token but
    the first is a target exactly once, so a mean over the whole split weights each (B, T) by
    its size. Raises DataError if there are fewer than 2 tokens.
    """
    if len(tokens) < 2:
        raise DataError("There is no token to predict: use a longer text.")
    whole = (len(tokens) - 1) // block_size
    for first in range(0, whole, batch_size):
        places = np.arange(first, min(first + batch_size, whole)) * block_size
        yield _shifted(tokens[places[:, None] + np.arange(block_size + 1)].astype(np.int64))
    rest = tokens[whole * block_size :]
    if len(rest) > 1:
        yield _shifted(rest[None].astype(np.int64))


def _shifted(pieces: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Cut (B, T + 1) into x, all but the last column, and y, all but the first."""
    whole = torch.from_numpy(pieces)
    return whole[:, :-1].contiguous(), whole[:, 1:].contiguous()
