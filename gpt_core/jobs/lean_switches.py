"""One model in many clothes: bytes, speed, loss on held-out text and a sample of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from torch import Tensor

from gpt_core.compression.gptq import gptq_model, input_moments, linear_layers, result_error
from gpt_core.compression.layers import with_codes
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
from gpt_core.evaluation.intervals import rounded
from gpt_core.evaluation.seen import calibration
from gpt_core.experiments.four_numbers import Clothes, FourNumbers
from gpt_core.jobs import Progress, whole
from gpt_core.jobs._lean import Cut, as_it_is, copied, cuts_of, heads_of, without, writing_model
from gpt_core.jobs.head_value import pieces_for
from gpt_core.model.gpt import GPT
from gpt_core.training.run import Run

PLAIN, BFLOAT16, GPTQ = "float32", "bfloat16", "int4 by GPTQ"
PRUNED = {
    "weights": ("half of the weights", 0.5),
    "neurons": ("a quarter of the neurons", 0.25),
    "heads": ("a quarter of the heads", 0.25),
}
NO_CACHE = "no KV cache"
MOST_FLOPS = 1.5e12  # about a minute
MOST_PARAMETERS = 30_000_000  # of a model that is rounded column by column


def lean_switches(run: Run, settings: dict[str, Any]) -> Iterator[Progress]:
    """settings: {"texts"}, how many pieces of held-out text at most, 8 to 100.

    Result: {"what", "characters", "parameters", "prompt", "kinds": {name: see `FourNumbers.of`},
    "errors": {matrix: {name: [of the weights, of the results]}}}. Relative errors, see
    `relative_error` and `result_error`; the results are those for text that GPTQ has not seen.
    "gptq": [value, low, high], its loss less that of rounding to nearest; None where it was left
    out. "heads": how many the model has. A model that looks ahead can't be measured.
    """
    texts, model = whole(settings, "texts", 8, 100), writing_model(run)
    read = pieces_for(run, model, texts, passes=12, flops=MOST_FLOPS)
    seen = calibration(run, batches=3)
    makers = _makers(run, model, seen)
    measure, kinds, bits = FourNumbers(run, model, read.pieces, len(makers)), {}, {}
    for done, (name, make) in enumerate(makers.items()):
        yield Progress(done, len(makers) + 1)
        kind = make()
        plain = kind.model is model
        bits[name] = measure.bits if plain else piece_bits(kind.model, read.pieces)
        kinds[name] = measure.of(kind, bits[name])
    gptq = None
    if GPTQ in bits:
        gptq = rounded(compare(bits[GPTQ], bits["int4 in groups"], read.pieces).rise)
    yield Progress(len(makers), len(makers) + 1)
    result = {
        **{"what": read.what, "characters": sum(piece.characters for piece in read.pieces)},
        **{"parameters": model.num_parameters(), "kinds": kinds, "errors": _errors(model, seen)},
        **{"gptq": gptq, "prompt": measure.prompt, "heads": heads_of(model)},
    }
    yield Progress(len(makers) + 1, len(makers) + 1, result)


def _makers(run: Run, model: GPT, seen: Sequence[Tensor]) -> dict[str, Callable[[], Clothes]]:
    """How each kind is made, by name; it is made when its turn comes, and then forgotten."""
    plain, cuts = as_it_is(model), cuts_of(run, model)
    makers: dict[str, Callable[[], Clothes]] = {
        PLAIN: lambda: plain,
        BFLOAT16: lambda: as_it_is(copied(model).bfloat16()),
        **{n: partial(_rounded, model, grid) for n, grid in GRIDS.items()},
    }
    if model.num_parameters() <= MOST_PARAMETERS:
        grid = GRIDS["int4 in groups"]
        makers[GPTQ] = lambda: _with(model, gptq_model(model, grid, seen[:2]))
    for kind, cut in cuts.items():
        name, share = PRUNED[kind]
        makers[name] = partial(_pruned, model, kind, cut, share)
    makers[NO_CACHE] = lambda: Clothes(model, plain.nbytes, cache=False)
    return makers


def _rounded(model: GPT, grid: Grid) -> Clothes:
    return _with(model, round_model(model, grid))


def _with(model: GPT, codes: dict[str, Codes]) -> Clothes:
    return Clothes(with_codes(model, codes), nbytes(as_stored(model, codes)))


def _pruned(model: GPT, kind: str, cut: Cut, share: float) -> Clothes:
    return without(model, kind, cut(share))


def _errors(model: GPT, seen: Sequence[Tensor]) -> dict[str, dict[str, list[float]]]:
    """Relative errors of each matrix in the blocks, of its weights and of its results."""
    ways = {name: round_model(model, grid) for name, grid in GRIDS.items()}
    if model.num_parameters() <= MOST_PARAMETERS:
        ways[GPTQ] = gptq_model(model, GRIDS["int4 in groups"], seen[:2])
    own = copied(model)  # nobody else's, so that its layers may be watched
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
