"""A training run seen through its snapshots: one and the same probe at every step that was kept.

The probe is a short text. What a model does with it at one step is a `SnapshotView`; one view after
the other is the film of a training run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from corpus.files import is_file
from gpt_core.evaluation.held_out import held_out
from gpt_core.generate.sample import SampleConfig, generate
from gpt_core.interpret.head_roles import Marked, RoleScores, gather, mark, patterns_of, score_text
from gpt_core.interpret.induction import random_tokens, repeat_test
from gpt_core.interpret.logit_lens import logit_lens
from gpt_core.interpret.norms import BRANCHES, find_norm, mean_and_std, norm_inputs
from gpt_core.model.gpt import GPT
from gpt_core.model.norms import LearnedNorm
from gpt_core.model.recording import run as run_model
from gpt_core.training.run import Run
from gpt_core.training.run_files import ACTIVE, RunError

CONTINUATION = 30  # tokens that a model writes after the probe
HALF = 16  # tokens that are said twice
TEXTS, LONGEST = 10, 64  # what roles are measured on: so many pieces of at most so many tokens
_IN_USE = 100  # pieces in which a run's usual tokens are looked for


@dataclass(frozen=True)
class Snapshot:
    """Weights of a run that can be looked at.

    step: how many steps they had been trained. newest: whether they are the run's newest weights,
    which it keeps beside those that it puts aside. stamp: changes whenever their file does.
    """

    step: int
    newest: bool
    stamp: str


@dataclass(frozen=True)
class Copying:
    """What the copy test finds (`gpt_core.interpret.induction`).

    first, second: mean loss of the random tokens and of their repetition, in nats. share, passed:
    (L, H), how much attention each head gives to what it would copy, and whether that is clear.
    """

    first: float
    second: float
    share: np.ndarray
    passed: np.ndarray


@dataclass(frozen=True)
class SnapshotView:
    """What the model of one snapshot does with a probe of T tokens (L layers of H heads).

    pattern: (L, H, T, T) float16, the attention weights.
    spread: by norm, in the order in which they run, the standard deviation across channels of
    what comes in, averaged over tokens. gain: by norm, the mean size |γ| of its learned gain; None
    for a model without norms.
    guesses: by layer, beginning below the first, the token that is likeliest to come next if the
    model had to answer there, and its probability (the logit lens).
    roles: how much each head looks like each role; empty where that was not measured.
    copying: what the copy test finds; None where it was not done.
    continuation: what the model writes after the probe, token ids; None as long as nobody asked.
    """

    snapshot: Snapshot
    pattern: np.ndarray
    spread: tuple[float, ...]
    gain: tuple[float, ...] | None
    guesses: tuple[tuple[int, float], ...]
    roles: dict[str, RoleScores] = field(default_factory=dict)
    copying: Copying | None = None
    continuation: tuple[int, ...] | None = None

    @property
    def step(self) -> int:
        """How many steps the model had been trained."""
        return self.snapshot.step


def snapshots_of(run: Run) -> list[Snapshot]:
    """What the run put aside in the order of training, then its newest weights if they are later.

    As long as the run trains its newest weights are left out, because they change all the time.
    They are left out, too, where a damaged status doesn't say their step. Empty for a run that kept
    no snapshots.
    """
    found = [Snapshot(step, False, _stamp(run, step)) for step in run.snapshots()]
    try:
        status = run.status()
    except RunError:
        return found
    ended = status.state not in ACTIVE and is_file(run.weights_path())
    if found and ended and status.step > found[-1].step:
        found.append(Snapshot(status.step, True, _stamp(run, None)))
    return found


def _stamp(run: Run, step: int | None) -> str:
    try:
        stat = run.weights_path(step).stat()
    except OSError:  # a run that is begun anew has just removed it
        return "gone"
    return f"{stat.st_mtime_ns:x}-{stat.st_size:x}"


def load(run: Run, snapshot: Snapshot) -> GPT:
    """The snapshot's model. Raises RunError, with a sentence, when its weights are damaged."""
    return run.load_model(None if snapshot.newest else snapshot.step)


@torch.no_grad()
def look(model: GPT, ids: Sequence[int], snapshot: Snapshot) -> SnapshotView:
    """What a snapshot's model does with a probe of 1 to block_size tokens, all from one pass.

    Raises RunError when its scores are no numbers.
    """
    seen = run_model(model, ids, "blocks.*.pattern", *BRANCHES)
    if not seen.logits[-1].float().softmax(dim=-1).isfinite().all():
        raise RunError(f"The weights of step {snapshot.step:,} give scores that are not numbers.")
    lens = logit_lens(model, seen.stream[:, -1:], k=1)
    guesses = zip(lens.top.flatten().tolist(), lens.probability.flatten().tolist(), strict=True)
    inputs = norm_inputs(model, seen)
    norms = (find_norm(model, name) for name in inputs)
    gains = tuple(n.weight.abs().mean().item() for n in norms if isinstance(n, LearnedNorm))
    return SnapshotView(
        snapshot=snapshot,
        pattern=seen.layers("pattern").half().numpy(),
        spread=tuple(mean_and_std(before)[1].mean().item() for before in inputs.values()),
        gain=gains or None,
        guesses=tuple(guesses),
    )


def continuation(model: GPT, ids: Sequence[int]) -> tuple[int, ...]:
    """The likeliest continuation of a probe, token by token: CONTINUATION ids.

    Raises SampleError when the model's scores are no numbers.
    """
    greedy = SampleConfig(max_new_tokens=CONTINUATION, temperature=0)
    return tuple(sampled.token for sampled in generate(model, ids, greedy))


def repeated(model: GPT, among: Sequence[int]) -> list[int]:
    """Random tokens, said twice: at most 2 · HALF ids, always the same ones.

    Nothing about them can be known by heart: whoever guesses the second half has looked at the
    first (Olsson et al. 2022). A context of one token leaves no room to say anything twice. among:
    see `tokens_in_use`.
    """
    half = max(1, min(HALF, model.config.block_size // 2))
    once = random_tokens(model, 0, among)[0, :half].tolist()
    return (once * 2)[: model.config.block_size]


def tokens_in_use(run: Run) -> list[int]:
    """The tokens of some text that the run did not learn from, each once.

    A tokenizer may know many that its text never has; a model has learned nothing of those. The
    whole vocabulary where the run's text is missing.
    """
    try:
        pieces = held_out(run, _IN_USE).pieces
    except RunError:
        return list(range(run.model_config.vocab_size))
    return sorted({i for piece in pieces for i in piece.ids})


def copying_of(model: GPT, among: Sequence[int]) -> Copying | None:
    """The copy test with random ones of these tokens; None where the context has no room for it."""
    if model.config.block_size < 4:
        return None
    test = repeat_test(model, random_tokens(model, 0, among))
    return Copying(test.first, test.second, test.share.numpy(), test.passed().numpy())


def roles_of(model: GPT, texts: Iterable[Marked]) -> dict[str, RoleScores]:
    """How much every head looks like each role, on average over the texts."""
    causal = model.config.causal
    return gather(score_text(patterns_of(model, text.ids), text, causal) for text in texts)


def texts_of(run: Run) -> list[Marked]:
    """The texts that roles are measured on: pieces that the run did not learn from.

    Raises RunError when its text is missing.
    """
    return [mark(piece.tokens, piece.text) for piece in held_out(run, TEXTS, LONGEST).pieces]


def moved(before: SnapshotView, after: SnapshotView) -> np.ndarray:
    """How much of its attention each head has turned elsewhere between two views, (L, H).

    The total variation distance of a row, 0 (the same) to 1 (nothing in common), averaged over the
    rows. Row 0 of a causal model is left out: it can't be anything but 1.
    """
    difference = np.abs(after.pattern.astype(np.float32) - before.pattern.astype(np.float32))
    rows = difference.sum(axis=-1) / 2  # (L, H, T)
    return (rows[..., 1:] if rows.shape[-1] > 1 else rows).mean(axis=-1)


@dataclass(frozen=True)
class Fall:
    """How a run's loss fell: where it was measured. Between two such steps it is straight."""

    steps: Sequence[float]
    losses: Sequence[float]

    def at(self, step: float) -> float:
        """The loss at a step."""
        return float(np.interp(step, self.steps, self.losses))

    def share(self, step: float) -> float:
        """How much of the whole fall is done at a step, 0 to 1.

        A loss that did not fall at all is done from the beginning.
        """
        fall = self.losses[0] - self.losses[-1]
        return 1.0 if fall <= 0 else (self.losses[0] - self.at(step)) / fall

    def steepest(self, marks: Sequence[int]) -> tuple[int, int] | None:
        """Between which two neighbouring marks it falls by most; None for fewer than two."""
        if len(marks) < 2:
            return None
        first = int(np.argmin(np.diff([self.at(mark) for mark in marks])))
        return marks[first], marks[first + 1]
