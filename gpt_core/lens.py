"""Look through a model: what its attention does on one text, and what a head was for.

Built on `record` and `intervene`; nothing here changes a weight.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from gpt_core.model import GPT
from gpt_core.observe import Change, intervene, record, zero_heads

Head = tuple[int, int]
"""A head by its layer and its number in that layer, both counted from 0."""


@dataclass(frozen=True)
class AttentionTrace:
    """What one forward pass over T tokens shows of attention (L layers, H heads of width D).

    q, k, v: (L, H, T, D), as they meet: after rotary positions and query-key norm.
    pattern: (L, H, T, T); row i says how position i spreads its attention, and sums to 1.
    logits: (T, V), the scores for the token that follows each position.
    without: the heads that were removed during this pass.
    """

    q: Tensor
    k: Tensor
    v: Tensor
    pattern: Tensor
    logits: Tensor
    without: tuple[Head, ...] = ()


@dataclass(frozen=True)
class Ablation:
    """The next token's probabilities, (V,), and the text's own loss, before and after.

    Losses are in nats per token, over the T - 1 tokens that have one before them; None for a text
    of one token, which has none.
    """

    before: Tensor
    after: Tensor
    loss_before: float | None
    loss_after: float | None


def without_heads(heads: Iterable[Head]) -> dict[str, Change]:
    """The intervention that removes heads: their z is set to zero, so they add nothing.

    "Zero ablation" (Michel, Levy & Neubig 2019, "Are Sixteen Heads Really Better than One?"). The
    bias of the output projection stays: it belongs to no head.
    """
    by_layer: dict[int, list[int]] = {}
    for layer, head in heads:
        by_layer.setdefault(layer, []).append(head)
    return {f"blocks.{layer}.z": zero_heads(*numbers) for layer, numbers in by_layer.items()}


@torch.no_grad()
def trace_attention(model: GPT, ids: Sequence[int], without: Iterable[Head] = ()) -> AttentionTrace:
    """Run the model once over ids (at most block_size of them) and keep what attention did.

    Raises ValueError for an empty or too long text, and for a head that the model does not have.
    """
    without = tuple(sorted(set(without)))
    config = model.config
    for layer, head in without:
        if not (0 <= layer < config.n_layer and 0 <= head < config.n_head):
            raise ValueError(
                f"There is no head {head} in layer {layer}; the model has {config.n_layer} "
                f"layers of {config.n_head} heads, both counted from 0."
            )
    names = ("q", "k", "v", "pattern")
    idx = torch.tensor([list(ids)], device=model.wte.weight.device)
    watch = record(model, *(f"blocks.*.{name}" for name in names))
    with intervene(model, without_heads(without)), watch as tensors:
        logits, _ = model(idx)
    layers = range(config.n_layer)
    kept = {name: torch.cat([tensors[f"blocks.{i}.{name}"] for i in layers]) for name in names}
    return AttentionTrace(**kept, logits=logits[0], without=without)


def compare(ids: Sequence[int], before: AttentionTrace, after: AttentionTrace) -> Ablation:
    """What differs between two passes over the same ids, one of them with heads removed."""
    return Ablation(
        before=before.logits[-1].float().softmax(dim=-1),
        after=after.logits[-1].float().softmax(dim=-1),
        loss_before=_loss(before.logits, ids),
        loss_after=_loss(after.logits, ids),
    )


def ablate(model: GPT, ids: Sequence[int], heads: Iterable[Head]) -> Ablation:
    """Run the model over ids with and without some heads and compare what it predicts.

    A small change does not prove a head useless: the others may stand in for it, and another text
    may need it. Raises ValueError as `trace_attention` does.
    """
    return compare(ids, trace_attention(model, ids), trace_attention(model, ids, heads))


def written_length(model: GPT, layer: int, head: int, v: Tensor) -> Tensor:
    """How long a vector each position's v (T, D) becomes when a head writes it out, (T,).

    ‖v_j W_O‖, W_O being the head's rows of the output projection: times the attention weight it is
    the length of what position j adds to the residual stream through this head (Kobayashi et al.
    2020, "Attention Is Not Only a Weight").
    """
    D = model.config.head_dim
    weight = model.blocks[layer].attn.proj.weight[:, head * D : (head + 1) * D]  # (C, D)
    return (v @ weight.detach().T).norm(dim=-1)


def _loss(logits: Tensor, ids: Sequence[int]) -> float | None:
    """Mean cross-entropy in nats of each token given those before it; None without any."""
    if len(ids) < 2:
        return None
    targets = torch.tensor(list(ids[1:]), device=logits.device)
    return F.cross_entropy(logits[:-1].float(), targets).item()
