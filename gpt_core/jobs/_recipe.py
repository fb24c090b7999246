"""How a job trains a model on: the run's own recipe, in small steps."""

from __future__ import annotations

from dataclasses import replace

from gpt_core.training.config import TrainConfig

# Of the run's own learning rates: enough to learn, too little to forget.
RATE = 0.1


def small_steps(own: TrainConfig, *, steps: int, batch_size: int, seed: int) -> TrainConfig:
    """The settings of so many steps, whose learning rate is small and falls to zero."""
    return replace(
        own,
        steps=steps,
        batch_size=batch_size,
        grad_accum=1,
        seed=seed,
        schedule="linear",
        cooldown=1.0,
        min_lr_ratio=0.0,
        warmup_steps=min(5, steps),
        learning_rate=RATE * own.learning_rate,
        embedding_lr=RATE * own.embedding_lr,
        head_lr=RATE * own.head_lr,
        eval_interval=steps,
        eval_batches=1,
        compile=False,
        rare_token_weight=1.0,
    )
