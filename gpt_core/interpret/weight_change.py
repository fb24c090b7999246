"""Where in a model its training changed something, and by how much: matrix by matrix."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

PARTS = {
    "attn.qkv.weight": ("queries", "keys", "values"),
    "attn.proj.weight": ("attention output",),
    "mlp.up.weight": ("MLP up",),
    "mlp.gate.weight": ("MLP gate",),
    "mlp.down.weight": ("MLP down",),
    "wte.weight": ("token embeddings",),
    "ngrams.table.weight": ("embeddings of runs",),
    "wpe.weight": ("position embeddings",),
    "lm_head.weight": ("output layer",),
}
MOST = 0.9  # of a change's size, squared: the rank that holds so much of it


@dataclass(frozen=True)
class WeightChange:
    """What happened to one matrix.

    part: which. layer: None outside of the blocks. relative: the length of the change (Frobenius
    norm) over that of the matrix as it was. values: the change's singular values, largest first.
    rank: how few directions hold MOST of the change's squared length; 0 where nothing changed.
    directions: how many there could be.
    """

    part: str
    layer: int | None
    relative: float
    values: Tensor
    rank: int
    directions: int


def weight_changes(before: dict[str, Tensor], after: dict[str, Tensor]) -> list[WeightChange]:
    """What happened to each matrix of a model, as `gpt_core.model.weights.weights` names them.

    Queries, keys and values are three matrices, though the model keeps them as one.
    """
    found = []
    for name, old in before.items():
        for part, layer, one, other in _matrices(name, old, after[name]):
            change = (other - one).double()
            relative = (change.norm() / one.double().norm()).item()
            values = _singular_values(change)
            found.append(WeightChange(part, layer, relative, values, rank_of(values), len(values)))
    return found


def rank_of(values: Tensor) -> int:
    """How few singular values, largest first, hold MOST of the sum of all their squares."""
    squares = values.double().square()
    if not squares.sum():
        return 0
    return int((squares.cumsum(0) < MOST * squares.sum()).sum()) + 1


def _matrices(
    name: str, old: Tensor, new: Tensor
) -> Iterator[tuple[str, int | None, Tensor, Tensor]]:
    layer, inside = None, name
    if name.startswith("blocks."):
        _, number, inside = name.split(".", 2)
        layer = int(number)
    parts = PARTS.get(inside, ())
    if parts:
        pairs = zip(old.chunk(len(parts)), new.chunk(len(parts)), strict=True)
        yield from ((part, layer, *pair) for part, pair in zip(parts, pairs, strict=True))


def _singular_values(matrix: Tensor) -> Tensor:
    """(min(rows, columns),), largest first: roots of the eigenvalues of M Mᵀ or Mᵀ M.

    Of a token table that takes a thousandth of the time of a decomposition of the table itself.
    """
    small = matrix.T @ matrix if matrix.shape[0] > matrix.shape[1] else matrix @ matrix.T
    return torch.linalg.eigvalsh(small).flip(0).clamp(min=0).sqrt().float()
