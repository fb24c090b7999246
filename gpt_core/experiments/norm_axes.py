"""Which numbers a norm averages together, on a block (B, T, C) small enough to be drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gpt_core.model.gpt import GPT
from gpt_core.model.observe import record

Cell = tuple[int, int, int]

# Over which of (sequence, token, channel) a norm averages.
AXES: dict[str, tuple[int, ...]] = {
    "layernorm": (2,),
    "rmsnorm": (2,),
    "batchnorm": (0, 1),
    "none": (),
}
EPSILON = 1e-5


@dataclass(frozen=True)
class Averaged:
    """What one number of a block (B, T, C) is compared with.

    together: (B, T, C), true for the numbers that are averaged together with it, itself included.
    mean: what is subtracted; variance: the mean of the squares whose root, ε included, divides.
    normalized: the number afterwards, before any γ and β.
    """

    together: Tensor
    mean: float
    variance: float
    normalized: float


def averaged_with(norm: str, block: Tensor, cell: Cell) -> Averaged:
    """The calculation for one cell (b, t, c), BatchNorm as it is while training.

    RMSNorm and none subtract no mean; none divides by 1.
    """
    together = torch.zeros(block.shape, dtype=torch.bool)
    axes = AXES[norm]
    together[tuple(slice(None) if axis in axes else cell[axis] for axis in range(3))] = True
    x = block[cell].item()
    if norm == "none":
        return Averaged(together, 0.0, 1.0, x)
    values = block[together].double()
    mean = 0.0 if norm == "rmsnorm" else values.mean().item()
    variance = (values - mean).square().mean().item()
    return Averaged(together, mean, variance, (x - mean) / math.sqrt(variance + EPSILON))


@torch.no_grad()
def stream_block(
    model: GPT, ids: Sequence[int], sequences: int = 2, tokens: int = 4, channels: int = 6
) -> tuple[Tensor, list[list[int]]]:
    """A small block (B, T, C) of a model's residual stream, and which ids its rows are.

    The rows are the beginning of ids, cut into `sequences` pieces of at most `tokens` tokens; a
    single id makes one row. The stream is that which enters the middle block, and of its channels
    the first few.
    """
    B = min(sequences, len(ids))
    T = min(tokens, len(ids) // B)
    rows = [list(ids[b * T : (b + 1) * T]) for b in range(B)]
    name = f"blocks.{model.config.n_layer // 2}.resid_pre"
    with record(model, name) as kept:
        model(torch.tensor(rows, device=model.device))
    return kept[name][:, :, :channels].float().cpu(), rows
