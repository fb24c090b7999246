"""What would the model say if it had to answer now? The residual stream of each layer, decoded.

"Logit lens" (nostalgebraist 2020): the stream between two blocks is read by the final norm and the
output layer, as if no block came after. The norm is computed anew on each layer's stream: the
stream's length grows with depth, and the last layer's scale would be wrong for the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gpt_core.model.gpt import GPT
from gpt_core.model.observe import intervene, record, replace

_AT_ONCE = 8_000_000  # logits in memory at a time


@dataclass(frozen=True)
class Lens:
    """The stream decoded at R places in depth, T positions and the k likeliest tokens at each.

    top, probability: (R, T, k), the best first. rank, share: (R, T), the place (1 is the best) and
    the probability of the token that the last row has as its best at that position.
    """

    top: Tensor
    probability: Tensor
    rank: Tensor
    share: Tensor


@torch.no_grad()
def logit_lens(model: GPT, stream: Tensor, reuse_last_scale: bool = False, k: int = 3) -> Lens:
    """Decode stream (R, T, C): the residual stream at R depths, the last one where it ends.

    reuse_last_scale: divide by what the final norm divided the last row by, instead of computing
    it anew. BatchNorm's scale doesn't depend on the stream, so it makes no difference there; nor
    in a post-norm model, which has no final norm.
    """
    scale = _last_scale(model, stream) if reuse_last_scale else None
    k = min(k, model.config.vocab_size)
    step = max(1, _AT_ONCE // (len(stream) * model.config.vocab_size))
    parts = []
    for start in range(0, stream.shape[1], step):
        here = slice(start, start + step)
        logits = decode(model, stream[:, here], None if scale is None else scale[:, here])
        answer = logits[-1].argmax(dim=-1)[None, :, None].expand(len(stream), -1, -1)
        known = logits.gather(-1, answer)  # (R, t, 1)
        rank = (logits > known).sum(dim=-1) + 1
        shares = logits.softmax(dim=-1)
        best = shares.topk(k)
        parts.append((best.indices, best.values, rank, shares.gather(-1, answer)[..., 0]))
    return Lens(*(torch.cat(each, dim=1) for each in zip(*parts, strict=True)))


@torch.no_grad()
def decode(model: GPT, stream: Tensor, scale: Tensor | None = None) -> Tensor:
    """The logits (R, T, V) that a stream (R, T, C) gives when it is read as the last one is.

    scale: what the final norm divides by, (1, T, 1); computed from the stream if None.
    """
    if scale is None:
        return model.lm_head(model.norm_f(stream))
    with intervene(model, {"norm_f.scale": replace(scale)}):
        return model.lm_head(model.norm_f(stream))


def scale_matters(model: GPT) -> bool:
    """Whether the final norm divides by something that depends on the stream."""
    return model.config.norm_position == "pre" and model.config.norm in ("layernorm", "rmsnorm")


def _last_scale(model: GPT, stream: Tensor) -> Tensor | None:
    """What the final norm divides the last row by, (1, T, 1)."""
    if not scale_matters(model):
        return None
    with record(model, "norm_f.scale") as kept:
        model.norm_f(stream[-1:])
    return kept["norm_f.scale"]
