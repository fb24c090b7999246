"""From an average to attention in four steps, and what the division by √D is for.

The four steps follow the "GPT From Scratch" notebooks: a loop, a matrix of ones, the softmax of a
mask, and weights that depend on the tokens (Vaswani et al. 2017, section 3.2). T tokens, C channels
each; a head is D wide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from gpt_core.model.gpt import GPT, CausalSelfAttention, rotate
from gpt_core.model.observe import intervene, scale
from gpt_core.model.recording import run


@dataclass(frozen=True)
class Averaged:
    """An average of tokens with what led to it.

    stages: matrices (T, T) by name, in the order in which they were made; the last one holds the
    weights, whose rows sum to 1. output: (T, C), weights @ x.
    """

    stages: dict[str, Tensor]
    output: Tensor

    @property
    def weights(self) -> Tensor:
        """(T, T): row t says how much of every token goes into token t's average."""
        return list(self.stages.values())[-1]


def average_by_loop(x: Tensor) -> Tensor:
    """Replace every token by the mean of itself and all earlier ones, (T, C) → (T, C)."""
    averages = torch.empty_like(x)
    for t in range(len(x)):
        averages[t] = x[: t + 1].mean(dim=0)
    return averages


def average_by_matrix(x: Tensor) -> Averaged:
    """The same as one matrix product: row t of the weights has 1 / (t + 1) up to column t."""
    ones = x.new_ones(len(x), len(x))
    lower = ones.tril()
    weights = lower / lower.sum(dim=1, keepdim=True)
    return Averaged({"ones": ones, "tril": lower, "weights": weights}, weights @ x)


def average_by_softmax(x: Tensor) -> Averaged:
    """The same once more: equal scores, the future at −∞, and softmax shares out what is left."""
    scores = x.new_zeros(len(x), len(x))
    masked = hide_future(scores)
    weights = masked.softmax(dim=1)
    return Averaged({"scores": scores, "masked": masked, "weights": weights}, weights @ x)


def average_by_data(q: Tensor, k: Tensor, x: Tensor) -> Averaged:
    """The scores are no longer zeros: they say how well query i fits key j, so weights differ.

    q, k: (T, D). x: (T, C). Averages x as one attention head averages its values.
    """
    scores = q @ k.T / math.sqrt(q.shape[1])
    masked = hide_future(scores)
    weights = masked.softmax(dim=1)
    return Averaged({"scores": scores, "masked": masked, "weights": weights}, weights @ x)


def four_steps(x: Tensor, q: Tensor, k: Tensor) -> dict[str, Averaged]:
    """All four on the same x (T, C): "loop", "matrix", "softmax", and "data" by q and k (T, D).

    The loop has no matrix; averaging the identity matrix shows the weights that it works with.
    """
    identity = torch.eye(len(x), dtype=x.dtype)
    return {
        "loop": Averaged({"weights": average_by_loop(identity)}, average_by_loop(x)),
        "matrix": average_by_matrix(x),
        "softmax": average_by_softmax(x),
        "data": average_by_data(q, k, x),
    }


def hide_future(scores: Tensor) -> Tensor:
    """Scores (…, T, T) with −∞ above the diagonal, where the asked token is a later one."""
    later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
    return scores.masked_fill(later, -math.inf)


@dataclass(frozen=True)
class Difference:
    """How far two results are from each other, and what `torch.allclose` says of them.

    largest: of all |first − second|. close: torch.allclose with its default tolerances: everywhere
    |first − second| ≤ 1e-8 + 1e-5 · |second|. place: the index where that is missed by most, or
    met by least; first, second: the numbers there; allowed: the tolerance there.
    """

    largest: float
    close: bool
    place: tuple[int, ...]
    first: float
    second: float
    allowed: float


def compare(first: Tensor, second: Tensor) -> Difference:
    """Compare two tensors of one shape, number by number."""
    gap = (first.double() - second.double()).abs()
    allowed = 1e-8 + 1e-5 * second.double().abs()
    place = tuple(int(i) for i in torch.unravel_index((gap - allowed).argmax(), gap.shape))
    return Difference(
        largest=gap.max().item(),
        close=torch.allclose(first, second),
        place=place,
        first=first[place].item(),
        second=second[place].item(),
        allowed=allowed[place].item(),
    )


def exact_mean(x: Tensor, place: Sequence[int]) -> float:
    """The average at a place (token, channel), its sum not rounded before it is divided."""
    token, channel = place
    return math.fsum(x[: token + 1, channel].tolist()) / (token + 1)


@dataclass(frozen=True)
class HeadView:
    """One head on T tokens, every step written out.

    x: (T, C), what attention reads. plain_q, plain_k: (T, D), x times the head's matrices plus
    bias. q, k: the same as they meet, after query-key norm and rotary positions where the model
    has them. v: (T, D). scores: (T, T), q·k / √D, −∞ where masked. weights: their softmax.
    z: (T, D), the weighted sums of values. error: the largest difference between any of these and
    what flowed through the model itself.
    """

    x: Tensor
    plain_q: Tensor
    plain_k: Tensor
    q: Tensor
    k: Tensor
    v: Tensor
    scores: Tensor
    weights: Tensor
    z: Tensor
    error: float


@torch.no_grad()
def view_head(model: GPT, ids: Sequence[int], layer: int, head: int) -> HeadView:
    """Run the model over ids (1 to block_size) and calculate one head again, step by step."""
    block = model.blocks[layer]
    names = ("q", "k", "v", "pattern", "z")
    kept = run(model, ids, *(f"blocks.{layer}.{name}" for name in ("resid_pre", *names)))
    stream = kept[f"blocks.{layer}.resid_pre"]
    x = block.norm1(stream[None])[0] if block.pre_norm else stream
    plain_q, plain_k, v = project(block.attn, x, head)
    q, k = meet(block.attn, plain_q), meet(block.attn, plain_k)
    scores = q @ k.T / math.sqrt(model.config.head_dim)
    if model.config.causal:
        scores = hide_future(scores)
    weights = scores.softmax(dim=1)
    z = weights @ v
    own = [kept[f"blocks.{layer}.{name}"][head] for name in names]
    pairs = zip((q, k, v, weights, z), own, strict=True)
    error = max((mine - theirs).abs().max().item() for mine, theirs in pairs)
    return HeadView(x, plain_q, plain_k, q, k, v, scores, weights, z, error)


def project(attn: CausalSelfAttention, x: Tensor, head: int) -> tuple[Tensor, Tensor, Tensor]:
    """A head's queries, keys and values of x (T, C): three products with (C, D), each (T, D)."""
    H, D, C = attn.config.n_head, attn.config.head_dim, attn.config.n_embd
    W_q, W_k, W_v = attn.qkv.weight.view(3, H, D, C)[:, head]  # PyTorch keeps them as (D, C)
    q, k, v = x @ W_q.T, x @ W_k.T, x @ W_v.T
    if attn.qkv.bias is not None:
        b_q, b_k, b_v = attn.qkv.bias.view(3, H, D)[:, head]
        q, k, v = q + b_q, k + b_k, v + b_v
    return q, k, v


def meet(attn: CausalSelfAttention, x: Tensor) -> Tensor:
    """Queries or keys (T, D) as they meet: at length √D (query-key norm), turned (rotary)."""
    if attn.config.qk_norm:
        x = torch.nn.functional.rms_norm(x, x.shape[-1:])
    if attn.config.position == "rope":
        x = rotate(x, attn.cos[: len(x)], attn.sin[: len(x)])
    return x


@dataclass(frozen=True)
class Sharpness:
    """How unevenly softmax shares out attention, over rows that see at least two tokens.

    spread: standard deviation of the scores after dividing, masked ones left out. entropy: mean
    over rows, in nats. evenness: mean of entropy / log(tokens seen): 1 is a plain average, 0 one
    token that takes all. largest: mean of each row's largest weight.
    """

    spread: float
    entropy: float
    evenness: float
    largest: float


def raw_scores(q: Tensor, k: Tensor) -> Tensor:
    """Every query times every key, not divided by anything: (…, T, D) twice → (…, T, T)."""
    return q @ k.transpose(-2, -1)


def random_scores(heads: int, T: int, D: int, seed: int) -> Tensor:
    """Raw scores (heads, T, T) of queries and keys drawn from a normal distribution, variance 1."""
    generator = torch.Generator().manual_seed(seed)
    q, k = torch.randn(2, heads, T, D, generator=generator)
    return raw_scores(q, k)


def divided_softmax(raw: Tensor, divisor: float, causal: bool) -> Tensor:
    """Attention weights (…, T, T) from raw scores that are divided by any number."""
    scores = raw / divisor
    return (hide_future(scores) if causal else scores).softmax(dim=-1)


def sharpness(raw: Tensor, divisor: float, causal: bool) -> Sharpness:
    """Measure softmax(raw / divisor) over all heads and rows of raw (…, T, T).

    Raises ValueError for a single token, whose only weight is 1 whatever the scores are.
    """
    T = raw.shape[-1]
    if T < 2:
        raise ValueError("One token shares its attention with nobody; give at least two.")
    visible = torch.ones(T, T, dtype=torch.bool, device=raw.device)
    visible = visible.tril() if causal else visible
    weights = divided_softmax(raw, divisor, causal)
    entropy = torch.special.entr(weights).sum(dim=-1)  # −p · log p, and 0 for p = 0
    seen = visible.sum(dim=-1)
    rows = seen > 1
    return Sharpness(
        spread=(raw[..., visible] / divisor).std(correction=0).item(),
        entropy=entropy[..., rows].mean().item(),
        evenness=(entropy / seen.log())[..., rows].mean().item(),
        largest=weights.amax(dim=-1)[..., rows].mean().item(),
    )


@torch.no_grad()
def losses_when_divided(model: GPT, ids: Sequence[int], divisors: Sequence[float]) -> list[float]:
    """The loss on ids when every layer divides its scores by a divisor instead of √D, for each.

    In nats per token. The weights stay as they were learned, with √D. Raises ValueError for a
    single token, which has no loss.
    """
    if len(ids) < 2:
        raise ValueError("One token has no loss: give at least two.")
    idx = torch.tensor([list(ids)] * len(divisors), device=model.device)
    factors = math.sqrt(model.config.head_dim) / torch.tensor(divisors, device=idx.device)
    with intervene(model, {"blocks.*.scores": scale(factors[:, None, None, None])}):
        logits, _ = model(idx[:, :-1])  # one copy of the text for each divisor
    return [F.cross_entropy(*text).item() for text in zip(logits, idx[:, 1:], strict=True)]
