"""The learning rates of the Fine-tuning lesson: which ones it was to have, by a trial.

    python -m benchmarks.tuning_rates --text tinyshakespeare.txt

Each way goes on from the bundled model with several rates, or begins anew, for as many steps as the
lesson's longer run. Trained on the first nine tenths of the text's training part and judged on its
last tenth, with a seed that the lesson never shows: what is measured there has no part in the
choice. Prints each way's bits per character by rate, and whether the lesson has the best one.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from pathlib import Path

import torch

from corpus import from_file
from gpt_core.bundled import bundled_run_path
from gpt_core.jobs.fine_tuning import (
    CHARACTERS,
    RATES,
    SEEDS,
    STEPS,
    WAYS,
    config_of,
    learner_of,
    pieces_of,
)
from gpt_core.training import data
from gpt_core.training.evaluate import mean_loss
from gpt_core.training.run import Run
from gpt_core.training.train_run import flush_subnormals
from gpt_core.training.trainer import Trainer

TRIED = {
    "all": (3e-4, 1e-3, 3e-3, 1e-2, 2e-2, 3e-2),
    "last": (1e-3, 3e-3, 1e-2, 3e-2, 6e-2),
    "lora": (1e-3, 3e-3, 1e-2, 3e-2, 6e-2, 1e-1),
    "new": (1e-3, 3e-3, 1e-2, 3e-2, 6e-2),
}
SEED = 100  # no lesson shows it


def ended(run: Run, tokens: data.TokenData, way: str, rate: float, steps: int) -> float:
    """Bits per token of the judged pieces after so many steps; inf where the run diverged."""
    model = run.load_model()
    config = config_of(run, model, way, steps, max(SEEDS))
    learner = learner_of(model, way, SEED)
    trainer = Trainer(learner, tokens, replace(config, seed=SEED, learning_rate=rate))
    for _ in trainer:
        pass
    pieces = pieces_of(tokens.val, run.block_size)
    batches = ((torch.tensor([p[:-1]]), torch.tensor([p[1:]])) for p in pieces)
    loss = mean_loss(learner, batches) / math.log(2)
    return loss if math.isfinite(loss) else math.inf


def main() -> None:
    """Print a Markdown table, row by row."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--text", type=Path, required=True, help="Tiny Shakespeare")
    parser.add_argument("--way", action="append", choices=WAYS, help="only these")
    parser.add_argument("--steps", type=int, default=max(STEPS), help="(%(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="(%(default)s)")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    flush_subnormals()
    run = Run.open(bundled_run_path())
    text = from_file(args.text).text[:CHARACTERS]
    train, _ = data.split(data.encode_to_array(run.tokenizer(), text))
    tokens = data.TokenData(*data.split(train))
    print("| way | rate | bits per token | the lesson's |\n| --- | ---: | ---: | --- |")
    for way in args.way or WAYS:
        losses = {rate: ended(run, tokens, way, rate, args.steps) for rate in TRIED[way]}
        best = min(losses, key=losses.__getitem__)
        for rate, loss in losses.items():
            own = "yes" if rate == RATES[way] else ""
            strong = "**" if rate == best else ""
            print(f"| {way} | {rate:g} | {strong}{loss:.3f}{strong} | {own} |", flush=True)


if __name__ == "__main__":
    main()
