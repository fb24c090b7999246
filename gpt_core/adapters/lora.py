"""LoRA: a matrix stays as it is, and a change of low rank is learned beside it (Hu et al. 2021).

A linear layer's weight W (out, in) is frozen. What is learned are two thin matrices A (r, in) and
B (out, r), whose product is the change (section 4.1, equation 3; α is a fixed scale):

    y = x Wᵀ + b + (α / r) · (x Aᵀ) Bᵀ

These are r · (in + out) numbers instead of in · out. A begins random and B at zero, so that before
the first step nothing has changed. When all is learned, W + (α / r) · B A is a matrix like any
other: the merged model is as large and as fast as it was before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gpt_core.model.gpt import GPT


class LoRALinear(nn.Module):
    """A frozen linear layer with an adapter beside it.

    linear: what stays as it is, on whichever device. a (r, in), b (out, r): what is learned.
    """

    def __init__(self, linear: nn.Linear, rank: int, alpha: float, random: torch.Generator) -> None:
        super().__init__()
        self.linear, self.scale = linear.requires_grad_(False), alpha / rank
        first = torch.randn(rank, linear.in_features, generator=random)
        first /= math.sqrt(linear.in_features)  # x Aᵀ is then about as large as x's own numbers
        self.a = nn.Parameter(first.to(linear.weight))
        self.b = nn.Parameter(linear.weight.new_zeros(linear.out_features, rank))

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) → (..., out)."""
        return self.linear(x) + self.scale * F.linear(F.linear(x, self.a), self.b)

    @torch.no_grad()
    def change(self) -> Tensor:
        """What the adapter adds to the weight, (out, in)."""
        return self.scale * (self.b @ self.a)

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        """A plain layer that gives the same; its weight is a new tensor, its bias the old one."""
        old = self.linear
        new = nn.Linear(old.in_features, old.out_features, bias=False, device="meta")
        new.weight = nn.Parameter(old.weight + self.change(), requires_grad=False)
        new.bias = old.bias
        return new


def linear_layers(model: GPT) -> Iterator[tuple[nn.Module, str, nn.Linear]]:
    """Every matrix inside the blocks, which LoRA adapts: its owner, its name there, itself.

    Hu et al. adapt queries and values alone. Adapting all of them comes closest to training the
    whole model (Dettmers et al. 2023, section 4).
    """
    for block in model.blocks:
        for owner in (block.attn, block.mlp):
            for name, layer in list(owner.named_children()):
                if isinstance(layer, nn.Linear):
                    yield owner, name, layer


def add_lora(model: GPT, rank: int, alpha: float, seed: int) -> None:
    """Freeze a model, and put an adapter beside each matrix of its blocks.

    rank: r, from 1 up. alpha: the fixed scale; the change is multiplied by alpha / rank.
    seed: of the random beginnings of A.
    """
    model.requires_grad_(False)
    random = torch.Generator().manual_seed(seed)
    for owner, name, layer in linear_layers(model):
        setattr(owner, name, LoRALinear(layer, rank, alpha, random))


@contextmanager
def merged(model: GPT) -> Iterator[GPT]:
    """Within this block the model has plain matrices again, with what the adapters learned.

    So it can be saved, or written with, like any other. A model without adapters stays as it is.
    """
    adapted = [
        (owner, name, layer)
        for block in model.blocks
        for owner in (block.attn, block.mlp)
        for name, layer in owner.named_children()
        if isinstance(layer, LoRALinear)
    ]
    for owner, name, layer in adapted:
        setattr(owner, name, layer.merged())
    try:
        yield model
    finally:
        for owner, name, layer in adapted:
            setattr(owner, name, layer)
