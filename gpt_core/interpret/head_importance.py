"""What a head is worth: how much worse the model predicts unseen text without it.

A head is removed by setting its z to zero (Michel, Levy & Neubig 2019, "Are Sixteen Heads Really
Better than One?"), or by putting its average in place, which takes away what it says about this
text and leaves what it always says. Its value is the rise of the mean loss. The doubt is that of
which text one happens to look at: pieces of text are drawn again, each with and without the head.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from gpt_core.evaluation.intervals import Estimate, ratio
from gpt_core.interpret.attention import Head, without_heads
from gpt_core.model.gpt import GPT
from gpt_core.model.observe import Change, intervene, record, zero_heads

# Logits computed at once, at most: 64 MB.
MOST_LOGITS = 1 << 24


@dataclass(frozen=True)
class Losses:
    """-log p in nats of S pieces of text, (S,), with a head removed (None: with all heads).

    zero: its z set to zero. mean: its average z in place; None where that wasn't asked for.
    """

    head: Head | None
    zero: np.ndarray
    mean: np.ndarray | None = None


@dataclass(frozen=True)
class _Batch:
    """Some pieces, filled up on the right; targets are -1 there. Their numbers among all."""

    idx: Tensor  # (B, T)
    targets: Tensor  # (B, T)
    rows: list[int]


@torch.no_grad()
def losses_without(
    model: GPT, pieces: Sequence[Sequence[int]], gone: Sequence[Head] = (), mean: bool = False
) -> Iterator[Losses]:
    """The losses with all heads, then with each head removed in turn.

    model: in eval mode. pieces: token ids, each 2 to block_size + 1 of them. gone: heads that are
    removed all the time; they get no turn of their own. Below a removed head nothing changes, so
    only its own layer and those above it run again.
    """
    batches = list(_batches(model, pieces))
    layers, heads = range(model.config.n_layer), range(model.config.n_head)
    streams, z, whole = [], [], np.zeros(len(pieces))
    with intervene(model, without_heads(gone)):
        for batch in batches:
            with record(model, "blocks.*.resid_pre", "blocks.*.z") as tensors:
                logits, _ = model(batch.idx)
            whole[batch.rows] = _nats(logits, batch.targets)
            streams.append([tensors[f"blocks.{i}.resid_pre"] for i in layers])
            z.append([tensors[f"blocks.{i}.z"] for i in layers])
    yield Losses(None, whole, whole if mean else None)
    for layer in layers:
        averages = _average([of_batch[layer] for of_batch in z], batches) if mean else None
        inputs = [of_batch[layer] for of_batch in streams]
        for head in heads:
            if (layer, head) in gone:
                continue
            changes = [zero_heads(head)]
            if averages is not None:
                changes.append(put_in(head, averages[head]))
            found = []
            for change in changes:
                with intervene(model, without_heads(gone)), _at(model, layer, change):
                    found.append(_from_layer(model, layer, inputs, batches))
            yield Losses((layer, head), *found)


def put_in(head: int, vector: Tensor) -> Change:
    """A change of z (B, H, T, D) that puts one vector (D,) into a head, at every position."""

    def change(z: Tensor) -> Tensor:
        z = z.clone()
        z[:, head] = vector
        return z

    return change


def _at(model: GPT, layer: int, change: Change) -> AbstractContextManager[None]:
    return intervene(model, {f"blocks.{layer}.z": change})


def _from_layer(
    model: GPT, layer: int, streams: Sequence[Tensor], batches: Sequence[_Batch]
) -> np.ndarray:
    """The losses (S,) when the stream enters a layer as it did before, (B, T, C) a batch."""
    nats = np.zeros(sum(len(batch.rows) for batch in batches))
    for x, batch in zip(streams, batches, strict=True):
        for block in model.blocks[layer:]:
            x = block(x)
        nats[batch.rows] = _nats(model.lm_head(model.norm_f(x)), batch.targets)
    return nats


def _batches(model: GPT, pieces: Sequence[Sequence[int]]) -> Iterator[_Batch]:
    """Pieces of like lengths together: of the same length where filling up would be seen."""
    device, config = model.device, model.config
    order = sorted(range(len(pieces)), key=lambda i: len(pieces[i]))
    while order:
        longest = len(pieces[order[0]]) if not config.causal else len(pieces[order[-1]])
        most = max(1, MOST_LOGITS // (longest * config.vocab_size))
        rows = [i for i in order if config.causal or len(pieces[i]) == longest][:most]
        order = [i for i in order if i not in rows]
        whole = torch.full((len(rows), max(len(pieces[i]) for i in rows)), -1)
        for row, i in enumerate(rows):
            whole[row, : len(pieces[i])] = torch.tensor(pieces[i])
        whole = whole.to(device)
        yield _Batch(whole[:, :-1].clamp(min=0), whole[:, 1:], rows)


def _nats(logits: Tensor, targets: Tensor) -> np.ndarray:
    """-log p of each row's targets, (B,)."""
    each = F.cross_entropy(logits.float().mT, targets, ignore_index=-1, reduction="none")
    return each.sum(dim=1).double().cpu().numpy()


def _average(z: Sequence[Tensor], batches: Sequence[_Batch]) -> Tensor:
    """The average z of each head over all positions that are not filled up, (H, D)."""
    real = [batch.targets != -1 for batch in batches]  # (B, T)
    sums = (torch.einsum("bhtd,bt->hd", x, r.to(x)) for x, r in zip(z, real, strict=True))
    return sum(sums, z[0].new_zeros(())) / sum(r.sum() for r in real)


@dataclass(frozen=True)
class Value:
    """What a head is worth in nats per token: the estimate and its 95% interval."""

    head: Head
    zero: Estimate
    mean: Estimate | None


def values(losses: Sequence[Losses], tokens: Sequence[int]) -> list[Value]:
    """The values of all heads. losses: from `losses_without`. tokens: predicted ones, (S,)."""
    whole, *others = losses
    return [
        Value(
            one.head,
            ratio(one.zero - whole.zero, tokens),
            None if one.mean is None else ratio(one.mean - whole.zero, tokens),
        )
        for one in others
        if one.head is not None
    ]


def affordable(model: GPT, passes: float, flops: float) -> int:
    """How many tokens can be read this many times with so many floating point operations."""
    forward = model.flops_per_token() / 3
    return max(1, math.floor(flops / (forward * passes)))
