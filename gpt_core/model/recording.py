"""One forward pass over one text, and what was kept of it: how every lesson looks into a model."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count, takewhile
from os.path import commonprefix

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

    def layers(self, part: str, first: int = 0) -> Tensor:
        """The same part of every layer: `layers("attn_out")` is (L, T, C).

        first: the first token that is wanted, of a part whose rows are tokens.
        """
        names = (f"blocks.{layer}.{part}" for layer in count())
        known = takewhile(self.tensors.__contains__, names)
        return torch.stack([self.tensors[name][first:] for name in known])

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


CONTINUED = ("blocks.*.k", "blocks.*.v")
"""What a recording must have for another to go on from it; see `run`."""


@torch.no_grad()
def run(
    model: GPT, ids: Sequence[int], *patterns: str, known: Recording | None = None
) -> Recording:
    """Run the model once over one text of 1 to block_size ids, and keep tensors by name.

    patterns: see `observe.record`; without any, only the logits are kept. "pos_embed" is left out
    where a model has no table of positions.

    known: of the same weights and patterns, `CONTINUED` among them. The tokens that both texts
    begin with are not computed again: in a causal model nothing before an edit can change.
    """
    ids = tuple(ids)
    asked = [p for p in patterns if p != "pos_embed" or model.wpe is not None]
    shared = _shared(model, ids, known)
    if known and shared == len(ids) == len(known.ids):
        return known
    start = min(shared, max(0, len(ids) - 1))  # the last token runs in any case
    past = _past(known, start) if known and start else None
    with ExitStack() as watching:
        kept = watching.enter_context(record(model, *asked)) if asked else {}
        logits, _ = model(torch.tensor([ids], device=model.device), past=past)
    # The table of positions is the same for every text of a batch, and so has no such dimension.
    tensors = {name: x if name == "pos_embed" else x[0] for name, x in kept.items()}
    if known and past:
        tensors = {name: _joined(name, known[name], x, start) for name, x in tensors.items()}
        return Recording(ids, torch.cat((known.logits[:start], logits[0])), tensors)
    return Recording(ids, logits[0], tensors)


def _shared(model: GPT, ids: tuple[int, ...], known: Recording | None) -> int:
    """How many tokens at the beginning need not run again."""
    usable = known and model.config.causal and len(ids) <= model.config.block_size
    return len(commonprefix((known.ids, ids))) if known and usable else 0


def _past(known: Recording, start: int) -> list[tuple[Tensor, Tensor]]:
    """Keys and values of the first tokens, (1, H, start, D) each, layer by layer."""
    keys, values = (
        [x[None, :, :start] for name, x in known.tensors.items() if name.endswith(f".{part}")]
        for part in ("k", "v")
    )
    return list(zip(keys, values, strict=True))


def _joined(name: str, known: Tensor, new: Tensor, start: int) -> Tensor:
    """The first rows of a tensor, and those after them; T tokens in all."""
    part = name.rpartition(".")[2]
    if part in ("scores", "pattern"):  # (H, T, T): no token looks ahead
        ahead = -torch.inf if part == "scores" else 0.0
        old = F.pad(known[:, :start, :start], (0, new.shape[-1] - start), value=ahead)
        return torch.cat((old, new), dim=1)
    if part in ("q", "k", "v", "z"):  # (H, T, D)
        return torch.cat((known[:, :start], new), dim=1)
    if part == "scale" and new.shape[-1] > 1:  # BatchNorm's, (1, C), is the same for all tokens
        return new
    return torch.cat((known[:start], new))


def loss_of(logits: Tensor, ids: Sequence[int]) -> float | None:
    """Mean cross-entropy in nats of each of ids (T) given those before it; None without any.

    logits: (T, V).
    """
    if len(ids) < 2:
        return None
    targets = torch.tensor(ids[1:], device=logits.device)
    return F.cross_entropy(logits[:-1].float(), targets).item()
