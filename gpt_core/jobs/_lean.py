"""What the jobs of the lesson on lean models share: which models, and what is cut out of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import torch
from torch import Tensor

from gpt_core.compression.pruning import (
    FEWEST_HEADS,
    Masks,
    apply_masks,
    cut_heads,
    cut_neurons,
    head_masks,
    neuron_masks,
    neuron_scores,
    weight_masks,
)
from gpt_core.compression.rounding import nbytes
from gpt_core.evaluation.seen import calibration
from gpt_core.experiments.four_numbers import PROMPT, Clothes
from gpt_core.interpret.head_importance import affordable, losses_without
from gpt_core.jobs import JobError
from gpt_core.model.gpt import GPT
from gpt_core.model.weights import weights
from gpt_core.training.run import Run

HEAD_TEXTS = 8  # pieces that heads are scored on
HEAD_FLOPS = 5e11  # that their scores may take; a large model reads the beginnings only
Cut = Callable[[float], Masks]


def writing_model(run: Run) -> GPT:
    """The run's model, if it can write token by token. Raises JobError."""
    model = run.load_model()
    if not model.config.causal:
        raise JobError("This model looks ahead, so it can't write token by token; choose another.")
    if model.config.block_size < 2 * PROMPT:
        raise JobError(f"The model's context is shorter than {2 * PROMPT} tokens; choose another.")
    return model


def as_it_is(model: GPT) -> Clothes:
    """A model with all its weights in float32, or whatever they are."""
    return Clothes(model, nbytes(weights(model)))


def cuts_of(run: Run, model: GPT) -> dict[str, Cut]:
    """For each kind, the masks of a share. Scores are taken once, from the whole model.

    They are taken on text that the run learned from: what is chosen on the held-out text would
    look better there than it is. Kinds: weights, neurons, and heads where there are at least four.
    """

    @cache
    def seen() -> Tensor:
        return calibration(run, batches=1)[0]

    @cache
    def neurons() -> Tensor:
        return neuron_scores(model, seen())

    @cache
    def heads() -> Tensor:
        return head_scores(model, _beginnings(model, seen()))

    cuts: dict[str, Cut] = {
        "weights": lambda share: weight_masks(model, share),
        "neurons": lambda share: neuron_masks(model, neurons(), share),
    }
    if heads_of(model) >= FEWEST_HEADS:
        cuts["heads"] = lambda share: head_masks(model, heads(), share)
    return cuts


def _beginnings(model: GPT, seen: Tensor) -> list[list[int]]:
    """As much of some pieces (B, T) as can be read once without each head."""
    passes = 1 + heads_of(model) / 2  # below a head that is left out nothing is read again
    each = max(16, affordable(model, passes, HEAD_FLOPS) // HEAD_TEXTS)
    return seen[:HEAD_TEXTS, :each].tolist()


def heads_of(model: GPT) -> int:
    """How many heads the whole model has."""
    return model.config.n_layer * model.config.n_head


def without(model: GPT, kind: str, masks: Masks) -> Clothes:
    """The model without what its masks drop.

    Neurons and heads are cut out, and its matrices are smaller then. Single weights leave zeros,
    which are kept like any other number: no byte is saved.
    """
    if kind == "neurons":
        return as_it_is(cut_neurons(model, masks))
    if kind == "heads":
        return as_it_is(cut_heads(model, masks))
    other = copied(model)
    apply_masks(other, masks)
    return as_it_is(other)


def copied(model: GPT) -> GPT:
    """The same model again, in eval mode."""
    other = GPT(model.config)
    other.load_state_dict(model.state_dict())
    return other.eval().requires_grad_(False)


def head_scores(model: GPT, pieces: Sequence[Sequence[int]]) -> Tensor:
    """How many nats each head is worth on pieces of text, (L, H); see `losses_without`."""
    losses = list(losses_without(model, pieces))
    scores, all_there = torch.zeros(model.config.n_layer, model.config.n_head), losses[0].zero.sum()
    for one in losses[1:]:
        assert one.head is not None
        scores[one.head] = float(one.zero.sum() - all_there)
    return scores
