"""How surprised a predictor is by a text: −log₂ of the probability that it gave each token."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gpt_core.evaluation.ngram import Ngram
from gpt_core.model.gpt import GPT
from gpt_core.tokenizers import Tokenizer
from gpt_core.training.data import encode_to_array
from gpt_core.training.evaluate import whole_split_loss


def token_bits(logits: Tensor, ids: Sequence[int]) -> Tensor:
    """Bits (T - 1,) that each token but the first cost: −log₂ p of it, given those before it.

    logits: (T, V), what the model said after each of the T ids.
    """
    logprob = logits[:-1].double().log_softmax(dim=-1)
    came = torch.tensor(ids[1:], dtype=torch.int64, device=logits.device)[:, None]
    return -logprob.gather(1, came)[:, 0] / math.log(2)


@dataclass(frozen=True)
class Cost:
    """What a text cost a predictor: bits in all, for so many tokens and so many characters."""

    bits: float
    tokens: int
    characters: int

    @property
    def per_token(self) -> float:
        """The loss, in bits per token."""
        return self.bits / self.tokens

    @property
    def per_character(self) -> float:
        """The same bits shared out over the characters, which all tokenizers have in common."""
        return self.bits / self.characters


def loses_nothing(tokenizer: Tokenizer, text: str) -> bool:
    """Whether the text comes back from its tokens exactly as it was."""
    return tokenizer.decode(tokenizer.encode(text)) == text


def cost_of(model: GPT, tokenizer: Tokenizer, text: str) -> Cost | None:
    """What a text costs the model, read in pieces of its context. None below two tokens.

    Nothing comes before the first token, so neither it nor its characters count.
    """
    ids = encode_to_array(tokenizer, text)
    if len(ids) < 2:
        return None
    nats = whole_split_loss(model, ids) * (len(ids) - 1)
    return _cost(nats, tokenizer, text, len(ids) - 1)


def counted_cost(tokenizer: Tokenizer, seen: str, unseen: str) -> Cost | None:
    """What a text costs a counter of pairs of tokens, which counted another. None as above."""
    counted, ids = (np.array(tokenizer.encode(text)) for text in (seen, unseen))
    if not len(counted) or len(ids) < 2:
        return None
    pairs = Ngram(counted, tokenizer.vocab_size, order=2)
    nats = pairs.cross_entropy(ids, given=1) * (len(ids) - 1)
    return _cost(nats, tokenizer, unseen, len(ids) - 1)


def _cost(nats: float, tokenizer: Tokenizer, text: str, tokens: int) -> Cost:
    characters = len(text) - tokenizer.tokenize(text)[0].end
    return Cost(nats / math.log(2), tokens, characters)
