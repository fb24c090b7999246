"""Who wrote the answer? Each part's share of one logit, read off the residual stream.

Every branch adds a vector to the stream, and the logits are read from the sum. With the norms'
scales held fixed at what they were in the real pass, that reading is linear: a logit is the sum of
what each part wrote, seen along one direction (direct logit attribution; Elhage et al. 2021, "A
Mathematical Framework for Transformer Circuits", and Nanda & Bloom 2022, TransformerLens).

Shapes: L layers, H heads of width D, T tokens, C channels, V tokens in the vocabulary.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from gpt_core.model.gpt import GPT
from gpt_core.model.norms import BatchNorm, LayerNorm, LearnedNorm
from gpt_core.model.recording import Recording

KEPT = (
    *("embed", "pos_embed", "*.scale"),
    *(f"blocks.*.{part}" for part in ("z", "attn_out", "mlp_out")),
)
"""What `attribute` needs of a pass; see `gpt_core.model.recording.run`."""


@dataclass(frozen=True)
class Written:
    """What one part wrote at one position.

    name: as in `observe`, for example blocks.0.attn_out. length: ‖what it wrote‖.
    cosine: of the angle to the direction in which the answer's logit grows.
    logit: length · cosine · the length of that direction; how much of the logit it is.
    """

    name: str
    length: float
    cosine: float
    logit: float


@dataclass(frozen=True)
class Attribution:
    """One logit (or a difference of two) as a sum.

    branches: embedding, positions if any, then attention and MLP of each layer, in the order in
    which they write. heads: (L, H), attention's share by head; attention_bias: (L,), that of the
    output projection's bias, which belongs to no head (zeros in a model without). constant: what
    the norms add whatever the stream holds (their bias β; BatchNorm's running mean).
    logit: what the model itself computed.
    """

    branches: tuple[Written, ...]
    heads: Tensor
    attention_bias: Tensor
    constant: float
    logit: float

    @property
    def parts(self) -> list[float]:
        """The numbers of the finest sum: a layer's attention is its heads and its bias.

        What a model without biases has none of isn't counted.
        """
        whole = [each.logit for each in self.branches if not each.name.endswith("attn_out")]
        return [
            *whole,
            *self.heads.flatten().tolist(),
            *filter(None, (*self.attention_bias.tolist(), self.constant)),
        ]

    @property
    def total(self) -> float:
        """The sum of all parts; equal to `logit` but for rounding."""
        return math.fsum(self.parts)


@torch.no_grad()
def attribute(
    model: GPT,
    seen: Recording,
    position: int,
    answer: int,
    against: int | None = None,
    average: bool = False,
) -> Attribution:
    """Split the logit of `answer` after `position` into what each part wrote there.

    seen: a pass that kept `KEPT`. against: another token, whose logit is subtracted; average:
    subtract the mean of all logits instead. The softmax only sees differences, so these say more
    than a logit alone.
    In a post-norm model every norm stands in the stream; its scale is held fixed as well, and a
    part is read through all the norms after it. Computed in 64 bits from the pass's 32-bit
    numbers. Raises ValueError for a position or a token that there is not.
    """
    T, V = seen.logits.shape
    if not 0 <= position < T or any(not 0 <= i < V for i in (answer, against or 0)):
        raise ValueError(f"There are {T} positions and {V} tokens, both counted from 0.")
    unembed, logits = model.lm_head.weight, seen.logits[position].double()
    direction, logit = unembed[answer].double(), logits[answer]
    if against is not None:
        direction, logit = direction - unembed[against].double(), logit - logits[against]
    elif average:
        mean = unembed.mean(dim=0, dtype=torch.float64)
        direction, logit = direction - mean, logit - logits.mean()
    reader = _Reader(model, seen, position, direction)
    reader.through("norm_f")
    branches, heads, biases = [], [], []
    for layer in reversed(range(model.config.n_layer)):
        block = f"blocks.{layer}"
        if model.config.norm_position == "post":
            reader.through(f"{block}.norm2")
        branches.append(reader.read(f"{block}.mlp_out"))
        if model.config.norm_position == "post":
            reader.through(f"{block}.norm1")
        branches.append(reader.read(f"{block}.attn_out"))
        by_head, bias = reader.read_heads(layer)
        heads.append(by_head)
        biases.append(bias)
    if "pos_embed" in seen.tensors:
        branches.append(reader.read("pos_embed"))
    branches.append(reader.read("embed"))
    return Attribution(
        branches=tuple(reversed(branches)),
        heads=torch.stack(heads[::-1]),
        attention_bias=torch.stack(biases[::-1]),
        constant=float(reader.constant),
        logit=float(logit),
    )


class _Reader:
    """The direction along which the stream is read at one position, walked from the end back.

    The logit is direction · stream + constant at every place that it has come to.
    """

    def __init__(self, model: GPT, seen: Recording, position: int, direction: Tensor) -> None:
        self.model, self.seen, self.position = model, seen, position
        self.direction = direction  # (C,)
        self.constant = direction.new_zeros(())

    def through(self, name: str) -> None:
        """Step back over a norm: y = γ · (x - mean) / scale + β, its scale held fixed."""
        norm = self.model.get_submodule(name)
        if not isinstance(norm, LearnedNorm):
            return
        scale = self.seen[f"{name}.scale"]
        scale = scale[self.position if len(scale) > 1 else 0].double()  # (1,) or (C,)
        if norm.bias is not None:
            self.constant = self.constant + self.direction @ norm.bias.double()
        self.direction = self.direction * norm.weight.double() / scale
        if isinstance(norm, LayerNorm):  # the mean that is subtracted comes from x itself
            self.direction = self.direction - self.direction.mean()
        if isinstance(norm, BatchNorm):  # a fixed mean
            self.constant = self.constant - self.direction @ norm.running_mean.double()

    def read(self, name: str) -> Written:
        """What a part gives to the logit at this position."""
        vector = self.seen[name][self.position].double()
        logit, length = self.direction @ vector, vector.norm()
        cosine = logit / (length * self.direction.norm()).clamp_min(1e-300)
        return Written(name, float(length), float(cosine), float(logit))

    def read_heads(self, layer: int) -> tuple[Tensor, Tensor]:
        """The same for each head of a layer, (H,), and for the output projection's bias, ()."""
        proj = self.model.blocks[layer].attn.proj
        worth = self.direction @ proj.weight.double()  # (C,), of the heads' channels
        z = self.seen[f"blocks.{layer}.z"][:, self.position].double()  # (H, D)
        heads = (worth.view_as(z) * z).sum(dim=-1)
        bias = worth.new_zeros(()) if proj.bias is None else self.direction @ proj.bias.double()
        return heads, bias
