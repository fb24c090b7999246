"""Held-out text and a model's go at the same: both begin alike, and go on each in its own way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from random import Random

from gpt_core.evaluation.held_out import Piece
from gpt_core.generate.sample import SampleConfig, generate
from gpt_core.model.gpt import GPT
from gpt_core.tokenizers import Tokenizer


@dataclass(frozen=True)
class Continuation:
    """A beginning, what stands after it in the text, and what the model wrote instead."""

    beginning: str
    real: str
    written: str


def continuations(
    model: GPT, tokenizer: Tokenizer, pieces: Iterable[Piece], given: int, config: SampleConfig
) -> Iterator[Continuation]:
    """The first `given` tokens of each piece, continued by as many tokens as the piece has left.

    model: in eval mode. config.seed: of the first piece; each has a seed of its own. Pieces that
    have no more than `given` tokens are left out.
    """
    for number, piece in enumerate(pieces):
        left = len(piece.ids) - given
        if left < 1:
            continue
        seed = Random(f"{config.seed} {number}").getrandbits(62)
        own = replace(config, seed=seed, max_new_tokens=left, stop=())
        ids = [step.token for step in generate(model, piece.ids[:given], own)]
        cut, end = piece.tokens[given].start, piece.tokens[-1].end
        beginning = piece.text[piece.tokens[0].start : cut]
        yield Continuation(beginning, piece.text[cut:end], tokenizer.decode(ids))
