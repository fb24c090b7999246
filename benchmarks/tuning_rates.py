"""The learning rates of the Fine-tuning lesson: which ones it was to have, by a trial.

    python -m benchmarks.tuning_rates --text tinyshakespeare.txt

Each way goes on from the bundled model with several rates, or begins anew, for as many steps as the
lesson's longer run. Trained on the first nine tenths of the text's training part and judged on its
last tenth, with seeds that the lesson never shows: what is measured there has no part in the
choice. Prints each way's bits per token by rate, the mean of the seeds; how far it is above the
way's lowest, seed by seed, with a 95% interval; and which rate is the lesson's.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import torch

from corpus import from_file
from gpt_core.bundled import bundled_run_path
from gpt_core.evaluation.paired import paired
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
    "all": (1e-3, 3e-3, 1e-2, 2e-2, 3e-2, 6e-2),
    "last": (1e-3, 3e-3, 1e-2, 3e-2, 6e-2),
    "lora": (1e-3, 3e-3, 1e-2, 3e-2, 6e-2, 1e-1),
    "new": (1e-3, 3e-3, 1e-2, 3e-2, 6e-2),
}
TRIAL_SEEDS = (100, 101, 102)  # no lesson shows them


def ended(run: Run, tokens: data.TokenData, way: str, rate: float, seed: int, steps: int) -> float:
    """Bits per token of the judged pieces after so many steps; inf where the run diverged."""
    model = run.load_model()
    config = config_of(run, model, way, steps, max(SEEDS))
    learner = learner_of(model, way, seed)
    trainer = Trainer(learner, tokens, replace(config, seed=seed, learning_rate=rate))
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
    print("| way | rate | bits per token | above the lowest | the lesson's |")
    print("| --- | ---: | ---: | ---: | --- |")
    for way in args.way or WAYS:
        losses = {
            rate: [ended(run, tokens, way, rate, seed, args.steps) for seed in TRIAL_SEEDS]
            for rate in TRIED[way]
        }
        for row in rows(way, losses):
            print(row, flush=True)


def rows(way: str, losses: dict[float, list[float]]) -> list[str]:
    """A row of the table for each rate; losses: for each seed."""
    best = min(losses, key=lambda rate: fmean(losses[rate]))
    table = []
    for rate, each in losses.items():
        mean = f"{fmean(each):.3f}"
        above = ""
        if rate != best and all(map(math.isfinite, each)):
            found = paired(each, losses[best])
            above = f"{found.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f})"
        cells = (f"**{mean}**" if rate == best else mean, above, "yes" * (rate == RATES[way]))
        table.append(f"| {way} | {rate:g} | {' | '.join(cells)} |")
    return table


if __name__ == "__main__":
    main()
