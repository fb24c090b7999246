"""One model in many clothes: bytes, speed, loss on held-out text and a sample of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from gpt_core.compression.gptq import gptq_model, input_moments, linear_layers, result_error
from gpt_core.compression.layers import with_codes
from gpt_core.compression.pruning import (
    apply_masks,
    cut_neurons,
    head_masks,
    neuron_masks,
    neuron_scores,
    weight_masks,
)
from gpt_core.compression.rounding import (
    GRIDS,
    Codes,
    Grid,
    as_stored,
    nbytes,
    relative_error,
    round_model,
)
from gpt_core.evaluation.compared import compare, piece_bits
from gpt_core.evaluation.held_out import HeldOut, Piece
from gpt_core.evaluation.seen import calibration
from gpt_core.experiments.decode_speed import writer, writer_without_cache
from gpt_core.experiments.stopwatch import one_thread, take_turns
from gpt_core.generate.sample import SampleConfig, generate
from gpt_core.interpret.head_importance import losses_without
from gpt_core.jobs import JobError, Progress, whole
from gpt_core.jobs.head_value import pieces_for, rounded
from gpt_core.model.gpt import GPT
from gpt_core.model.weights import weights
from gpt_core.training.run import Run

PLAIN, BFLOAT16, GPTQ = "float32", "bfloat16", "int4 by GPTQ"
WEIGHTS, NEURONS, HEADS = (
    "half of the weights",
    "a quarter of the neurons",
    "a quarter of the heads",
)
NO_CACHE = "no KV cache"
MOST_FLOPS = 1.5e12  # about a minute
MOST_PARAMETERS = 30_000_000  # of a model that is rounded column by column
PROMPT, WRITTEN, SAMPLED = 8, 40, 60  # tokens
ROUNDS = 7
HEAD_TEXTS = 6


@dataclass(frozen=True)
class Clothes:
    """One way to keep the model: the model itself, and bytes of its weights."""

    model: GPT
    nbytes: int
    cache: bool = True


def lean_switches(run: Run, settings: dict[str, Any]) -> Iterator[Progress]:
    """settings: {"texts"}, how many pieces of held-out text at most, 8 to 100.

    Result: {"what", "characters", "parameters", "prompt", "kinds": {name: {"bytes", "speed":
    [median, lowest, highest] of plain seconds ÷ its own, "rate": tokens a second, "loss" and
    "rise": [value, low, high] in bits per character, "sample"}}, "errors": {matrix: {name: [of the
    weights, of the results]}}}. Relative errors, see `relative_error` and `result_error`; the
    results are those for text that GPTQ has not seen. "gptq": [value, low, high], its loss less
    that of rounding to nearest; None where it was left out. A model that looks ahead can't be
    measured.
    """
    texts, model = whole(settings, "texts", 8, 100), run.load_model()
    if not model.config.causal:
        raise JobError("This model looks ahead, so it can't write token by token; choose another.")
    if model.config.block_size < 2 * PROMPT:
        raise JobError(f"The model's context is shorter than {2 * PROMPT} tokens; choose another.")
    read = pieces_for(run, model, texts, passes=12, flops=MOST_FLOPS)
    seen = calibration(run, batches=3)
    makers = _makers(model, read, seen)
    plain_bits, kinds, bits = piece_bits(model, read.pieces), {}, {}
    for done, (name, make) in enumerate(makers.items()):
        yield Progress(done, len(makers) + 1)
        kind = make()
        bits[name] = plain_bits if kind.model is model else piece_bits(kind.model, read.pieces)
        found = compare(bits[name], plain_bits, read.pieces)
        numbers = {"loss": rounded(found.bits), "rise": rounded(found.rise)}
        kinds[name] = _measured(run, model, kind, read.pieces) | numbers
    gptq = None
    if GPTQ in bits:
        gptq = rounded(compare(bits[GPTQ], bits["int4 in groups"], read.pieces).rise)
    yield Progress(len(makers), len(makers) + 1)
    result = {
        **{"what": read.what, "characters": sum(piece.characters for piece in read.pieces)},
        **{"parameters": model.num_parameters(), "kinds": kinds, "errors": _errors(model, seen)},
        **{"gptq": gptq},
        "prompt": run.tokenizer().decode(list(_prompt(read.pieces))),
    }
    yield Progress(len(makers) + 1, len(makers) + 1, result)


def _makers(model: GPT, read: HeldOut, seen: Sequence[Tensor]) -> dict[str, Callable[[], Clothes]]:
    """How each kind is made, by name; it is made when its turn comes, and then forgotten."""
    whole_size = nbytes(weights(model))
    makers: dict[str, Callable[[], Clothes]] = {
        PLAIN: lambda: Clothes(model, whole_size),
        BFLOAT16: lambda: _in_bfloat16(model),
        **{n: partial(_rounded, model, grid) for n, grid in GRIDS.items()},
    }
    if model.num_parameters() <= MOST_PARAMETERS:
        grid = GRIDS["int4 in groups"]
        makers[GPTQ] = lambda: _with(model, gptq_model(model, grid, seen[:2]))
    makers[WEIGHTS] = lambda: _pruned_weights(model, whole_size)
    makers[NEURONS] = lambda: _pruned_neurons(model, seen[0])
    if model.config.n_layer * model.config.n_head >= 4:
        makers[HEADS] = lambda: _pruned_heads(model, read.pieces, whole_size)
    makers[NO_CACHE] = lambda: Clothes(model, whole_size, cache=False)
    return makers


def _rounded(model: GPT, grid: Grid) -> Clothes:
    return _with(model, round_model(model, grid))


def _with(model: GPT, codes: dict[str, Codes]) -> Clothes:
    return Clothes(with_codes(model, codes), nbytes(as_stored(model, codes)))


def _in_bfloat16(model: GPT) -> Clothes:
    other = _copy(model).bfloat16()
    return Clothes(other, nbytes(weights(other)))


def _pruned_weights(model: GPT, size: int) -> Clothes:
    """Zeros are kept like any other number: no byte is saved."""
    other = _copy(model)
    apply_masks(other, weight_masks(other, 0.5))
    return Clothes(other, size)


def _pruned_neurons(model: GPT, idx: Tensor) -> Clothes:
    masks = neuron_masks(model, neuron_scores(model, idx), 0.25)
    small = cut_neurons(model, masks)
    return Clothes(small, nbytes(weights(small)))


def _pruned_heads(model: GPT, pieces: Sequence[Piece], size: int) -> Clothes:
    """The bytes are those that are left when the zeros are cut out; the speed is that with them."""
    other = _copy(model)
    masks = head_masks(other, head_scores(model, pieces[:HEAD_TEXTS]), 0.25)
    apply_masks(other, masks)
    gone = sum(int((mask == 0).sum()) for mask in masks.values())
    return Clothes(other, size - 4 * gone)


def _copy(model: GPT) -> GPT:
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


def _prompt(pieces: Sequence[Piece]) -> tuple[int, ...]:
    return pieces[0].ids[:PROMPT]


def _measured(run: Run, model: GPT, kind: Clothes, pieces: Sequence[Piece]) -> dict[str, Any]:
    """Bytes, speed and a sample of one kind."""
    prompt = _prompt(pieces)
    count = min(WRITTEN, model.config.block_size - len(prompt))
    write = writer if kind.cache else writer_without_cache
    with one_thread():
        times = take_turns([writer(model, prompt, count), write(kind.model, prompt, count)], ROUNDS)
    drawing = SampleConfig(max_new_tokens=SAMPLED, temperature=0.8, seed=1)
    written = generate(kind.model, prompt, drawing, use_cache=kind.cache)
    return {
        **{"bytes": kind.nbytes, "speed": [round(n, 3) for n in times.ratio(1)]},
        "rate": round(count / times.typical(1), 1),
        "sample": run.tokenizer().decode([step.token for step in written]),
    }


def _errors(model: GPT, seen: Sequence[Tensor]) -> dict[str, dict[str, list[float]]]:
    """Relative errors of each matrix in the blocks, of its weights and of its results."""
    ways = {name: round_model(model, grid) for name, grid in GRIDS.items()}
    if model.num_parameters() <= MOST_PARAMETERS:
        ways[GPTQ] = gptq_model(model, GRIDS["int4 in groups"], seen[:2])
    own = _copy(model)  # nobody else's, so that its layers may be watched
    layers = {
        f"blocks.{number}.{name}.weight": layer
        for number, block in enumerate(own.blocks)
        for name, layer in linear_layers(block).items()
    }
    found = input_moments(own, list(layers.values()), seen[2:])
    errors: dict[str, dict[str, list[float]]] = {}
    for (name, layer), moments in zip(layers.items(), found, strict=True):
        errors[name] = {}
        for way, codes in ways.items():
            weight = codes[name].weight()
            both = relative_error(layer.weight, weight), result_error(layer.weight, weight, moments)
            errors[name][way] = [float(f"{error:.3g}") for error in both]
    return errors
