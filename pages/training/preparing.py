"""A text made ready to train on: its tokenizer and its split, kept for all visitors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ui.services.caches import shared

if TYPE_CHECKING:
    from gpt_core.tokenizers import Tokenizer


@dataclass(frozen=True)
class Prepared:
    """A text as a run will see it. val_tokens, characters_per_token: of its last tenth."""

    tokenizer: Tokenizer
    val_tokens: int
    characters_per_token: float


@shared(wait="Training the tokenizer …")
def prepare(text: str, kind: str, vocab_size: int | None) -> Prepared:
    """Tokenizer and split of a text, made once for all visitors."""
    from gpt_core.tokenizers import train_tokenizer

    tokenizer = train_tokenizer(kind, text, vocab_size)
    unseen = text[int(0.9 * len(text)) :]  # the whole text would take seconds
    count = len(tokenizer.encode(unseen))
    return Prepared(tokenizer, count, len(unseen) / max(1, count))
