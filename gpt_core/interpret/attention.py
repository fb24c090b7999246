"""Look through a model: what its attention does on one text, and what a head was for.

Built on `record` and `intervene`; nothing here changes a weight.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gpt_core.model.gpt import GPT
from gpt_core.model.observe import Change, intervene, zero_heads
from gpt_core.model.recording import Recording, loss_of, run

Head = tuple[int, int]
"""A head by its layer and its number in that layer, both counted from 0."""


@dataclass(frozen=True)
class AttentionTrace:
    """What one forward pass over T tokens shows of attention (L layers, H heads of width D).

    q, k, v: (L, H, T, D), as they meet: after rotary positions and query-key norm.
    pattern: (L, H, T, T); row i says how position i spreads its attention, and sums to 1.
    logits: (T, V), the scores for the token that follows each position.
    ids: the tokens. without: the heads that were removed during this pass.
    """

    q: Tensor
    k: Tensor
    v: Tensor
    pattern: Tensor
    logits: Tensor
    ids: tuple[int, ...]
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
def trace_attention(
    model: GPT,
    ids: Sequence[int],
    without: Iterable[Head] = (),
    known: AttentionTrace | None = None,
) -> AttentionTrace:
    """Run the model once over ids (at most block_size of them) and keep what attention did.

    known: a trace of the same weights. What it has in common with this one is not computed again:
    in a causal model nothing before an edit can change.
    Raises ValueError for an empty or too long text, and for a head that the model does not have.
    """
    without, ids = tuple(sorted(set(without))), tuple(ids)
    config = model.config
    for layer, head in without:
        if not (0 <= layer < config.n_layer and 0 <= head < config.n_head):
            raise ValueError(
                f"There is no head {head} in layer {layer}; the model has {config.n_layer} "
                f"layers of {config.n_head} heads, both counted from 0."
            )
    before = _recording(known) if known and known.without == without else None
    with intervene(model, without_heads(without)):
        seen = run(model, ids, *(f"blocks.*.{name}" for name in _PARTS), known=before)
    kept = {name: seen.layers(name) for name in _PARTS}
    return AttentionTrace(**kept, logits=seen.logits, ids=ids, without=without)


_PARTS = ("q", "k", "v", "pattern")


def _recording(trace: AttentionTrace) -> Recording:
    """What `run` goes on from."""
    tensors = {
        f"blocks.{layer}.{name}": part
        for name in _PARTS
        for layer, part in enumerate(getattr(trace, name))
    }
    return Recording(trace.ids, trace.logits, tensors)


def compare(ids: Sequence[int], before: Tensor, after: Tensor) -> Ablation:
    """What differs between the logits (T, V) of two passes over the same ids."""
    share_before, share_after = (x[-1].float().softmax(dim=-1) for x in (before, after))
    return Ablation(share_before, share_after, loss_of(before, ids), loss_of(after, ids))


def ablate(model: GPT, ids: Sequence[int], heads: Iterable[Head]) -> Ablation:
    """Run the model over ids with and without some heads and compare what it predicts.

    A small change does not prove a head useless: the others may stand in for it, and another text
    may need it. Raises ValueError as `trace_attention` does.
    """
    with_all, without = trace_attention(model, ids), trace_attention(model, ids, heads)
    return compare(ids, with_all.logits, without.logits)


def written_length(model: GPT, layer: int, head: int, v: Tensor) -> Tensor:
    """How long a vector each position's v (T, D) becomes when a head writes it out, (T,).

    ‖v_j W_O‖, W_O being the head's rows of the output projection: times the attention weight it is
    the length of what position j adds to the residual stream through this head (Kobayashi et al.
    2020, "Attention Is Not Only a Weight").
    """
    D = model.config.head_dim
    weight = model.blocks[layer].attn.proj.weight[:, head * D : (head + 1) * D]  # (C, D)
    return (v @ weight.detach().T).norm(dim=-1)
