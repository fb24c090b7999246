"""Many runs side by side that differ from a known one in a single vector of the stream.

In a causal model a changed vector changes nothing before its token. So only the tokens from there
on are run, and attention looks up what the earlier ones offer in the known run. All but attention
works on each token alone, so the tokens of all runs lie one after the other, without gaps.

Shapes: R runs, T tokens each, N tokens to run in all of them together; L layers, C channels, H
heads of width D = C / H.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from gpt_core.model.gpt import GPT, Block, CausalSelfAttention, rotate
from gpt_core.model.recording import Recording

KEPT = tuple(f"blocks.*.{part}" for part in ("resid_pre", "resid_post", "k", "v"))
"""What variants need of the known run; see `gpt_core.model.recording.run`."""


@torch.no_grad()
def run_variants(
    model: GPT, known: Recording, layer: int, positions: Sequence[int], vectors: Tensor
) -> Tensor:
    """In run r, vectors[r] stands at positions[r] in the stream that enters a layer.

    known: a run that kept `KEPT`. vectors: (R, C). layer: 0 to L; L is where the stream ends.
    Returns what is read after the last token, (R, C): the output layer turns it into logits.
    """
    T = len(known.ids)
    places: list[int] = []
    runs: list[int] = []
    first = []
    for row, position in enumerate(positions):
        start = position if model.config.causal else 0
        first.append(len(places) + position - start)
        places += range(start, T)
        runs += [row] * (T - start)
    run, place = torch.tensor(runs), torch.tensor(places)
    x = known.stream[layer, place]  # (N, C)
    x[first] = vectors
    for number in range(layer, model.config.n_layer):
        only_last = number == model.config.n_layer - 1  # nobody looks at the others after that
        k, v = (known[f"blocks.{number}.{part}"] for part in "kv")
        x, run, place = _run_block(model.blocks[number], x, run, place, k, v, only_last)
    return model.norm_f(x[None, place == T - 1])[0]


def _run_block(
    block: Block, x: Tensor, run: Tensor, place: Tensor, k: Tensor, v: Tensor, only_last: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """The block on tokens x (N, C), of the given runs at the given places; see `Block.forward`.

    k, v: (H, T, D), of the known run. only_last: leave out all but each run's last token.
    """
    q, new_k, new_v = _project(block.attn, block.norm1(x[None])[0] if block.pre_norm else x, place)
    k, v = (t.transpose(0, 1).repeat(int(run[-1]) + 1, 1, 1, 1) for t in (k, v))  # (R, T, H, D)
    k[run, place], v[run, place] = new_k, new_v
    if only_last:
        last = place == k.shape[1] - 1
        x, q, run, place = x[last], q[last], run[last], place[last]
    x = x + block.attn.proj(_attend(q, k, v, run, place, block.attn.config.causal))
    if block.pre_norm:
        return x + block.mlp(block.norm2(x[None])[0]), run, place
    x = block.norm1(x[None])[0]
    return block.norm2((x + block.mlp(x))[None])[0], run, place


def _project(attn: CausalSelfAttention, x: Tensor, place: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """q, k and v (N, H, D) of tokens x (N, C), as they meet."""
    qkv = attn.qkv(x).view(len(x), 3, attn.config.n_head, attn.config.head_dim)
    qk, v = qkv.split((2, 1), dim=1)
    if attn.config.qk_norm:
        qk = F.rms_norm(qk, qk.shape[-1:])
    if attn.config.position == "rope":
        qk = rotate(qk, attn.cos[place, None, None], attn.sin[place, None, None])
    return *qk.unbind(1), v[:, 0]


def _attend(q: Tensor, k: Tensor, v: Tensor, run: Tensor, place: Tensor, causal: bool) -> Tensor:
    """What tokens with q (N, H, D) hear in their runs, (N, C). k, v: (R, T, H, D)."""
    R, T, first = len(k), k.shape[1], int(place.min())
    asking = q.new_zeros(R, T - first, *q.shape[1:])  # as many tokens in every run, some unused
    asking[run, place - first] = q
    seen = torch.ones(T - first, T, dtype=torch.bool).tril(first) if causal else None
    q, k, v = (t.transpose(1, 2) for t in (asking, k, v))
    z = F.scaled_dot_product_attention(q, k, v, attn_mask=seen)
    return z.transpose(1, 2)[run, place - first].flatten(1)
