"""One forward pass over one text, and what was kept of it: how every lesson looks into a model."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count, takewhile

import torch
import torch.nn.functional as F
from torch import Tensor

from gpt_core.model.gpt import GPT
from gpt_core.model.observe import record


@dataclass(frozen=True)
class Recording:
    """What one forward pass over one text of T tokens left behind; L layers, V tokens are known.

    logits: (T, V). tensors: those that were asked for, by name, without the batch's dimension.
    """

    ids: tuple[int, ...]
    logits: Tensor
    tensors: dict[str, Tensor]

    def __getitem__(self, name: str) -> Tensor:
        return self.tensors[name]

    def layers(self, part: str) -> Tensor:
        """The same part of every layer: `layers("attn_out")` is (L, T, C)."""
        names = (f"blocks.{layer}.{part}" for layer in count())
        return torch.stack([self.tensors[n] for n in takewhile(self.tensors.__contains__, names)])

    @property
    def stream(self) -> Tensor:
        """The residual stream before each block and after the last, (L + 1, T, C).

        It takes a recording of "blocks.*.resid_pre" and "blocks.*.resid_post".
        """
        return torch.cat((self.layers("resid_pre"), self.layers("resid_post")[-1:]))

    @property
    def loss(self) -> float | None:
        """Mean cross-entropy in nats of each token given those before it; None without any."""
        return loss_of(self.logits, self.ids)


@torch.no_grad()
def run(model: GPT, ids: Sequence[int], *patterns: str) -> Recording:
    """Run the model once over one text of 1 to block_size ids, and keep tensors by name.

    patterns: see `observe.record`; without any, only the logits are kept. "pos_embed" is left out
    where a model has no table of positions.
    """
    asked = [p for p in patterns if p != "pos_embed" or model.wpe is not None]
    idx = torch.tensor([list(ids)], device=model.device)
    with ExitStack() as watching:
        kept = watching.enter_context(record(model, *asked)) if asked else {}
        logits, _ = model(idx)
    # The table of positions is the same for every text of a batch, and so has no such dimension.
    tensors = {name: x if name == "pos_embed" else x[0] for name, x in kept.items()}
    return Recording(tuple(ids), logits[0], tensors)


def loss_of(logits: Tensor, ids: Sequence[int]) -> float | None:
    """Mean cross-entropy in nats of each of ids (T) given those before it; None without any.

    logits: (T, V).
    """
    if len(ids) < 2:
        return None
    targets = torch.tensor(ids[1:], device=logits.device)
    return F.cross_entropy(logits[:-1].float(), targets).item()
