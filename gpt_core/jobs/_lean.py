"""What the jobs of the lesson on lean models share: which models, and what is cut out of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import torch
from torch import Tensor

from gpt_core.compression.pruning import (
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
from gpt_core.evaluation.held_out import Piece
from gpt_core.evaluation.seen import calibration
from gpt_core.experiments.four_numbers import PROMPT, Clothes
from gpt_core.interpret.head_importance import losses_without
from gpt_core.jobs import JobError
from gpt_core.model.gpt import GPT
from gpt_core.model.weights import weights
from gpt_core.training.run import Run

HEAD_TEXTS = 8
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


def cuts_of(run: Run, model: GPT, pieces: Sequence[Piece]) -> dict[str, Cut]:
    """For each kind, the masks of a share. Scores are taken once, from the whole model.

    Neurons are scored on text that the run learned from, heads on the first pieces. Kinds: weights,
    neurons, and heads where there are at least four.
    """

    @cache
    def neurons() -> Tensor:
        return neuron_scores(model, calibration(run, batches=1)[0])

    @cache
    def heads() -> Tensor:
        return head_scores(model, pieces[:HEAD_TEXTS])

    cuts: dict[str, Cut] = {
        "weights": lambda share: weight_masks(model, share),
        "neurons": lambda share: neuron_masks(model, neurons(), share),
    }
    if model.config.n_layer * model.config.n_head >= 4:
        cuts["heads"] = lambda share: head_masks(model, heads(), share)
    return cuts


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


def head_scores(model: GPT, pieces: Sequence[Piece]) -> Tensor:
    """How many nats each head is worth on pieces of text, (L, H); see `losses_without`."""
    losses = list(losses_without(model, [piece.ids for piece in pieces]))
    scores, all_there = torch.zeros(model.config.n_layer, model.config.n_head), losses[0].zero.sum()
    for one in losses[1:]:
        assert one.head is not None
        scores[one.head] = float(one.zero.sum() - all_there)
    return scores
