"""What the Surprise lesson computes of the prompt, the model and the visitor's text."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

import corpus
from gpt_core.evaluation.held_out import held_out
from gpt_core.evaluation.surprise import (
    Cost,
    cost_of,
    counted_cost,
    loses_nothing,
    token_bits,
)
from gpt_core.experiments.bigram import (
    MOST_SCORES,
    Bigram,
    loss_on_pairs,
    pair_counts,
    pair_entropy,
    train_bigram,
)
from gpt_core.model.recording import run
from gpt_core.tokenizers import train_tokenizer
from gpt_core.training.run_files import RunError
from ui.services.caches import Aside, shared
from ui.services.models import LoadedModel

if TYPE_CHECKING:
    from gpt_core.tokenizers import Tokenizer

MOST_CHARACTERS = math.isqrt(MOST_SCORES)  # different ones, "unknown" among them
BYTE_PAIRS = 512
WRITTEN = 120  # characters
_MOST_UNSEEN, _MOST_FOR_LARGE = 20_000, 2_000  # characters that the predictors are asked about
_LARGE = 10_000_000  # parameters
_PIECES = 12
_MOST_LEARNED = 500_000  # characters


@dataclass(frozen=True)
class Halves:
    """A text's first nine tenths, to count and to learn, and the beginning of its last tenth.

    key: what tells it from others, see `ui.services.caches.shared`.
    """

    seen: str
    unseen: str
    key: str

    @property
    def learned(self) -> str:
        """What a table of pairs and a tokenizer learn from: as much as takes no time."""
        return self.seen[:_MOST_LEARNED]


def halves_of(text: str, loaded: LoadedModel) -> Halves:
    """The chosen text, cut by position. A large model is asked about less: nobody waits long."""
    cut, large = int(0.9 * len(text)), loaded.model.num_parameters() > _LARGE
    unseen = text[cut : cut + (_MOST_FOR_LARGE if large else _MOST_UNSEEN)]
    whole = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return Halves(text[:cut], unseen, f"{whole} {len(unseen)}")


@dataclass(frozen=True)
class Counted:
    """Bits per character of the unseen text, of whoever counted the seen text.

    own: of the counter of pairs on what it counted. part: how many characters that are, where they
    are not all of the seen text, else 0. triples: with two characters known instead of one. known:
    how many different characters the seen text has. strangers: how many characters of the unseen
    text it lacks. vocabulary: rows of a table of pairs of characters. sharing: how many rare
    characters have to share one of them.
    """

    letters: float
    pairs: float
    triples: float
    own: float
    known: int
    strangers: int
    vocabulary: int
    sharing: int
    part: int = 0

    @property
    def guessing(self) -> float:
        """All known characters are equally likely, and so is one that stands for all others."""
        return math.log2(self.known + 1)


@shared(wait="Counting …")
def counted(halves: Halves) -> Counted:
    known = set(halves.seen)
    letters, pairs, triples = (
        corpus.ngram_cross_entropy(halves.seen, halves.unseen, order) for order in range(3)
    )
    tokenizer, tokens = _as_characters(halves)
    own = pair_entropy(pair_counts(tokens, tokenizer.vocab_size)) / math.log(2)
    strangers = sum(character not in known for character in halves.unseen)
    size = tokenizer.vocab_size
    return Counted(
        letters,
        pairs,
        triples,
        own,
        known=len(known),
        strangers=strangers,
        vocabulary=size,
        sharing=len(set(halves.learned)) + 1 - size,
        part=len(halves.learned) if len(halves.learned) < len(halves.seen) else 0,
    )


@shared()
def _as_characters(halves: Halves) -> tuple[Tokenizer, torch.Tensor]:
    tokenizer = train_tokenizer("char", halves.learned, MOST_CHARACTERS)
    return tokenizer, _tensor(tokenizer, halves.learned)


@shared(wait="Reading the unseen text …")
def model_cost(loaded: LoadedModel, unseen: str) -> Cost | None:
    """What the text costs the loaded model; None where its tokenizer would lose some of it."""
    if not loses_nothing(loaded.tokenizer, unseen):
        return None
    return cost_of(loaded.model, loaded.tokenizer, unseen)


@dataclass(frozen=True)
class AtHome:
    """Bits per character on text of the kind that a model learned, held out from it."""

    per_character: float
    what: str


@shared()
def at_home(loaded: LoadedModel) -> AtHome | None:
    """None where the model's own text is not here."""
    try:
        found = held_out(loaded.run, _PIECES)
    except RunError:
        return None
    pieces = [piece for piece in found.pieces if len(piece.ids) > 1 and piece.characters]
    if not pieces:
        return None
    bits = sum(token_bits(run(loaded.model, p.ids).logits, p.ids).sum().item() for p in pieces)
    return AtHome(bits / sum(piece.characters for piece in pieces), found.what)


@shared(wait="Counting pairs …")
def by_tokenizer(halves: Halves) -> dict[str, Cost]:
    """The same counter of pairs on the same unseen text, cut into characters and byte pairs.

    A tokenizer that would lose some of the text is left out.
    """
    found: dict[str, Cost] = {}
    for name, kind, size in (("characters", "char", None), ("byte pairs", "bpe", BYTE_PAIRS)):
        tokenizer = train_tokenizer(kind, halves.learned, size)
        if loses_nothing(tokenizer, halves.unseen):
            cost = counted_cost(tokenizer, halves.learned, halves.unseen)
            if cost:
                found[name] = cost
    return found


@dataclass(frozen=True)
class Trained:
    """A table of pairs before and after training; losses in bits per character.

    losses: after so many steps, on the text that it learned from. unseen: its loss on the text that
    it did not see. before, after: what it wrote.
    """

    steps: tuple[int, ...]
    losses: tuple[float, ...]
    unseen: float | None
    before: str
    after: str


Progress = Callable[[list[int], list[float]], None]


@shared()
def trained(halves: Halves, seed: int, progress: Aside[Progress]) -> Trained:
    """Train a table on the text. progress: is told the steps and losses so far."""
    tokenizer, tokens = _as_characters(halves)
    model, first = Bigram(tokenizer.vocab_size, seed), int(tokens[0])
    before = tokenizer.decode(model.write(first, WRITTEN, seed))
    steps: list[int] = []
    losses: list[float] = []
    for step, nats in train_bigram(model, tokens, seed=seed):
        steps.append(step)
        losses.append(nats / math.log(2))
        progress.value(steps, losses)
    return Trained(
        tuple(steps),
        tuple(losses),
        _loss_on(model, tokenizer, halves.unseen),
        before,
        tokenizer.decode(model.write(first, WRITTEN, seed)),
    )


def _tensor(tokenizer: Tokenizer, text: str) -> torch.Tensor:
    return torch.tensor(tokenizer.encode(text))


def _loss_on(model: Bigram, tokenizer: Tokenizer, text: str) -> float | None:
    tokens = _tensor(tokenizer, text)
    if len(tokens) < 2:
        return None
    return loss_on_pairs(model, pair_counts(tokens, tokenizer.vocab_size)) / math.log(2)
