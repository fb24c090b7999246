"""A training run seen through its snapshots: one and the same probe at every step that was kept.

The probe is a short text. What a model does with it at one step is a `Frame`; one frame after the
other is the film of a training run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from corpus.files import is_file
from gpt_core.evaluation.held_out import held_out
from gpt_core.generate.sample import SampleConfig, generate
from gpt_core.interpret.head_roles import Marked, RoleScores, gather, mark, patterns_of, score_text
from gpt_core.interpret.induction import random_tokens
from gpt_core.interpret.logit_lens import logit_lens
from gpt_core.interpret.norms import find_norm, mean_and_std, trace_norms
from gpt_core.model.gpt import GPT
from gpt_core.model.observe import record
from gpt_core.training.run import Run
from gpt_core.training.run_files import ACTIVE, RunError

CONTINUATION = 30  # tokens that a model writes after the probe
HALF = 16  # tokens that are said twice
TEXTS, LONGEST = 10, 64  # what roles are measured on: so many pieces of at most so many tokens


@dataclass(frozen=True)
class Moment:
    """Weights of a run that can be looked at.

    step: how many steps they had been trained. snapshot: whether they are one of the snapshots;
    else they are the newest weights. stamp: changes whenever their file does.
    """

    step: int
    snapshot: bool
    stamp: str


@dataclass(frozen=True)
class Frame:
    """What the model of one step does with a probe of T tokens (L layers of H heads).

    pattern: (L, H, T, T) float16, the attention weights.
    spread: by norm, in the order in which they run, the standard deviation across channels of
    what comes in, averaged over tokens. gain: by norm, the mean size |γ| of its learned gain.
    guesses: by layer, beginning below the first, the token that is likeliest to come next if the
    model had to answer there, and its probability (the logit lens).
    """

    step: int
    pattern: np.ndarray
    spread: tuple[float, ...]
    gain: tuple[float, ...]
    guesses: tuple[tuple[int, float], ...]


def moments(run: Run) -> list[Moment]:
    """The run's snapshots in the order of training, then its newest weights if they are later.

    As long as the run trains its newest weights are left out, because they change all the time.
    They are left out, too, where a damaged status doesn't say their step. Empty for a run that kept
    no snapshots.
    """
    found = [Moment(step, True, _stamp(run, step)) for step in run.snapshots()]
    try:
        status = run.status()
    except RunError:
        return found
    ended = status.state not in ACTIVE and is_file(run.weights_path())
    if found and ended and status.step > found[-1].step:
        found.append(Moment(status.step, False, _stamp(run, None)))
    return found


def _stamp(run: Run, step: int | None) -> str:
    try:
        stat = run.weights_path(step).stat()
    except OSError:  # a run that is begun anew has just removed it
        return "gone"
    return f"{stat.st_mtime_ns:x}-{stat.st_size:x}"


def load(run: Run, moment: Moment) -> GPT:
    """The model of a moment. Raises RunError, with a sentence, when its weights are damaged."""
    return run.load_model(moment.step if moment.snapshot else None)


@torch.no_grad()
def look(model: GPT, ids: Sequence[int], step: int) -> Frame:
    """What a model does with a probe of 1 to block_size tokens, all of it from one pass.

    Raises RunError when its scores are no numbers.
    """
    layers = range(model.config.n_layer)
    streams = [*(f"blocks.{i}.resid_pre" for i in layers), f"blocks.{layers[-1]}.resid_post"]
    with record(model, "blocks.*.pattern", *streams) as kept:
        norms = trace_norms(model, ids)
    if not norms.probabilities.isfinite().all():
        raise RunError(f"The weights of step {step:,} give scores that are not numbers.")
    lens = logit_lens(model, torch.cat([kept[name][:, -1:] for name in streams]), k=1)
    guesses = zip(lens.top.flatten().tolist(), lens.probability.flatten().tolist(), strict=True)
    gains = (getattr(find_norm(model, name), "weight", None) for name in norms.norms)
    return Frame(
        step=step,
        pattern=torch.cat([kept[f"blocks.{i}.pattern"] for i in layers]).half().numpy(),
        spread=tuple(mean_and_std(trace.before)[1].mean().item() for trace in norms.norms.values()),
        gain=tuple(1.0 if gain is None else gain.abs().mean().item() for gain in gains),
        guesses=tuple(guesses),
    )


def continuation(model: GPT, ids: Sequence[int]) -> tuple[int, ...]:
    """The likeliest continuation of a probe, token by token: CONTINUATION ids.

    Raises SampleError when the model's scores are no numbers.
    """
    greedy = SampleConfig(max_new_tokens=CONTINUATION, temperature=0)
    return tuple(sampled.token for sampled in generate(model, ids, greedy))


def repeated(model: GPT) -> list[int]:
    """Random tokens, said twice: at most 2 · HALF ids, always the same ones.

    Nothing about them can be known by heart: whoever guesses the second half has looked at the
    first (Olsson et al. 2022). A context of one token leaves no room to say anything twice.
    """
    half = max(1, min(HALF, model.config.block_size // 2))
    once = random_tokens(model, seed=0)[0, :half].tolist()
    return (once * 2)[: model.config.block_size]


def roles_of(model: GPT, texts: Iterable[Marked]) -> dict[str, RoleScores]:
    """How much every head looks like each role, on average over the texts."""
    causal = model.config.causal
    return gather(score_text(patterns_of(model, text.ids), text, causal) for text in texts)


def texts_of(run: Run) -> list[Marked]:
    """The texts that roles are measured on: pieces that the run did not learn from.

    Raises RunError when its text is missing.
    """
    return [mark(piece.tokens, piece.text) for piece in held_out(run, TEXTS, LONGEST).pieces]


def moved(before: Frame, after: Frame) -> np.ndarray:
    """How much of its attention each head has turned elsewhere between two frames, (L, H).

    The total variation distance of a row, 0 (the same) to 1 (nothing in common), averaged over the
    rows. Row 0 of a causal model is left out: it can't be anything but 1.
    """
    difference = np.abs(after.pattern.astype(np.float32) - before.pattern.astype(np.float32))
    rows = difference.sum(axis=-1) / 2  # (L, H, T)
    return (rows[..., 1:] if rows.shape[-1] > 1 else rows).mean(axis=-1)


def first_above(steps: Sequence[int], scores: Sequence[float], threshold: float) -> int | None:
    """The first step whose score is above the threshold; None if there is none."""
    return next((s for s, score in zip(steps, scores, strict=True) if score > threshold), None)


def share_of_fall(step: float, steps: Sequence[float], losses: Sequence[float]) -> float:
    """How much of the loss's whole fall is done at a step, 0 to 1.

    steps, losses: where the loss was measured; between them it is taken to be straight. A loss that
    did not fall at all is done from the beginning.
    """
    fall = losses[0] - losses[-1]
    return 1.0 if fall <= 0 else float((losses[0] - np.interp(step, steps, losses)) / fall)


def steepest(
    marks: Sequence[int], steps: Sequence[float], losses: Sequence[float]
) -> tuple[int, int] | None:
    """Between which two neighbouring marks the loss falls by most; None for fewer than two."""
    at = np.interp(marks, steps, losses)
    if len(at) < 2:
        return None
    first = int(np.argmin(np.diff(at)))
    return marks[first], marks[first + 1]
