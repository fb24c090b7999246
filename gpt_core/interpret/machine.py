"""One forward pass as a picture of the whole machine, and the gradient on its way back.

Shapes: T tokens, of which the last S are shown; L layers of H heads, C channels, V tokens in the
vocabulary. A station is a place of the residual stream: before layer 0, then after the attention
and after the MLP of each layer: 2L + 1 in all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from gpt_core.interpret.neurons import vector_lengths
from gpt_core.model.gpt import GPT
from gpt_core.model.observe import intervene
from gpt_core.model.recording import Recording

SHOWN = 16  # columns
_PARTS = ("resid_*", "attn_out", "mlp_out", "pattern", "mlp_post")
KEPT = (*(f"blocks.*.{part}" for part in _PARTS), "*norm*.scale")
"""What `look` needs of a pass; see `gpt_core.model.recording.run`."""


@dataclass(frozen=True)
class Machine:
    """What one pass did, for the last S of T tokens.

    first: the position of the first that is shown. stream: (2L + 1, S, C). added: (L, 2, S), the
    length of what attention and the MLP add. pattern: (L, H, S, 1 + S), attention weights; the
    first column is the sum over the positions before `first`. scales: (L, 2, S), what the two norms
    of a layer divide by (for BatchNorm the root mean square over channels); None without norms.
    last_scale: (S,), the same of the norm before the unembedding; None if there is none.
    neurons: (L, S), which neuron of the MLP writes the longest vector, -1 where none writes any.
    best, best_share: (S,), the likeliest token after each position and its probability.
    probabilities: (V,) after the last.
    """

    first: int
    stream: Tensor
    added: Tensor
    pattern: Tensor
    scales: Tensor | None
    last_scale: Tensor | None
    neurons: Tensor
    best: Tensor
    best_share: Tensor
    probabilities: Tensor


@torch.no_grad()
def look(model: GPT, seen: Recording, shown: int = SHOWN, lengths: Tensor | None = None) -> Machine:
    """What the picture shows of a pass, which kept `KEPT`. lengths: those of `neuron_lengths`."""
    T = len(seen.ids)
    has_norms = model.config.norm != "none"
    last = has_norms and model.config.norm_position == "pre"
    first = max(0, T - shown)
    probabilities = seen.logits[first:].float().softmax(dim=-1)
    best_share, best = probabilities.max(dim=-1)
    return Machine(
        first=first,
        stream=_stations(seen, first),
        added=_added(seen, first),
        pattern=_gathered(seen.layers("pattern"), first),
        scales=_scales(seen, first) if has_norms else None,
        last_scale=_per_token(seen["norm_f.scale"], T)[first:] if last else None,
        neurons=_loudest(
            neuron_lengths(model) if lengths is None else lengths,
            seen.layers("mlp_post", first),
        ),
        best=best,
        best_share=best_share,
        probabilities=probabilities[-1],
    )


def _stations(seen: Recording, first: int) -> Tensor:
    """The stream at all stations, (2L + 1, S, C)."""
    after = [seen.layers(part, first) for part in ("resid_mid", "resid_post")]
    before = seen["blocks.0.resid_pre"][first:]
    return torch.cat((before[None], torch.stack(after, dim=1).flatten(0, 1)))


def _added(seen: Recording, first: int) -> Tensor:
    """The length of what attention and the MLP add, (L, 2, S)."""
    parts = [seen.layers(part, first).norm(dim=-1) for part in ("attn_out", "mlp_out")]
    return torch.stack(parts, dim=1)


def _gathered(weights: Tensor, first: int) -> Tensor:
    """(L, H, T, T) → (L, H, S, 1 + S): what goes to positions before `first` is summed."""
    rows = weights[:, :, first:]
    return torch.cat((rows[..., :first].sum(dim=-1, keepdim=True), rows[..., first:]), dim=-1)


def _scales(seen: Recording, first: int) -> Tensor:
    T = len(seen.ids)
    both = [seen.layers(f"norm{number}.scale") for number in (1, 2)]
    per_token = [torch.stack([_per_token(scale, T) for scale in layers]) for layers in both]
    return torch.stack(per_token, dim=1)[:, :, first:]


def _per_token(scale: Tensor, T: int) -> Tensor:
    """What a norm divides by, one number a token: (T, 1) or BatchNorm's (1, C) → (T,)."""
    return scale.square().mean(dim=-1).sqrt().expand(T)


def neuron_lengths(model: GPT) -> Tensor:
    """Those of `neurons.vector_lengths` in each layer, (L, N)."""
    return torch.stack([vector_lengths(model, layer) for layer in range(model.config.n_layer)])


def _loudest(lengths: Tensor, post: Tensor) -> Tensor:
    """(L, N) and (L, S, N) activations → (L, S), the neuron that writes the longest vector.

    -1 where all write nothing, as before the first step of a model whose branches begin at zero.
    """
    longest, neuron = (post.abs() * lengths[:, None]).max(dim=-1)
    return neuron.where(longest > 0, -1)


def apart(a: Machine, b: Machine) -> Tensor:
    """How far two passes' streams are apart, (2L + 1, P), at the P positions that both show.

    The length of the difference, as a share of the longer vector: 0 where both are the same. Both
    must have as many layers and channels; P may be 0.
    """
    first = max(a.first, b.first)
    mine, theirs = a.stream[:, first - a.first :], b.stream[:, first - b.first :]
    shared = min(mine.shape[1], theirs.shape[1])
    return distance(mine[:, :shared].float(), theirs[:, :shared].float())


def distance(a: Tensor, b: Tensor) -> Tensor:
    """The length of a − b as a share of the longer of the two, (…, C) → (…); 0 where both are 0."""
    longer = torch.maximum(a.norm(dim=-1), b.norm(dim=-1))
    return torch.nan_to_num((a - b).norm(dim=-1) / longer.clamp_min(1e-30), posinf=0.0)


@dataclass(frozen=True)
class Backward:
    """The gradient of the last token's loss, in bits, for the last S of T tokens.

    share: the probability that the token had; bits: −log₂ of it. stream: (2L + 1, S, C), its
    gradient with respect to the stream at all stations. added: (L, 2, S), the gradient's length at
    what attention and the MLP added. passed: (L, H, S, 1 + S), the length of what a position's
    gradient hands to the value of another through a head, weight · ‖∂loss/∂z‖; the first column is
    the sum over the positions before those that are shown.
    """

    first: int
    share: float
    bits: float
    stream: Tensor
    added: Tensor
    passed: Tensor


def look_back(model: GPT, ids: Sequence[int], shown: int = SHOWN) -> Backward:
    """The loss of the last of ids (2 to block_size) given those before it, and how it flows back.

    Backpropagation (Rumelhart, Hinton & Williams 1986), by PyTorch's autograd. The gradient is with
    respect to activations alone: no weight gets one, and none is changed.

    Raises ValueError for a single token: nothing stands before it.
    """
    if len(ids) < 2:
        raise ValueError("A single token has no loss: nothing stands before it.")
    kept: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[[Tensor], Tensor]:
        def change(x: Tensor) -> Tensor:
            kept[name] = x if x.requires_grad else x.detach().requires_grad_()
            return kept[name]

        return change

    layers = range(model.config.n_layer)
    parts = ("resid_pre", "z", "pattern", "attn_out", "resid_mid", "mlp_out", "resid_post")
    names = [f"blocks.{layer}.{part}" for layer in layers for part in parts]
    idx = torch.tensor([list(ids)], device=model.device)
    with torch.enable_grad(), intervene(model, {name: keep(name) for name in names}):
        logits = model(idx)[0][0, -2].float()
        nats = F.cross_entropy(logits, idx[0, -1])
        wanted = [name for name in names if not name.endswith("pattern")]
        found = torch.autograd.grad(nats / math.log(2), [kept[name] for name in wanted])
    gradients = {name: x[0].detach() for name, x in zip(wanted, found, strict=True)}
    seen = Recording(tuple(ids), logits.detach()[None], gradients)
    first = max(0, len(ids) - shown)
    pattern = torch.stack([kept[f"blocks.{layer}.pattern"][0].detach() for layer in layers])
    return Backward(
        first=first,
        share=float(logits.detach().softmax(dim=-1)[ids[-1]]),
        bits=nats.item() / math.log(2),
        stream=_stations(seen, first),
        added=_added(seen, first),
        passed=_gathered(pattern * seen.layers("z").norm(dim=-1)[..., None], first),
    )
