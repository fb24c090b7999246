"""The MLP's neurons, one at a time: when they fire, what they write, what goes when they go.

A neuron is one of the N hidden numbers of an MLP: it reads the token's vector along one direction
(a row of `up`), the activation function decides how much of it passes, and it adds that much of one
vector (a column of `down`) to the residual stream (Geva et al. 2021, "Transformer Feed-Forward
Layers Are Key-Value Memories"). Shapes: L layers, T tokens, N neurons a layer, C channels, V tokens
in the vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gpt_core.interpret.attention import Ablation, compare
from gpt_core.model.gpt import GPT
from gpt_core.model.norms import LayerNorm
from gpt_core.model.observe import Change, intervene
from gpt_core.model.recording import Recording, run
from gpt_core.training.run import Run

QUIET = 0.01  # of the largest activation in the layer; below it a neuron hardly says anything
_CHARACTERS = 8  # a token rarely has more
_SCENE = 200  # tokens; few scenes of the sitcom have fewer


KEPT = ("blocks.*.mlp_pre", "blocks.*.mlp_post", "*.scale")
"""What is needed here of a pass; see `run`. mlp_pre and mlp_post are the N neurons (T, N), before
and after the activation function; with SwiGLU, mlp_pre is what the gate multiplies."""


@dataclass(frozen=True)
class Loud:
    """Where a neuron speaks up the most: its activation there, and how long a vector it adds."""

    neuron: int
    place: int
    activation: float
    written: float


@dataclass(frozen=True)
class Silence:
    """How much of a layer (T tokens, N neurons) says nothing, in shares from 0 to 1.

    zero: activations that are exactly 0. quiet: those below QUIET of the layer's largest. never:
    how many neurons are exactly 0 on every token.
    """

    zero: float
    quiet: float
    never: int


@torch.no_grad()
def vector_lengths(model: GPT, layer: int) -> Tensor:
    """The length of the vector that each neuron of a layer writes at an activation of 1, (N,)."""
    # PyTorch's own norm over rows takes ten times as long.
    return model.blocks[layer].mlp.down.weight.square().sum(dim=0).sqrt()


@torch.no_grad()
def loudest(model: GPT, seen: Recording, layer: int, count: int) -> list[Loud]:
    """The neurons of a layer that add the longest vectors on this text, the longest first.

    An activation alone can't be compared: a neuron with twice the weights needs half of it.
    """
    lengths = vector_lengths(model, layer)
    post = seen[f"blocks.{layer}.mlp_post"]
    written, places = (post.abs() * lengths).max(dim=0)
    best = written.topk(min(count, len(written))).indices.tolist()
    return [
        Loud(int(n), int(places[n]), float(post[places[n], n]), float(written[n])) for n in best
    ]


def silence(seen: Recording, layer: int) -> Silence:
    """How many of a layer's neurons say nothing on this text."""
    size = seen[f"blocks.{layer}.mlp_post"].abs()
    return Silence(
        zero=(size == 0).float().mean().item(),
        quiet=(size <= QUIET * size.max()).float().mean().item(),
        never=int((size == 0).all(dim=0).sum()),
    )


@torch.no_grad()
def direct_effect(model: GPT, seen: Recording, layer: int, neuron: int, place: int) -> Tensor:
    """What a neuron adds to every logit (V,) by itself, per unit of its activation, at one token.

    The vector that it writes is read by the output table through the norms that the stream passes
    on its way (a pre-norm stream only passes the last one). Their divisors are held at what they
    were, so that this is linear. What later layers make of the vector does not count.
    """
    x = model.blocks[layer].mlp.down.weight[:, neuron]
    for name, norm in _norms_after(model, layer):
        if isinstance(norm, LayerNorm):
            x = x - x.mean()
        scale = seen[f"{name}.scale"]
        x = x / scale[min(place, len(scale) - 1)]
        x = x * getattr(norm, "weight", 1.0)
    return model.lm_head.weight @ x


def without_neuron(layer: int, neuron: int) -> dict[str, Change]:
    """The intervention that removes a neuron: its activation is zero at every token."""

    def change(post: Tensor) -> Tensor:
        post = post.clone()
        post[..., neuron] = 0.0
        return post

    return {f"blocks.{layer}.mlp_post": change}


@torch.no_grad()
def remove_neuron(model: GPT, seen: Recording, layer: int, neuron: int) -> Ablation:
    """What the model predicts for the ids of a pass without one neuron."""
    with intervene(model, without_neuron(layer, neuron)):
        after = run(model, seen.ids)
    return compare(seen.ids, seen.logits, after.logits)


# Over a whole corpus ---------------------------------------------------------------------------


@dataclass(frozen=True)
class TopTexts:
    """Where in a corpus a neuron fires most.

    positive: the share of tokens at which its activation is above 0. places: of tokens in the
    corpus, the strongest first; strengths: the activation at each.
    """

    positive: float
    places: list[int]
    strengths: list[float]

    @property
    def dead(self) -> bool:
        """Whether it is 0 at every token that was read."""
        return not self.strengths or self.strengths[0] == 0


def corpus_tokens(run: Run, count: int) -> np.ndarray:
    """The first `count` tokens of the text that a run learned, or fewer if it has no more.

    Of a generated sitcom only so many scenes are made. Raises RunError.
    """
    recipe = run.recipe()
    text = recipe.beginning(count // _SCENE + 1) if recipe else run.text()[: count * _CHARACTERS]
    return np.array(run.tokenizer().encode(text)[:count], dtype=np.int64)


def top_texts_of(value: dict[str, Any], layer: int, neuron: int) -> TopTexts:
    """One neuron's part of what the job `top_texts` found. Raises KeyError for another layer."""
    found = value["layers"][str(layer)]
    return TopTexts(
        positive=float(found["positive"].split()[neuron]),
        places=[int(place) for place in found["places"][neuron].split()],
        strengths=[float(strength) for strength in found["strengths"][neuron].split()],
    )


def _norms_after(model: GPT, layer: int) -> list[tuple[str, nn.Module]]:
    """The norms that stand in the stream after a layer's MLP has written, in order."""
    if model.config.norm_position == "pre":
        return [("norm_f", model.norm_f)]
    norms = [(f"blocks.{layer}.norm2", model.blocks[layer].norm2)]
    for later in range(layer + 1, model.config.n_layer):
        block = model.blocks[later]
        norms += [(f"blocks.{later}.norm1", block.norm1), (f"blocks.{later}.norm2", block.norm2)]
    return norms
