"""Weights rounded to a few bits: the grids, and rounding each weight to the nearest point.

    scale = largest |weight| ÷ largest code        code = round(weight ÷ scale)

A grid is symmetric around 0, as in Jacob et al. 2018 (section 2.1 with zero-point 0), so that a
weight of 0 stays 0. How many weights share a scale decides how much one large weight harms others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from gpt_core.model.codes import GROUP, groups, pack, spread
from gpt_core.model.gpt import GPT
from gpt_core.model.weights import SCALE, weights

_TINY = 1e-12  # a scale is never 0: then rows of zeros need no case of their own


@dataclass(frozen=True)
class Grid:
    """How weights are rounded. bits: 8 or 4. per: who shares a scale."""

    bits: int
    per: Literal["tensor", "channel", "group"]

    @property
    def largest(self) -> int:
        """The largest code: 127 or 7."""
        return 2 ** (self.bits - 1) - 1

    def scale(self, weight: Tensor) -> Tensor:
        """The scales of a matrix (out, in): (), (out,) or (out, groups), see `model.codes`.

        There are so many scales of groups that they are kept in 16 bits.
        """
        size = weight.detach().float().abs()
        if self.per == "tensor":
            most = size.amax()
        elif self.per == "channel":
            most = size.amax(dim=1)
        else:
            whole = torch.zeros(len(size), groups(size.shape[1]) * GROUP, device=size.device)
            whole[:, : size.shape[1]] = size
            most = whole.unflatten(1, (-1, GROUP)).amax(dim=2)
        scale = most.clamp(min=_TINY) / self.largest
        return scale.bfloat16().float() if self.per == "group" else scale


GRIDS = {
    "int8 per tensor": Grid(8, "tensor"),
    "int8 per channel": Grid(8, "channel"),
    "int4 in groups": Grid(4, "group"),
}


@dataclass(frozen=True)
class Codes:
    """A rounded matrix: codes (out, in), int8, and scales as `model.codes` has them."""

    codes: Tensor
    scale: Tensor
    bits: int

    def weight(self) -> Tensor:
        """The weights that the codes stand for, (out, in), float32."""
        return self.codes.float() * spread(self.scale, self.codes.shape[1])

    def stored(self) -> Tensor:
        """The codes as a file keeps them: 4-bit ones two to a byte where a row's length is even."""
        return pack(self.codes) if self.bits == 4 and self.codes.shape[1] % 2 == 0 else self.codes


def nearest(weight: Tensor, grid: Grid) -> Codes:
    """Round each weight of a matrix (out, in) to the nearest point of its grid."""
    scale = grid.scale(weight)
    return to_codes(weight, scale, grid)


def to_codes(weight: Tensor, scale: Tensor, grid: Grid) -> Codes:
    """Round a matrix (out, in) with scales that are given."""
    steps = (weight.detach().float() / spread(scale, weight.shape[1])).round()
    codes = steps.clamp(-grid.largest, grid.largest).to(torch.int8)
    return Codes(codes, scale, grid.bits)


def round_model(model: GPT, grid: Grid) -> dict[str, Codes]:
    """All matrices of a model by name, each rounded to nearest; a tied output layer appears once.

    What is no matrix (norms, biases) is small, and stays as it is.
    """
    return {n: nearest(t, grid) for n, t in weights(model).items() if t.dim() == 2}


def as_stored(model: GPT, codes: dict[str, Codes]) -> dict[str, Tensor]:
    """All weights of a model as a file keeps them: what has codes as codes and scales."""
    stored: dict[str, Tensor] = {}
    for name, tensor in weights(model).items():
        if name in codes:
            stored[name] = codes[name].stored()
            scale = codes[name].scale
            stored[f"{name}{SCALE}"] = scale.bfloat16() if scale.dim() == 2 else scale
        else:
            stored[name] = tensor
    return stored


def nbytes(stored: dict[str, Tensor]) -> int:
    """Bytes of all tensors together."""
    return sum(tensor.nbytes for tensor in stored.values())


def relative_error(weight: Tensor, rounded: Tensor) -> float:
    """‖rounded − weight‖ ÷ ‖weight‖, Frobenius norms; 0 for a matrix of zeros."""
    size = weight.float().norm()
    return float((rounded.float() - weight.float()).norm() / size) if size else 0.0
