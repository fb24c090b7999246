"""Where does the answer come from? Copy a state from one run into another and see what moves.

Two prompts of equal length that differ in a token give two answers. "Activation patching" runs the
model on the first while one of its states is replaced by that of the second: as much of the answer
as moves over was carried by this state (Meng et al. 2022, "Locating and Editing Factual
Associations in GPT", section 2; Zhang & Nanda 2023, "Towards Best Practices of Activation
Patching", whose advice this follows: swapped tokens instead of noise, differences of logits).

Shapes: L layers, T tokens, C channels, V tokens in the vocabulary. The answer is what the model
predicts after the last token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gpt_core.interpret import variants
from gpt_core.interpret.variants import run_variants
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.model.observe import Change, intervene
from gpt_core.model.recording import Recording

STATES = ("resid_pre", "attn_out", "resid_mid", "mlp_out", "resid_post")
KEPT = (*variants.KEPT, *(f"blocks.*.{state}" for state in STATES))
"""What patching needs of either run; see `gpt_core.model.recording.run`."""
_TOKENS_AT_ONCE = 16_384  # of all sequences in a batch
_SAME = 1e-5  # two logit differences closer than this are equal but for rounding


@dataclass(frozen=True)
class Contrast:
    """How far an answer has moved from one run's to another's.

    answer: the token whose probability the first run has highest above the second's; instead: the
    other way round. start, end: the logit of `answer` minus that of `instead` in the two runs.
    """

    answer: int
    instead: int
    start: float
    end: float

    def moved(self, answer: Tensor, instead: Tensor) -> Tensor:
        """Of the two tokens' logits: 0 as in the first run, 1 as in the second.

        A patch may also move less than nothing, or more than all.
        """
        return (self.start - (answer - instead)) / (self.start - self.end)


def contrast(into: Recording, source: Recording) -> Contrast:
    """What tells the two runs' answers apart.

    Raises ValueError when they have different lengths or predict the same.
    """
    if len(into.ids) != len(source.ids):
        raise ValueError(
            f"One prompt has {len(into.ids)} tokens and the other {len(source.ids)}; a state can "
            "only be copied to its own place, so both need as many tokens."
        )
    gain = source.logits[-1].float().softmax(dim=-1) - into.logits[-1].float().softmax(dim=-1)
    answer, instead = int(gain.argmin()), int(gain.argmax())
    start, end = (float(run.logits[-1, answer] - run.logits[-1, instead]) for run in (into, source))
    if start - end < _SAME:
        raise ValueError("Both prompts give the same prediction, so there is nothing to trace.")
    return Contrast(answer, instead, start, end)


@torch.no_grad()
def patch(
    model: GPT, into: Recording, source: Recording, state: str, layer: int, positions: Sequence[int]
) -> Tensor:
    """Run `into` again with one state copied from `source` at some positions: the logits (V,).

    Everything before the layer stays as it was, so it isn't run again.
    """
    change = _copy(source[f"blocks.{layer}.{state}"], positions)
    x = into[f"blocks.{layer}.resid_pre"][None]
    with intervene(model, {f"blocks.{layer}.{state}": change}):
        for block in model.blocks[layer:]:
            x = block(x)
    return model.lm_head(model.norm_f(x[:, -1:]))[0, 0]


@torch.no_grad()
def patch_each(
    model: GPT, into: Recording, source: Recording, state: str, layer: int, measure: Contrast
) -> list[float]:
    """How much of the answer moves when the state of a layer is copied at each position alone.

    All positions run side by side, from this layer on. Those before the first token that differs
    are the same in both runs of a causal model; they move nothing and are not run.
    """
    T, first = len(into.ids), first_difference(model.config, into.ids, source.ids)
    moved = [0.0] * first
    enters, vectors = _patched(model, into, source, state, layer)
    step = max(1, _TOKENS_AT_ONCE // T)
    for start in range(first, T, step):
        here = range(start, min(T, start + step))
        read = run_variants(model, into, enters, here, vectors[list(here)])
        pair = model.lm_head.weight[[measure.answer, measure.instead]]
        moved += measure.moved(*(read @ pair.T).unbind(dim=-1)).tolist()
    return moved


def _patched(
    model: GPT, into: Recording, source: Recording, state: str, layer: int
) -> tuple[int, Tensor]:
    """A layer, and what the stream that enters it has to be at each patched position, (T, C).

    From a layer's attention on, each token is on its own until the next layer.
    """
    block, pre_norm = model.blocks[layer], model.config.norm_position == "pre"
    new = source[f"blocks.{layer}.{state}"][None]
    if state in ("resid_pre", "resid_post"):
        return layer + (state == "resid_post"), new[0]
    mid = into[f"blocks.{layer}.resid_mid"][None]
    if state == "attn_out":
        mid = into[f"blocks.{layer}.resid_pre"] + new
        mid = mid if pre_norm else block.norm1(mid)
    if state == "resid_mid":
        mid = new
    added = new if state == "mlp_out" else block.mlp(block.norm2(mid) if pre_norm else mid)
    return layer + 1, (mid + added if pre_norm else block.norm2(mid + added))[0]


def first_difference(config: GPTConfig, ids: Sequence[int], other: Sequence[int]) -> int:
    """The first position whose states can differ; 0 if later tokens are seen by earlier ones."""
    if not config.causal:
        return 0
    differ = (i for i, (a, b) in enumerate(zip(ids, other, strict=True)) if a != b)
    return next(differ, len(ids))


def patching_cost(config: GPTConfig, tokens: int, positions: int) -> float:
    """Floating point operations of `patch_each` for all layers: what decides where it may run."""
    weights = (12 if config.activation != "swiglu" else 13) * config.n_embd**2
    one_token = 2 * weights + 4 * tokens * config.n_embd
    blocks = config.n_layer * (config.n_layer + 1) / 2
    return float(one_token * tokens * positions * blocks)


@torch.no_grad()
def suggest_swap(model: GPT, seen: Recording, most: int = 24) -> tuple[int, int]:
    """A position of a prompt and a token to put there, so that the answer changes.

    seen: the pass over the prompt, which kept `variants.KEPT`. Each of the last `most` tokens but
    the very last is tried with the one that the model expected most in its place (or second most,
    if it was right). Of those that move at least half as much probability of what comes next as the
    best one does, and make another token the likeliest if any of them does, the earliest is taken:
    the further away the cause, the more there is to trace.
    """
    ids, logits, T = seen.ids, seen.logits, len(seen.ids)
    places = list(range(max(0, T - 1 - most), max(1, T - 1)))
    rows, old = range(len(places)), [ids[place] for place in places]
    expected = logits[[max(0, place - 1) for place in places]].clone()
    expected[rows, old] = float("-inf")
    tokens = expected.argmax(dim=-1)
    own = torch.tensor([list(ids)], device=model.device)
    others = own.repeat(len(places), 1)
    others[rows, places] = tokens
    change = model.token_vectors(others)[rows, places] - model.token_vectors(own)[0, places]
    swapped = seen["blocks.0.resid_pre"][places] + change
    after = model.lm_head(run_variants(model, seen, 0, places, swapped)).softmax(dim=-1)
    moved = (after - logits[-1].softmax(dim=-1)).abs().sum(dim=-1)
    much = moved >= moved.max() / 2
    turned = much & (after.argmax(dim=-1) != logits[-1].argmax())
    first = int((turned if turned.any() else much).int().argmax())
    return places[first], int(tokens[first])


def _copy(source: Tensor, positions: Sequence[int]) -> Change:
    """Put source (T, C) at some positions into a state (1, T, C)."""
    positions = list(positions)

    def change(x: Tensor) -> Tensor:
        x = x.clone()
        x[0, positions] = source[positions]
        return x

    return change
