"""Token vectors as points: which lie close together, and what two dimensions can show of them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Projection:
    """Vectors (N, C) as points in a plane.

    points: (N, 2), how far each vector lies from their mean along two directions. share: (2,), how
    much of the vectors' variance lies along each of them, 0 to 1: what is left is not to be seen.
    """

    points: Tensor
    share: Tensor


@torch.no_grad()
def project(vectors: Tensor) -> Projection:
    """The two directions along which vectors (N, C) vary most (PCA; Pearson 1901, Hotelling 1933).

    They are the first two right singular vectors of the centred vectors. Those are also the
    eigenvectors of the (C, C) covariance, which is much the smaller matrix. A direction's sign is
    arbitrary; here the point that lies farthest out along it lies on the positive side.
    """
    centered = vectors.float() - vectors.float().mean(dim=0)
    variances, directions = torch.linalg.eigh(centered.T @ centered)  # ascending
    points = centered @ directions[:, -2:].flip(1)
    points = F.pad(points, (0, 2 - points.shape[1]))  # vectors of one number have one direction
    farthest = points.gather(0, points.abs().argmax(dim=0, keepdim=True))
    points = torch.where(farthest < 0, -points, points)
    share = F.pad(variances[-2:].flip(0), (0, 2 - min(2, len(variances)))).clamp(min=0)
    return Projection(points, share / variances.clamp(min=0).sum().clamp(min=1e-12))


@torch.no_grad()
def nearest(table: Tensor, token: int, count: int) -> list[tuple[int, float]]:
    """The tokens whose vectors point the most in the direction of a token's, nearest first.

    table: (V, C). Pairs of id and cosine, from 1 (the same direction) over 0 (at right angles) to
    -1; at most `count` of them, without the token itself. A vector of zeros has cosine 0.
    """
    chosen = F.normalize(table[token].float(), dim=0)
    cosines = (table.float() @ chosen) / table.float().norm(dim=1).clamp(min=1e-12)
    cosines[token] = -torch.inf
    values, ids = cosines.topk(min(count, len(table) - 1))
    return list(zip(ids.tolist(), values.tolist(), strict=True))


@torch.no_grad()
def cosine_spread(table: Tensor, token: int) -> tuple[float, float]:
    """Mean and standard deviation of the cosine between a token and all others of table (V, C).

    What a neighbour's cosine is to be measured against. Zeros when there are no two others.
    """
    chosen = F.normalize(table[token].float(), dim=0)
    cosines = F.normalize(table.float(), dim=1) @ chosen
    others = torch.cat((cosines[:token], cosines[token + 1 :]))
    if len(others) < 2:
        return 0.0, 0.0
    return others.mean().item(), others.std().item()
