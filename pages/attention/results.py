"""What the Attention lesson computes: which word a pronoun stands for, and what a mask is for."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from corpus.sitcom.show import the_show
from gpt_core.interpret.attention import Head, trace_attention
from gpt_core.model.gpt import GPT
from gpt_core.tokenizers import Token, Tokenizer
from ui.services.caches import shared
from ui.services.models import LoadedModel
from ui.services.study import Study
from ui.services.traces import attention_of
from ui.show.numbers import near_even

POOLS = ("small", "large")  # of the show's things


@dataclass(frozen=True)
class Meaning:
    """What a model makes of “It” in a sentence about a thing.

    tokens: of the sentence; place: where the thing begins. head: the one that looks most from the
    last token at the thing; weights: its last row, (T,). before, after: the next token's
    probabilities (V,) with all heads and without this one. right, wrong: the probability of the
    whole thing, before and after. things: the probability of the first tokens of all the show's
    things, without this head. needed: other heads without which the whole thing gets less than half
    of what it had.
    """

    tokens: tuple[Token, ...]
    place: int
    head: Head
    weights: Tensor
    before: Tensor
    after: Tensor
    right: float
    wrong: float
    things: float
    needed: tuple[Head, ...]


@dataclass(frozen=True)
class Row:
    """One row of a head if nothing were masked. future: the share of all later tokens."""

    position: int
    future: float


@shared()
def meaning_of(loaded: LoadedModel, text: str, thing: str) -> Meaning:
    """Read a text that names the thing, and that “ thing” would end; then without each head."""
    model, tokenizer = loaded.model, loaded.tokenizer
    tokens = tuple(tokenizer.tokenize(text))
    ids = [token.id for token in tokens]
    start = text.index(thing)
    place = next(i for i, token in enumerate(tokens) if token.end > start + 1)
    whole = trace_attention(model, ids)
    weights = whole.pattern[:, :, -1]  # (L, H, T)
    head = divmod(int(weights[:, :, place].argmax()), model.config.n_head)
    heads = [(i, j) for i in range(model.config.n_layer) for j in range(model.config.n_head)]
    right = share_of(loaded, text, thing)
    without = {one: share_of(loaded, text, thing, (one,)) for one in heads}
    after = trace_attention(model, ids, (head,)).logits[-1].softmax(dim=-1)
    return Meaning(
        tokens=tokens,
        place=place,
        head=head,
        weights=weights[head],
        before=whole.logits[-1].softmax(dim=-1),
        after=after,
        right=right,
        wrong=without[head],
        things=after[first_tokens(tokenizer, text)].sum().item(),
        needed=tuple(one for one in heads if one != head and without[one] < right / 2),
    )


def can_read(loaded: LoadedModel, text: str) -> bool:
    """Whether its tokenizer knows all of a text, and its context has room for it."""
    tokens = loaded.tokenizer.tokenize(text)
    return all(each.known for each in tokens) and len(tokens) <= loaded.model.config.block_size


@shared()
def share_of(loaded: LoadedModel, text: str, thing: str, without: tuple[Head, ...] = ()) -> float:
    """The probability that a text goes on with the whole thing; the model `can_read` both."""
    tokens = loaded.tokenizer.tokenize(f"{text} {thing}")
    ids = [token.id for token in tokens]
    new = [i for i, token in enumerate(tokens) if token.end > len(text)]
    logs = trace_attention(loaded.model, ids, without).logits.log_softmax(dim=-1)
    return torch.stack([logs[i - 1, ids[i]] for i in new]).sum().exp().item()


def first_tokens(tokenizer: Tokenizer, text: str) -> list[int]:
    """The tokens that the show's things begin with after a text."""
    start = len(tokenizer.encode(text))
    things = (thing for pool in POOLS for thing in the_show().pools[pool])
    return sorted({tokenizer.encode(f"{text} {thing}")[start] for thing in things})


@shared()
def unmasked_row(study: Study, head: Head) -> Row:
    """The middle row of a head, if softmax saw the scores of later tokens as well.

    The text has two tokens or more, so there is a later one.
    """
    trace = attention_of(study).trace
    row = (len(study.ids) - 1) // 2
    scores = trace.q[head][row] @ trace.k[head].T / study.model.config.head_dim**0.5
    return Row(row, scores.softmax(dim=-1)[row + 1 :].sum().item())


@dataclass(frozen=True)
class FirstToken:
    """What all heads give to the first token, on average over the rows after it.

    shares: by (layer, head), in order. even: what a row that spread its attention evenly would
    give. most: in how many heads some later row gives it more than any other token, and clearly
    more than an even share.
    """

    shares: list[float]
    even: float
    most: int


@shared()
def first_token(study: Study) -> FirstToken | None:
    """None for a text of one token."""
    pattern = attention_of(study).trace.pattern.flatten(0, 1)[:, 1:]  # (L·H, T - 1, T)
    if not pattern.shape[1]:
        return None
    T, causal = pattern.shape[2], study.model.config.causal
    seen = torch.arange(2, T + 1).float() if causal else torch.full((T - 1,), float(T))
    favourite = (pattern.argmax(dim=-1) == 0) & ~near_even(pattern[:, :, 0], seen)
    most = favourite.any(dim=-1).sum()
    return FirstToken(pattern[:, :, 0].mean(dim=-1).tolist(), (1 / seen).mean().item(), int(most))


def multiplications(model: GPT, T: int) -> tuple[int, int]:
    """Of one layer on T tokens: for scores and weighted sums, and in its weight matrices."""
    weights = sum(p.numel() for p in model.blocks[0].parameters() if p.dim() == 2)
    return 2 * T * T * model.config.n_embd, T * weights
