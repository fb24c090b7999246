"""One forward pass, summed up in the few numbers that tell its story."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gpt_core.model.gpt import GPT
from gpt_core.model.observe import record


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
    idx = torch.tensor([list(ids)])
    names = ["embed", "blocks.*.resid_pre", "blocks.*.attn_out", "blocks.*.mlp_out"]
    names += ["blocks.*.resid_post", "pos_embed"]
    with record(model, *(n for n in names if n != "pos_embed" or model.wpe is not None)) as kept:
        logits, _ = model(idx)
    blocks = range(model.config.n_layer)

    def lengths(part: str) -> list[Tensor]:
        return [kept[f"blocks.{i}.{part}"][0, -1].norm() for i in blocks]

    last = kept[f"blocks.{blocks[-1]}.resid_post"][0, -1].norm()
    return Overview(
        embedding=kept["embed"][0, -1],
        position=kept["pos_embed"][-1] if "pos_embed" in kept else None,
        stream=torch.stack([*lengths("resid_pre"), last]),
        attention_added=torch.stack(lengths("attn_out")),
        mlp_added=torch.stack(lengths("mlp_out")),
        probabilities=logits[0, -1].softmax(dim=-1),
        surprise=_surprise(logits[0], idx[0]),
    )


def _surprise(logits: Tensor, idx: Tensor) -> float | None:
    """Mean bits that the model needed for tokens 1 … T-1, each given those before it."""
    if len(idx) < 2:
        return None
    nats = torch.nn.functional.cross_entropy(logits[:-1], idx[1:])
    return float(nats) / torch.log(torch.tensor(2.0)).item()
