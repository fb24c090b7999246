"""Train a small GPT with learned positions from noise, and keep what its table becomes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from corpus import bundled
from gpt_core.jobs import Progress, whole
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.tokenizers import train_tokenizer
from gpt_core.training.config import TrainConfig
from gpt_core.training.data import TokenData, encode_to_array, split
from gpt_core.training.run import Run
from gpt_core.training.trainer import Trainer

SHAPE: dict[str, Any] = {"block_size": 64, "n_layer": 2, "n_head": 2, "n_embd": 64}
EVERY = 20  # steps between two looks at the table


def learned_positions(_run: Run | None, settings: dict[str, Any]) -> Iterator[Progress]:
    """settings: {"steps"}. Value: {"table": (T, C) numbers, "loss": nats per character}.

    The model reads the bundled text in characters. The table starts as noise of width 0.02.
    """
    steps = whole(settings, "steps", 20, 1000)
    text = bundled().text
    tokenizer = train_tokenizer("char", text)
    torch.manual_seed(0)
    model = GPT(GPTConfig(tokenizer.vocab_size, **SHAPE, position="learned"))
    config = TrainConfig(
        steps=steps, batch_size=16, learning_rate=3e-3, warmup_steps=20, eval_interval=steps,
        eval_batches=1, precision="float32",
    )  # fmt: skip
    losses = []
    tokens = TokenData(*split(encode_to_array(tokenizer, text)))
    for record in Trainer(model, tokens, config):
        losses.append(record.loss)
        if record.step % EVERY == 0 or record.step == steps:
            table = model.get_parameter("wpe.weight").tolist()
            rows = [[round(x, 3) for x in row] for row in table]
            recent = losses[-EVERY:]
            value = {"table": rows, "loss": round(sum(recent) / len(recent), 3)}
            yield Progress(record.step, steps, value)
