"""The loss without a share of the weights, neurons or heads, and what healing gives back."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from gpt_core.compression.pruning import (
    Masks,
    apply_masks,
    head_masks,
    neuron_masks,
    neuron_scores,
    pruned_share,
    weight_masks,
)
from gpt_core.evaluation.compared import compare, piece_bits
from gpt_core.evaluation.held_out import Piece
from gpt_core.evaluation.seen import calibration, seen_tokens
from gpt_core.jobs import JobError, Progress, choice, whole
from gpt_core.jobs._recipe import small_steps
from gpt_core.jobs.head_value import pieces_for, rounded
from gpt_core.jobs.lean_switches import head_scores
from gpt_core.model.gpt import GPT
from gpt_core.training.config import TrainConfig
from gpt_core.training.run import Run
from gpt_core.training.trainer import Trainer

SHARES = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
HEALED = {"weights": 0.4, "neurons": 0.2, "heads": 0.3}  # the share of which healing is tried
STEPS = (20, 40, 80)
TOKENS = 1536  # of a step of healing
MOST_FLOPS = 2e12
HEAD_TEXTS = 8
Cut = Callable[[float], Masks]


def lean_pruning(run: Run, settings: dict[str, Any]) -> Iterator[Progress]:
    """settings: {"texts": 8 to 100, "steps": of healing, 20, 40 or 80, "seed": 0 to 9999}.

    Result: {"what", "characters", "plain": [loss, low, high], "shares": [0, 0.1, …], "curves":
    {kind: [{"gone": share of all parameters, "loss", "rise": [value, low, high]}, …]}, "healing":
    {kind: {"share", "before", "after", "twin": [rise, low, high]}}, "steps", "batch"}. Bits per
    character. twin: the whole model after the same steps; a rise is above the plain model's loss.
    Kinds: weights, neurons, and heads where there are at least four.
    """
    texts, steps = whole(settings, "texts", 8, 100), choice(settings, "steps", STEPS)
    seed, model = whole(settings, "seed", 0, 9999), run.load_model()
    work = 4 * steps * TOKENS * model.flops_per_token()
    if work > 3 * MOST_FLOPS:
        raise JobError(
            f"The model has {model.num_parameters():,} parameters: healing it would take too long "
            "here. Choose fewer steps, or a smaller model at the top."
        )
    read = pieces_for(run, model, texts, passes=3 * len(SHARES) + 6, flops=MOST_FLOPS)
    cuts = _cuts(run, model, read.pieces)
    total = len(cuts) * len(SHARES) + (len(cuts) + 1) * steps
    plain = piece_bits(model, read.pieces)
    curves: dict[str, list[dict[str, Any]]] = {}
    for kind, cut in cuts.items():
        curves[kind] = [_point(model, {}, read.pieces, plain)]
        for share in SHARES:
            curves[kind].append(_point(run.load_model(), cut(share), read.pieces, plain))
            done = sum(len(points) - 1 for points in curves.values())
            yield Progress(done, total)
    count, config = len(cuts) * len(SHARES), _training(run, steps, seed)
    healing: dict[str, dict[str, Any]] = {}
    for kind in (*cuts, "twin"):
        masks = cuts[kind](HEALED[kind]) if kind in cuts else {}
        healed = run.load_model()
        yield from _healed(run, healed, masks, config, count, total)
        count += steps
        healing[kind] = {"after": _point(healed.eval(), masks, read.pieces, plain)["rise"]}
    twin = healing.pop("twin")["after"]
    for kind, found in healing.items():
        before = curves[kind][1 + SHARES.index(HEALED[kind])]["rise"]
        found |= {"share": HEALED[kind], "before": before, "twin": twin}
    result = {
        **{"what": read.what, "characters": sum(piece.characters for piece in read.pieces)},
        **{"plain": rounded(compare(plain, plain, read.pieces).bits), "shares": [0.0, *SHARES]},
        **{"curves": curves, "healing": healing, "steps": steps},
        "batch": [config.batch_size, run.block_size],
    }
    yield Progress(total, total, result)


def _cuts(run: Run, model: GPT, pieces: Sequence[Piece]) -> dict[str, Cut]:
    """For each kind, the masks of a share. Scores are taken once, from the whole model.

    Neurons are scored on text that the run learned from, heads on the first pieces.
    """
    neurons: Tensor = neuron_scores(model, calibration(run, batches=1)[0])
    cuts: dict[str, Cut] = {
        "weights": lambda share: weight_masks(model, share),
        "neurons": lambda share: neuron_masks(model, neurons, share),
    }
    if model.config.n_layer * model.config.n_head >= 4:
        scores = head_scores(model, pieces[:HEAD_TEXTS])
        cuts["heads"] = lambda share: head_masks(model, scores, share)
    return cuts


def _point(model: GPT, masks: Masks, pieces: Sequence[Piece], plain: np.ndarray) -> dict[str, Any]:
    """A model with masks, measured; the masks stay applied."""
    apply_masks(model, masks)
    found = compare(piece_bits(model, pieces), plain, pieces)
    gone = pruned_share(model, masks)
    return {"gone": round(gone, 4), "loss": rounded(found.bits), "rise": rounded(found.rise)}


def _healed(
    run: Run, model: GPT, masks: Masks, config: TrainConfig, done: int, total: int
) -> Generator[Progress, None, None]:
    """Train a model on, with what was pruned kept at zero."""
    apply_masks(model, masks)
    for record in Trainer(model, seen_tokens(run), config):
        apply_masks(model, masks)
        yield Progress(done + record.step, total)


def _training(run: Run, steps: int, seed: int) -> TrainConfig:
    batch_size = max(1, TOKENS // run.block_size)
    return small_steps(run.train_config, steps=steps, batch_size=batch_size, seed=seed)
