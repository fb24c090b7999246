"""Which rate, width, depth and batch the Tuning lesson's own search proposes for the minute.

    python -m benchmarks.recipe --text tinyshakespeare.txt
    python -m benchmarks.recipe --text tinyshakespeare.txt --seconds 3 --speed 4e10

`benchmarks/training.py --seconds 60` trains a recipe for a minute. Here gpt_core/experiments/
search.py (Optuna) looks for its settings by shorter runs: each has as many steps as would fit into
--seconds by gpt_core/training/estimate.py, so a large model takes few of them. Nothing is timed
but the machine's speed, which --speed gives instead: then the same is tried wherever it runs.
Trained on nine tenths of the text's training part, judged on its last tenth; the validation part
isn't looked at. In the end what was found and the recipe itself train with new seeds, in pairs.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks.training import MINUTE, MINUTE_BATCH, make_trainer
from corpus import from_file
from gpt_core.evaluation.paired import paired
from gpt_core.experiments.landscape import LOOKS
from gpt_core.experiments.search import METHODS, NAMES, Choice, search
from gpt_core.model.config import GPTConfig
from gpt_core.tokenizers import train_tokenizer
from gpt_core.training import data
from gpt_core.training.config import TrainConfig
from gpt_core.training.estimate import estimate, measure_speed
from gpt_core.training.evaluate import whole_split_loss
from gpt_core.training.train_run import flush_subnormals
from gpt_core.training.trainer import Trainer

SPACE = ((0.0125, 0.025, 0.05, 0.1), (64, 96, 128, 192), (2, 3, 4), (4, 8, 16, 32))
RECIPE: Choice = (TrainConfig.from_preset("modern").learning_rate, 96, 3, MINUTE_BATCH)
HEAD = 32  # numbers in a head, as in the recipe
JUDGED = 32_768  # characters of the last tenth, while a search goes on
CHECKED = (11, 12, 13)  # seeds that the search has not seen


class Short:
    """Runs of a choice that the estimate says take so many seconds on a machine of this speed."""

    def __init__(self, text: str, kind: str, seconds: float, speed: float, seed: int) -> None:
        """kind: one of MINUTE."""
        tokenizer = train_tokenizer("char", text)
        train, _ = data.split(data.encode_to_array(tokenizer, text))
        self.splits, self.vocabulary = data.split(train), tokenizer.vocab_size
        self.shape, self.seconds, self.speed, self.seed = MINUTE[kind], seconds, speed, seed

    def trainer(self, choice: Choice, seed: int) -> Trainer:
        """A trainer of such a run, before its first step."""
        rate, width, layers, batch = choice
        shape = self.shape | {"n_layer": layers, "n_embd": width, "n_head": width // HEAD}
        own = {"batch_size": batch, "deal": True, "learning_rate": rate, "seed": seed}
        model = GPTConfig.from_preset("modern", vocab_size=self.vocabulary, **shape)
        none = {"eval_batches": 1, "eval_interval": 10**6}
        one = estimate(model, TrainConfig.from_preset("modern", steps=1, **own, **none), self.speed)
        steps = max(2**LOOKS, round(self.seconds / one.seconds))
        return make_trainer("modern", shape, self.vocabulary, self.splits, steps=steps, **own)

    def __call__(self, choice: Choice) -> Iterator[float]:
        """The loss at each look, nats per character; the last at the run's end."""
        trainer = self.trainer(choice, self.seed)
        looks = {trainer.config.steps >> halvings for halvings in range(LOOKS)}
        for _ in trainer:
            if trainer.step in looks:
                loss = whole_split_loss(trainer.model, self.splits[1][: JUDGED + 1])
                yield loss if math.isfinite(loss) else math.inf

    def ended(self, choice: Choice, seed: int) -> float:
        """The loss over the whole tenth after a run with that seed."""
        trainer = self.trainer(choice, seed)
        for _ in trainer:
            pass
        return whole_split_loss(trainer.model, self.splits[1])


def find(runs: Short, method: str, budget: float, seed: int) -> Choice:
    """Search, print each trial, and return the best."""
    best, lowest = RECIPE, math.inf
    print(f"| {' | '.join(NAMES)} | of a run | loss |\n|{' ---: |' * (len(NAMES) + 2)}")
    for trial in search(method, runs, budget, seed, SPACE):
        if not trial.pruned and trial.loss < lowest:
            best, lowest = trial.choice, trial.loss
        values = " | ".join(f"{value:g}" for value in trial.choice)
        print(f"| {values} | {trial.cost:g} | {trial.loss:.3f} |", flush=True)
    return best


def main() -> None:
    """Print the trials, what was found, and both with new seeds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--text", type=Path, required=True, help="the text to train on")
    parser.add_argument("--kind", choices=list(MINUTE), default="with runs", help="(%(default)s)")
    parser.add_argument("--method", choices=METHODS, default="halving", help="(%(default)s)")
    parser.add_argument("--seconds", type=float, default=10, help="of a whole run (%(default)g)")
    parser.add_argument("--budget", type=float, default=12, help="whole runs (%(default)g)")
    parser.add_argument("--speed", type=float, help="operations a second, instead of measuring it")
    parser.add_argument("--seed", type=int, default=1, help="(%(default)s)")
    parser.add_argument("--threads", type=int, help="processor threads (default: all)")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    speed = args.speed or measure_speed()
    runs = Short(from_file(args.text).text, args.kind, args.seconds, speed, args.seed)
    print(f"{args.kind}, {args.method}, {args.seconds:g} s at {speed:.2g} operations a second\n")
    found = find(runs, args.method, args.budget, args.seed)
    print(f"\nFound: {dict(zip(NAMES, found, strict=True))}\n")
    if found == RECIPE:
        print("That is the recipe.")
        return
    theirs, ours = ([runs.ended(choice, s) for s in CHECKED] for choice in (RECIPE, found))
    gain = paired(theirs, ours)
    for name, choice, losses in (("recipe", RECIPE, theirs), ("found", found, ours)):
        said = ", ".join(f"{loss:.3f}" for loss in losses)
        print(f"{name} ({runs.trainer(choice, 1).config.steps} steps): {said}", flush=True)
    print(f"recipe − found: {gain.mean:.3f} ({gain.low:.3f} to {gain.high:.3f}, 95%)")


if __name__ == "__main__":
    flush_subnormals()
    main()
