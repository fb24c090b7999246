"""The text that a run learned from, as far as training on or measuring a model needs it."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from gpt_core.training import data
from gpt_core.training.run import Run
from gpt_core.training.text_source import token_data

SCENES = 2_000  # of a generated sitcom, whose whole text takes minutes to make


def seen_tokens(run: Run, scenes: int = SCENES) -> data.TokenData:
    """Tokens to train on, in pieces that begin where the run's own did; all count once.

    Of a generated sitcom its first scenes. Raises RunError when the text is missing.
    """
    tokenizer, recipe = run.tokenizer(), run.recipe()
    if recipe:
        tokens = data.encode_to_array(tokenizer, recipe.beginning(scenes))
    else:
        tokens, _ = run.tokens()
    config = replace(run.train_config, rare_token_weight=1.0)
    return token_data((tokens, tokens), tokenizer, config)


def calibration(run: Run, batches: int = 4, tokens: int = 4096, seed: int = 1) -> list[Tensor]:
    """Pieces of the text that a run learned from: so many batches (B, T) of about `tokens` ids.

    Raises RunError when the text is missing.
    """
    found, length = seen_tokens(run, scenes=400), run.block_size
    starts = found.starts and found.starts[0]
    return [
        torch.as_tensor(
            data.batch(
                found.train,
                step,
                batch_size=max(1, tokens // length),
                block_size=length,
                seed=seed,
                starts=starts,
            )[0]
        )
        for step in range(batches)
    ]
