"""The end of attention: what each head found, side by side, through the output projection.

Every head h ends with its own z_h, D numbers. They are laid side by side, C = H · D numbers, and go
through one matrix: attn_out = W_O · concat(z) + b (Vaswani et al. 2017, section 3.2.2). A matrix
times numbers laid side by side is a sum of smaller products, so each head adds a vector of its own
to the residual stream, W_O,h · z_h (Elhage et al. 2021, "A Mathematical Framework for Transformer
Circuits", "Attention heads are independent and additive").
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gpt_core.model.gpt import GPT
from gpt_core.model.recording import Recording

KEPT = ("blocks.*.z", "blocks.*.attn_out")
"""What `output_step` needs of a pass; see `gpt_core.model.recording.run`."""


@dataclass(frozen=True)
class OutputStep:
    """One layer's output projection at one position.

    z: (H, D). weight: W_O (C, C), which takes the C numbers of concat(z). bias: (C,) of zeros where
    the model has none. parts: (H, C), what each head adds. attn_out: (C,), the model's own result.
    """

    z: Tensor
    weight: Tensor
    bias: Tensor
    parts: Tensor
    attn_out: Tensor

    @property
    def by_hand(self) -> Tensor:
        """(C,): W_O times the numbers side by side, and the bias."""
        return self.weight @ self.z.flatten() + self.bias

    @property
    def error(self) -> float:
        """The largest difference between the model's result and the sum of the heads' parts."""
        by_parts = (self.parts.sum(dim=0) + self.bias - self.attn_out).abs().max()
        return max(by_parts.item(), (self.by_hand - self.attn_out).abs().max().item())


@torch.no_grad()
def output_step(model: GPT, seen: Recording, layer: int, position: int) -> OutputStep:
    """What one layer's heads add at one position, both counted from 0. seen: kept `KEPT`."""
    proj = model.blocks[layer].attn.proj
    z = seen[f"blocks.{layer}.z"][:, position]  # (H, D)
    by_head = proj.weight.view(-1, *z.shape)  # (C, H, D): each head has columns of its own
    return OutputStep(
        z=z,
        weight=proj.weight,
        bias=torch.zeros(len(proj.weight)) if proj.bias is None else proj.bias,
        parts=torch.einsum("chd,hd->hc", by_head, z),
        attn_out=seen[f"blocks.{layer}.attn_out"][position],
    )
