"""The recorded landscape: which small GPTs are trained, with which settings, in which pieces.

A part is one piece of recording, of a few minutes at most on one core. Every run is judged by the
same held-out text, and by steps and characters, never by seconds: on another machine it comes out
the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from itertools import product
from typing import Any

import numpy as np
from torch import Tensor

from corpus.sitcom.text import generated
from gpt_core.experiments.norm_race import text_of_the_race
from gpt_core.experiments.stack import Member, Shape, Stack, new_model
from gpt_core.tokenizers import train_tokenizer
from gpt_core.training import data

READ = 153_600  # characters that a run reads, unless something else is said
HELD_OUT = 8_192  # characters of held-out text that every run is judged on
SEEDS = (1, 2, 3)
MORE_SEEDS = tuple(range(1, 9))
RATES = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064)
WIDTHS, LAYERS, BATCHES = (16, 32, 64), (1, 2), (2, 8, 32)
RATE = 0.016  # the best of RATES for the base: 2 layers, 32 wide, 8 pieces of 64 characters
LOOKS = 4  # a run is judged after 1/8, 1/4, 1/2 of its steps, and at its end
_CELLS = 2**18  # channels × tokens of a step that lie on top of each other at most


@dataclass(frozen=True)
class Group:
    """Runs of one shape and length. sitcom: they read generated scenes, never the same twice."""

    shape: Shape
    steps: int
    members: tuple[Member, ...]
    sitcom: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a run: bits per held-out character at each look; None is no number.

    train: of the text that it learned from, the mean over its last tenth.
    """

    bits: tuple[float | None, ...]
    train: float | None


def parts() -> dict[str, list[Group]]:
    """All that is recorded, by the piece that it is recorded in."""
    base = Shape()
    lengths, shares = (8, 16, 32, 64, 128), (0.0, 0.1, 0.2, 0.4)
    contexts = [replace(base, block_size=n, batch_size=512 // n) for n in lengths]
    texts = _vary("tokens", (5_000, 20_000, None))
    found = {"seeds": [_group(base, _members((RATE, RATE / 2), MORE_SEEDS))]}
    for width in (32, 16, 64):
        found[f"grid_{width}"] = [
            _group(Shape(n_embd=width, n_layer=layers, batch_size=batch), _members(RATES))
            for layers, batch in product(LAYERS, BATCHES)
        ]
    found["decay"] = [_group(base, _vary("weight_decay", (0.0, 0.01, 0.1, 0.3, 1.0, 3.0)))]
    found["context"] = [_group(shape, _members((RATE,))) for shape in contexts]
    found["scaling"] = [_scaled(w, steps, 1) for w in SCALED_WIDTHS for steps in SCALED_STEPS]
    found["left_out"] = [_scaled(LEFT_OUT_WIDTH, SCALED_STEPS[-1], 1)]
    found["mup_16"] = [_group(Shape(n_embd=16, mup=True), _members(RATES))]
    found["mup_64"] = [_group(Shape(n_embd=64, mup=True), _members(RATES))]
    found["dropout"] = [_group(replace(base, dropout=p), texts) for p in shares]
    found["warmup"] = [_group(base, _warmups())]
    found["shape"] = [_group(shape, _members((RATE / 2, RATE))) for shape in _alike()]
    for seed in SEEDS[1:]:
        groups = [_scaled(w, steps, seed) for w in SCALED_WIDTHS for steps in SCALED_STEPS]
        found[f"scaling_{seed}"] = groups
        found[f"left_out_{seed}"] = [_scaled(LEFT_OUT_WIDTH, SCALED_STEPS[-1], seed)]
    return found


SCALED_WIDTHS, SCALED_STEPS, LEFT_OUT_WIDTH = (8, 16, 32, 64, 96), (64, 128, 256, 512, 1024), 128


def _group(shape: Shape, members: Iterable[Member], read: int = READ) -> Group:
    return Group(shape, read // (shape.batch_size * shape.block_size), tuple(members))


def _members(rates: Sequence[float], seeds: Sequence[int] = SEEDS) -> list[Member]:
    return [Member(learning_rate=rate, seed=seed) for rate, seed in product(rates, seeds)]


def _vary(name: str, values: Sequence[float | None]) -> list[Member]:
    varied: list[dict[str, Any]] = [{name: value} for value in values]
    return [replace(member, **each) for each in varied for member in _members((RATE,))]


def _warmups() -> list[Member]:
    rates = (RATE / 2, 2 * RATE)
    return [replace(m, warmup=share) for share in (0.0, 0.03, 0.1, 0.3) for m in _members(rates)]


def _alike() -> Iterator[Shape]:
    """Shapes of about the same number of weights in their blocks, 12 · layers · width²."""
    for layers, width in ((1, 46), (2, 32), (4, 22), (8, 16)):
        yield Shape(n_embd=width, n_layer=layers, n_head=2)


def _scaled(width: int, steps: int, seed: int) -> Group:
    shape = Shape(n_embd=width, mup=True)
    return Group(shape, steps, tuple(_members((RATE,), (seed,))), sitcom=True)


@cache
def text_of(sitcom: bool) -> tuple[int, np.ndarray, np.ndarray]:
    """How many characters there are to tell apart, the text to learn from, the held-out one."""
    if not sitcom:
        tokenizer, train, val = text_of_the_race()
        return tokenizer.vocab_size, train, val[: HELD_OUT + 1]
    text = generated(seed=16, scenes=3_000).text
    tokenizer = train_tokenizer("char", text)
    train, val = data.split(data.encode_to_array(tokenizer, text))
    return tokenizer.vocab_size, train, val[: HELD_OUT + 1]


def stacks(group: Group) -> list[Group]:
    """The same runs, no more of them together than work well on top of each other."""
    shape = group.shape
    most = max(3, _CELLS // (shape.n_embd * shape.batch_size * shape.block_size))
    cuts = range(0, len(group.members), most)
    return [replace(group, members=group.members[i : i + most]) for i in cuts]


def train(group: Group) -> Iterator[tuple[int, list[Outcome]]]:
    """Train the runs of a group; yield the steps done, and what is known of each at the end."""
    vocab_size, text, held_out = text_of(group.sitcom)
    stack = Stack(group.members, group.shape, group.steps, text, vocab_size)
    looks = {group.steps >> halvings for halvings in range(LOOKS)}
    seen: list[Tensor] = []
    last: list[Tensor] = []
    for losses in stack:
        if stack.step > 0.9 * group.steps:
            last.append(losses)
        if stack.step in looks:
            seen.append(stack.losses_on(held_out))
        if stack.step < group.steps:
            yield stack.step, []
    means = (sum(last[1:], last[0]) / len(last)).tolist()
    by_run = zip(*(each.tolist() for each in seen), strict=True)
    pairs = zip(by_run, means, strict=True)
    yield (
        group.steps,
        [Outcome(tuple(map(bits, each)), bits(mean)) for each, mean in pairs],
    )


def bits(nats: float) -> float | None:
    """In bits, with four decimals; None for what is no finite number."""
    return round(nats / math.log(2), 4) if math.isfinite(nats) else None


def told(group: Group) -> dict[str, object]:
    """What the runs of a group have in common, with their size, as plain values.

    parameters: all numbers that are learned; flops: for one character, see GPT.flops_per_token.
    """
    model = new_model(group.shape, text_of(group.sitcom)[0], seed=1)
    size = {"parameters": model.num_parameters(), "flops": model.flops_per_token()}
    return asdict(group.shape) | {"steps": group.steps, "sitcom": group.sitcom} | size
