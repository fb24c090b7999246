"""One forward pass, summed up in the few numbers that tell its story."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from gpt_core.model.recording import Recording

_PARTS = ("resid_pre", "attn_out", "mlp_out")
KEPT = ("embed", "pos_embed", *(f"blocks.*.{part}" for part in (*_PARTS, "resid_post")))
"""What `overview` needs of a pass; see `gpt_core.model.recording.run`."""


@dataclass(frozen=True)
class Overview:
    """What happened to the last token of a prompt on its way to a prediction.

    embedding, position: (C,) the token's vector and, if the model adds any, its position's.
    lengths: of the residual stream as it enters each layer and of what each branch adds to it, by
    the names of the tensors; see `gpt_core.model.observe`. end: that of the stream after the last.
    probabilities: (V,) of the next token.
    surprise: mean cross-entropy of the prompt's own tokens in bits (None for a single token).
    """

    embedding: Tensor
    position: Tensor | None
    lengths: dict[str, float]
    end: float
    probabilities: Tensor
    surprise: float | None


@torch.no_grad()
def overview(seen: Recording) -> Overview:
    """The story of the last token of a pass, which kept `KEPT`."""
    layers = len([name for name in seen.tensors if name.endswith("resid_pre")])
    last = f"blocks.{layers - 1}.resid_post"
    told = [*(f"blocks.{layer}.{part}" for layer in range(layers) for part in _PARTS), last]
    lengths = {name: seen[name][-1].norm().item() for name in told}
    return Overview(
        embedding=seen["embed"][-1],
        position=seen["pos_embed"][-1] if "pos_embed" in seen.tensors else None,
        end=lengths.pop(last),
        lengths=lengths,
        probabilities=seen.logits[-1].softmax(dim=-1),
        surprise=None if seen.loss is None else seen.loss / math.log(2),
    )
