"""Weights kept as small whole numbers: what they stand for, and how they lie in a file.

A matrix (out, in) becomes codes, whole numbers of 8 or 4 bits, and scales. A weight is its code
times its scale. There is one scale for the whole matrix (), one for each row (out,), or one for
each GROUP neighbours in a row (out, in / GROUP), the last group being shorter where in doesn't
divide. Codes of 4 bits, −8 to 7, lie two to a byte where a row has an even length.
"""

from __future__ import annotations

import torch
from torch import Tensor

GROUP = 32


def groups(width: int) -> int:
    """How many groups a row of so many weights has."""
    return -(-width // GROUP)


def spread(scale: Tensor, width: int) -> Tensor:
    """Scales (), (out,) or (out, groups) as a factor for each weight, broadcast to (out, in)."""
    if scale.dim() < 2:
        return scale[..., None]
    return scale.repeat_interleave(GROUP, dim=1)[:, :width]


def pack(codes: Tensor) -> Tensor:
    """Codes (out, in) from −8 to 7, in even, as bytes (out, in / 2): the left one in the low half.

    Each half is the code plus 8.
    """
    halves = (codes + 8).to(torch.uint8)
    return halves[:, 0::2] | (halves[:, 1::2] << 4)


def unpack(stored: Tensor) -> Tensor:
    """The inverse of `pack`: bytes (out, in / 2) as codes (out, in), int8."""
    halves = torch.stack((stored & 15, stored >> 4), dim=-1).flatten(1)
    return halves.to(torch.int8) - 8


def decode(stored: Tensor, scale: Tensor) -> Tensor:
    """The weights (out, in), float32, of codes as a file has them: int8, or two to a byte."""
    codes = unpack(stored) if stored.dtype == torch.uint8 else stored
    return codes.float() * spread(scale.float(), codes.shape[1])
