"""A text made ready to train on: its tokenizer and its split, kept for all visitors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ui.services.caches import shared

if TYPE_CHECKING:
    from gpt_core.tokenizers import Tokenizer
    from ui.services.models import LoadedModel


COUNTED = 500_000  # characters whose tokens are counted


@dataclass(frozen=True)
class Prepared:
    """A text as a run will see it.

    val_tokens, characters_per_token: of its last tenth. token_bits: see RunRequest.
    """

    tokenizer: Tokenizer
    val_tokens: int
    characters_per_token: float
    token_bits: float | None


@shared(wait="Training the tokenizer …")
def prepare(text: str, kind: str, vocab_size: int | None) -> Prepared:
    """Tokenizer and split of a text, made once for all visitors."""
    from gpt_core.tokenizers import train_tokenizer

    return _prepared(text, train_tokenizer(kind, text, vocab_size))


@shared(wait="Cutting the text into tokens …")
def prepare_for(text: str, loaded: LoadedModel) -> Prepared:
    """The same with the tokenizer of a trained model."""
    return _prepared(text, loaded.tokenizer)


def _prepared(text: str, tokenizer: Tokenizer) -> Prepared:
    cut = int(0.9 * len(text))
    unseen = tokenizer.encode(text[cut:])  # the whole text would take seconds
    bits = None
    if tokenizer.kind != "char" and unseen:
        bits = token_bits(tokenizer.encode(text[:cut][-COUNTED:]), unseen, tokenizer.vocab_size)
    return Prepared(tokenizer, len(unseen), (len(text) - cut) / max(1, len(unseen)), bits)


@dataclass(frozen=True)
class Known:
    """What a model's tokenizer doesn't know of a text.

    unknown: characters or words and how often each occurs, most frequent first. share: of the
    text's tokens.
    """

    unknown: tuple[tuple[str, int], ...]
    share: float


@shared(wait="Reading the text …")
def known_to(text: str, loaded: LoadedModel) -> Known:
    """Look up every character or word of a text; byte pairs know them all."""
    from gpt_core.tokenizers import unknown_pieces

    unknown = unknown_pieces(loaded.tokenizer, text)
    share = unknown.total() / len(loaded.tokenizer.encode(text)) if unknown else 0.0
    return Known(tuple(unknown.most_common()), share)


def rhythm(steps: int) -> dict[str, int]:
    """How often to evaluate, sample and save: often enough to watch, seldom enough to be quick."""
    twentieth = max(5, steps // 20)
    return {
        "eval_interval": twentieth,
        "sample_interval": 2 * twentieth,
        "snapshot_interval": 2 * twentieth,
        "checkpoint_interval": min(50, 2 * twentieth),
    }


def token_bits(known: Sequence[int], unseen: Sequence[int], vocab_size: int) -> float:
    """Bits per unseen token for who has counted the known ones; one more of each, so none is 0."""
    counts = np.bincount(np.asarray(known, dtype=np.int64), minlength=vocab_size) + 1
    bits = np.log2(counts.sum()) - np.log2(counts)
    return float(bits[np.asarray(unseen)].mean())
