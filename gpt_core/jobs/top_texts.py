"""Where in the text that a model learned do its neurons fire most?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gpt_core.interpret.neurons import corpus_tokens
from gpt_core.jobs import JobError, Progress, whole
from gpt_core.model.gpt import GPT
from gpt_core.model.observe import record
from gpt_core.training.data import windows
from gpt_core.training.run import Run

KEPT = 4  # places a neuron
MOST_NEURONS = 10_000  # at once; of a larger model, a layer at a time
_CANDIDATES = 40  # of which the first KEPT are taken that are not alike
_ALIKE = 3  # places are alike if these last tokens are the same
_MOST_TOKENS, _FEWEST_TOKENS = 120_000, 2_000
_OPERATIONS = 1.5e12  # floating point; about a minute on one core
_WINDOW, _AT_ONCE = 384, 4096  # tokens


def tokens_to_read(model: GPT) -> int:
    """How much of the text is read: all that a minute allows, at most 120,000 tokens."""
    forward = model.flops_per_token() // 3
    return max(_FEWEST_TOKENS, min(_MOST_TOKENS, int(_OPERATIONS / forward)))


@torch.inference_mode()
def top_texts(run: Run | None, settings: dict[str, Any]) -> Iterator[Progress]:
    """settings: {"layer": one of the model's, or None for all of them}.

    Value: {"tokens": how many were read, "layers": {layer: {"positive", "places", "strengths"}}}:
    of every neuron the share of tokens at which it is above 0, and where in the corpus it fires
    most and how strongly, as numbers in one string, which
    `gpt_core.interpret.neurons.top_texts_of` reads.
    """
    if run is None:
        raise JobError("Choose a model: this looks for what its neurons do.")
    model = run.load_model()
    layers = list(range(model.config.n_layer))
    if settings.get("layer") is not None:
        layers = [whole(settings, "layer", 0, model.config.n_layer - 1)]
    neurons = model.blocks[0].mlp.up.out_features
    if len(layers) * neurons > MOST_NEURONS:
        raise JobError("This model has too many neurons for one search; choose a layer.")
    tokens = corpus_tokens(run, tokens_to_read(model))
    window = min(model.config.block_size, _WINDOW)
    found = {each: _Search(neurons, model.config.activation == "swiglu") for each in layers}
    done = 0
    for x, _ in windows(tokens, window, max(1, _AT_ONCE // window)):
        with record(model, *(f"blocks.{each}.mlp_post" for each in layers)) as kept:
            model(x)
        for each in layers:
            found[each].add(kept[f"blocks.{each}.mlp_post"].flatten(0, 1), done)
        done += x.numel()
        result = None
        if done >= len(tokens) - 1:
            values = {str(each): found[each].value(tokens, done) for each in layers}
            result = {"tokens": done, "layers": values}
        yield Progress(done, len(tokens) - 1, result)


class _Search:
    """The strongest activations so far of N neurons, and how often they are above zero."""

    def __init__(self, neurons: int, signed: bool) -> None:
        self.signed = signed  # SwiGLU's neurons speak with either sign
        self.post = torch.zeros(0, neurons)
        self.places = torch.zeros(0, neurons, dtype=torch.long)
        self.positive = torch.zeros(neurons, dtype=torch.long)

    def add(self, post: Tensor, first: int) -> None:
        """Look at the activations (tokens, N) of the tokens from place `first` on."""
        places = torch.arange(first, first + len(post))[:, None].expand_as(post)
        self.positive = self.positive + (post > 0).sum(dim=0)
        post, places = torch.cat((self.post, post)), torch.cat((self.places, places))
        strength = post.abs() if self.signed else post
        best = strength.topk(min(_CANDIDATES, len(post)), dim=0).indices
        self.post, self.places = post.gather(0, best), places.gather(0, best)

    def value(self, tokens: np.ndarray, read: int) -> dict[str, Any]:
        """What was found, in few characters."""
        places, strengths = [], []
        for candidates, post in zip(self.places.T.tolist(), self.post.T.tolist(), strict=True):
            kept = _not_alike(candidates, tokens)
            places.append(" ".join(str(candidates[i]) for i in kept))
            strengths.append(" ".join(f"{post[i]:.4g}" for i in kept))
        shares = (self.positive / read).tolist()
        positive = " ".join(f"{share:.3g}" for share in shares)
        return {"positive": positive, "places": places, "strengths": strengths}


def _not_alike(places: Sequence[int], tokens: np.ndarray) -> list[int]:
    """The first KEPT indices of places whose last few tokens differ from those before."""
    kept: dict[tuple[int, ...], int] = {}
    for index, place in enumerate(places):
        kept.setdefault(tuple(tokens[max(0, place - _ALIKE + 1) : place + 1].tolist()), index)
    return list(kept.values())[:KEPT]
