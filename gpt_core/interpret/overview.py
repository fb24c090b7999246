"""One forward pass, summed up in the few numbers that tell its story."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gpt_core.model.gpt import GPT
from gpt_core.model.recording import run


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


@torch.inference_mode()
def overview(model: GPT, ids: Sequence[int]) -> Overview:
    """Run the model once over ids (1 to block_size of them) and keep the story of the last one."""
    last = f"blocks.{model.config.n_layer - 1}.resid_post"
    parts = ("embed", "pos_embed", *(f"blocks.*.{p}" for p in ("resid_pre", "attn_out", "mlp_out")))
    seen = run(model, ids, *parts, last)
    lengths = {name: x[-1].norm().item() for name, x in seen.tensors.items() if "blocks" in name}
    return Overview(
        embedding=seen["embed"][-1],
        position=seen["pos_embed"][-1] if "pos_embed" in seen.tensors else None,
        end=lengths.pop(last),
        lengths=lengths,
        probabilities=seen.logits[-1].softmax(dim=-1),
        surprise=None if seen.loss is None else seen.loss / math.log(2),
    )
