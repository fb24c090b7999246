"""One forward pass, summed up in the few numbers that tell its story."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gpt_core.model.gpt import GPT
from gpt_core.model.recording import run


@dataclass(frozen=True)
class Overview:
    """What happened to the last token of a prompt on its way to a prediction.

    embedding, position: (C,) the token's vector and, if the model adds any, its position's.
    stream: (n_layer + 1,) length of the residual stream before each block and after the last.
    attention_added, mlp_added: (n_layer,) length of what each branch added to the stream.
    probabilities: (V,) of the next token.
    surprise: mean cross-entropy of the prompt's own tokens in bits (None for a single token).
    """

    embedding: Tensor
    position: Tensor | None
    stream: Tensor
    attention_added: Tensor
    mlp_added: Tensor
    probabilities: Tensor
    surprise: float | None

    @property
    def lengths(self) -> dict[str, float]:
        """The same lengths by the names of their tensors; see `gpt_core.model.observe`."""
        parts = {
            "resid_pre": self.stream[:-1],
            "attn_out": self.attention_added,
            "mlp_out": self.mlp_added,
        }
        return {
            f"blocks.{i}.{part}": length
            for part, lengths in parts.items()
            for i, length in enumerate(lengths.tolist())
        }


@torch.inference_mode()
def overview(model: GPT, ids: Sequence[int]) -> Overview:
    """Run the model once over ids (1 to block_size of them) and keep the story of the last one."""
    parts = ("resid_pre", "attn_out", "mlp_out", "resid_post")
    seen = run(model, ids, "embed", "pos_embed", *(f"blocks.*.{part}" for part in parts))
    lengths = {part: seen.layers(part)[:, -1].norm(dim=-1) for part in parts}
    return Overview(
        embedding=seen["embed"][-1],
        position=seen["pos_embed"][-1] if "pos_embed" in seen.tensors else None,
        stream=torch.cat([lengths["resid_pre"], lengths["resid_post"][-1:]]),
        attention_added=lengths["attn_out"],
        mlp_added=lengths["mlp_out"],
        probabilities=seen.logits[-1].softmax(dim=-1),
        surprise=None if seen.loss is None else seen.loss / math.log(2),
    )
