"""Seconds of steps to the same loss: nanoGPT's CPU recipe against our fast one; a step's time.

    python -m benchmarks.training --text tinyshakespeare.txt --nanogpt path/to/nanoGPT
    python -m benchmarks.training --text tinyshakespeare.txt --seconds 60

Three questions, each answered side by side in one run:

1. nanoGPT's settings for a CPU (4 layers, 4 heads, 128 wide, context 64, batch 12, AdamW, 2,000
   steps) reach some loss on the whole validation split. How much sooner does a GPT of at most 1.5M
   parameters get there with the "modern" recipe and vectors for runs of characters? Both train in
   turns, a slice of their steps at a time, so that a busy moment of the machine meets both.
   Evaluation isn't counted.
2. How long is a step of that classic recipe in our code, in nanoGPT's, in transformers' GPT-2?
   All three take turns; the ratio is the median over rounds.
3. With --seconds: what loss does a minute of steps come to, with and without vectors for runs of
   characters (gpt_core/model/ngrams.py)? How many steps fit is measured first, then so many are
   taken; --steps says it instead, for a machine that has other work.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import nn

from corpus import from_file
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.tokenizers import train_tokenizer
from gpt_core.training import data
from gpt_core.training.config import TrainConfig
from gpt_core.training.data import TokenData
from gpt_core.training.evaluate import whole_split_loss
from gpt_core.training.train_run import flush_subnormals
from gpt_core.training.trainer import Trainer

BLOCK, BATCH = 64, 12
CLASSIC = {"n_layer": 4, "n_head": 4, "n_embd": 128, "bias": False}  # as nanoGPT's train.py
FAST = {
    **{"n_layer": 2, "n_head": 2, "n_embd": 64, "activation": "swiglu"},
    **{"ngrams": 5, "ngram_rows": 4096},
}
FAST_RECIPE = {"steps": 130, "deal": True}
# In a minute. Both have the same blocks; looking up runs takes a tenth of a step.
MINUTE: dict[str, dict[str, object]] = {
    "plain": {"n_layer": 3, "n_head": 3, "n_embd": 96, "activation": "swiglu", "block_size": 128},
}
MINUTE["with runs"] = MINUTE["plain"] | {"ngrams": 5}
MINUTE_BATCH = 8
LARGEST = 1_500_000
SLICES = 20  # turns that each of the two trainings takes
ROUND = 10  # steps that each side of a comparison takes in its turn

Splits = tuple[np.ndarray, np.ndarray]
Step = Callable[[], None]


@dataclass(frozen=True)
class Outcome:
    """What one training came to."""

    parameters: int
    steps: int
    seconds: float
    loss: float


def make_trainer(
    preset: str, shape: dict[str, object], vocabulary: int, splits: Splits, **settings: object
) -> Trainer:
    """A trainer that never stops to evaluate."""
    train = TrainConfig.from_preset(preset, eval_interval=10**6, eval_batches=1, **settings)
    torch.manual_seed(train.seed)
    sizes = {"vocab_size": vocabulary, "block_size": BLOCK} | shape
    model = GPT(GPTConfig.from_preset(preset, **sizes))
    return Trainer(model, TokenData(*splits), train)


def race(vocabulary: int, splits: Splits, seed: int) -> list[Outcome]:
    """Train the classic and the fast model, in turns."""
    racers = [
        make_trainer("classic", CLASSIC, vocabulary, splits, seed=seed),
        make_trainer("modern", FAST, vocabulary, splits, seed=seed, **FAST_RECIPE),
    ]
    for _ in range(SLICES):
        for trainer in racers:
            for _ in islice(trainer, -(-trainer.config.steps // SLICES)):
                pass
    return [
        Outcome(
            parameters=trainer.model.num_parameters(),
            steps=trainer.step,
            seconds=trainer.elapsed,
            loss=whole_split_loss(trainer.model, splits[1]),
        )
        for trainer in racers
    ]


def print_races(vocabulary: int, splits: Splits, seeds: int) -> None:
    """One row a seed, and the medians."""
    print("| seed | classic: loss | seconds of steps | fast: loss | seconds of steps | ratio |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    rows = []
    for seed in range(1, seeds + 1):
        classic, fast = race(vocabulary, splits, seed)
        assert fast.parameters <= LARGEST
        values = (classic.loss, classic.seconds, fast.loss, fast.seconds)
        rows.append((*values, classic.seconds / fast.seconds))
        print_row(str(seed), rows[-1])
    print_row("median", tuple(map(median, zip(*rows, strict=True))))
    print(
        f"\nclassic: {classic.parameters:,} parameters, {classic.steps:,} steps; fast: "
        f"{fast.parameters:,} parameters, {fast.steps} steps; {BATCH * BLOCK} tokens a step.\n"
    )


def print_row(name: str, row: tuple[float, ...]) -> None:
    """Losses with three digits, seconds with one."""
    classic, classic_s, fast, fast_s, ratio = row
    print(
        f"| {name} | {classic:.3f} | {classic_s:.1f} | {fast:.3f} | {fast_s:.2f} "
        f"| **{ratio:.1f}×** |",
        flush=True,
    )


def minute_trainer(name: str, vocabulary: int, splits: Splits, steps: int, seed: int) -> Trainer:
    """A trainer of one of MINUTE."""
    own = {"batch_size": MINUTE_BATCH, "deal": True, "steps": steps, "seed": seed}
    return make_trainer("modern", MINUTE[name], vocabulary, splits, **own)


def steps_in(seconds: float, trainers: list[Trainer]) -> list[int]:
    """How many steps of each trainer fit into so many seconds, by 50 that they take in turns."""
    times: list[list[float]] = [[] for _ in trainers]
    for _ in range(50):
        for trainer, own in zip(trainers, times, strict=True):
            before = trainer.elapsed
            next(trainer)
            own.append(trainer.elapsed - before)
    return [round(seconds / median(own[10:])) for own in times]  # the first ones warm up


def print_minutes(vocabulary: int, splits: Splits, seeds: int, counts: dict[str, int]) -> None:
    """One row a seed, and the medians: each recipe of MINUTE with its count of steps."""
    heads = [f"{name}: loss | steps | seconds" for name in counts]
    print(f"| seed | {' | '.join(heads)} |\n| --- |{' ---: |' * 3 * len(counts)}")
    rows = []
    for seed in range(1, seeds + 1):
        row: list[float] = []
        for name, steps in counts.items():
            trainer = minute_trainer(name, vocabulary, splits, steps, seed)
            for _ in trainer:
                pass
            row += [whole_split_loss(trainer.model, splits[1]), steps, trainer.elapsed]
        rows.append(row)
        print_minute(str(seed), row)
    print_minute("median", [median(column) for column in zip(*rows, strict=True)])


def print_minute(name: str, row: list[float]) -> None:
    """Losses with three digits, seconds with one."""
    cells = [
        f"{loss:.3f} | {steps:,.0f} | {seconds:.1f}"
        for loss, steps, seconds in zip(row[::3], row[1::3], row[2::3], strict=True)
    ]
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def our_step(vocabulary: int, splits: Splits) -> Step:
    """A step of the classic recipe in our code."""
    trainer = make_trainer("classic", CLASSIC, vocabulary, splits, steps=1_000_000)
    return lambda: next(trainer) and None


def their_step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss_of: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    tokens: np.ndarray,
) -> Step:
    """The same step around another model, as nanoGPT's train.py takes it."""
    count = iter(range(10**9))

    def step() -> None:
        x, y = data.batch(tokens, next(count), batch_size=BATCH, block_size=BLOCK, seed=1)
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(x, y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        loss.item()

    return step


def nanogpt_step(folder: Path, vocabulary: int, tokens: np.ndarray) -> Step:
    """A step in nanoGPT's code, imported from a checkout."""
    sys.path.insert(0, str(folder))
    theirs = importlib.import_module("model")
    config = theirs.GPTConfig(vocab_size=vocabulary, block_size=BLOCK, dropout=0.0, **CLASSIC)
    model = theirs.GPT(config)
    optimizer = model.configure_optimizers(0.1, 1e-3, (0.9, 0.99), "cpu")
    return their_step(model, optimizer, lambda x, y: model(x, y)[1], tokens)


def transformers_step(vocabulary: int, tokens: np.ndarray) -> Step:
    """A step of transformers' GPT-2 (which always has biases)."""
    from transformers import GPT2Config, GPT2LMHeadModel

    shape = {name: CLASSIC[name] for name in ("n_layer", "n_head", "n_embd")}
    no_dropout = {"attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0}
    model = GPT2LMHeadModel(
        GPT2Config(vocab_size=vocabulary, n_positions=BLOCK, use_cache=False, **shape, **no_dropout)
    ).train()
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99))

    def loss_of(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(model(x).logits.flatten(0, 1), y.flatten())

    return their_step(model, optimizer, loss_of, tokens)


def print_steps(sides: dict[str, Step], rounds: int) -> None:
    """Milliseconds a step of every side, and each as a multiple of ours in the same round."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for name in [*sides, *[name for _ in range(rounds) for name in sides]]:  # the first warms up
        started = time.perf_counter()
        for _ in range(ROUND):
            sides[name]()
        times[name].append((time.perf_counter() - started) / ROUND)
    ours = times["ours"][1:]
    print("| a step of the classic recipe | ms | as a multiple of ours |\n| --- | ---: | ---: |")
    for name, seconds in times.items():
        ratio = median(s / o for s, o in zip(seconds[1:], ours, strict=True))
        print(f"| {name} | {1000 * median(seconds[1:]):.1f} | {ratio:.2f} |")


def main() -> None:
    """Print the tables that docs/measurements.md quotes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--text", type=Path, required=True, help="the text to train on")
    parser.add_argument("--nanogpt", type=Path, help="a checkout of nanoGPT to time a step of")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each kind; 0 for none")
    parser.add_argument("--rounds", type=int, default=20, help="turns of each side in timing steps")
    parser.add_argument("--threads", type=int, help="processor threads (default: all)")
    parser.add_argument("--seconds", type=float, help="train for so long, and measure nothing else")
    parser.add_argument("--steps", type=int, nargs=2, help="of each recipe, instead of timing them")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    text = from_file(args.text).text
    tokenizer = train_tokenizer("char", text)
    splits = data.split(data.encode_to_array(tokenizer, text))
    print(f"{args.text.name}, PyTorch {torch.__version__}, {torch.get_num_threads()} threads\n")
    if args.seconds or args.steps:
        counts = args.steps or steps_in(
            args.seconds,
            [minute_trainer(name, tokenizer.vocab_size, splits, 10**6, 1) for name in MINUTE],
        )
        by_name = dict(zip(MINUTE, counts, strict=True))
        print_minutes(tokenizer.vocab_size, splits, args.seeds, by_name)
        return
    if args.seeds:
        print_races(tokenizer.vocab_size, splits, args.seeds)
    sides = {"ours": our_step(tokenizer.vocab_size, splits)}
    if args.nanogpt:
        sides["nanoGPT"] = nanogpt_step(args.nanogpt, tokenizer.vocab_size, splits[0])
    sides["transformers' GPT-2"] = transformers_step(tokenizer.vocab_size, splits[0])
    print_steps(sides, args.rounds)


if __name__ == "__main__":
    flush_subnormals()
    main()
