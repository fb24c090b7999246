"""Fused attention, accumulation, checkpointing, mixed precision: each against the plain step.

Then what a step at batch 1 waits for, and what the model really takes in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any

import torch

from gpt_core.evaluation.seen import seen_tokens
from gpt_core.experiments import training_memory as ways
from gpt_core.experiments.decode_speed import large_model, measured_bandwidth, waits
from gpt_core.experiments.stopwatch import KeptForBackward, one_thread
from gpt_core.generate.decoder import Decoder
from gpt_core.jobs import JobError, Progress
from gpt_core.model.gpt import GPT
from gpt_core.training import data
from gpt_core.training.config import TrainConfig
from gpt_core.training.optim import make_optimizer, numbers
from gpt_core.training.run import Run

MOST_PARAMETERS = 30_000_000
TOKENS = 3072  # of the batch, at most; it splits into parts
PARTS = 4


def lean_training(run: Run, settings: dict[str, Any]) -> Iterator[Progress]:
    """No settings. One thread.

    Result: {"batch": [B, T], "ways": {name: see `training_memory.Against`}, "bandwidth": bytes a
    second, "waits": {"this", "large": [see `decode_speed.Wait`, …]}, "taken": bytes that the model
    really takes: see `_taken`, "flops": floating point operations a second of a training step}.
    Ways: "explicit", "parts", "checkpoint", "bfloat16"; each beside the plain step. "explicit" is
    attention without the fused kernel. Dropout is off, so that all compute the same.
    """
    model = run.load_model()
    if model.num_parameters() > MOST_PARAMETERS:
        raise JobError(
            f"The model has {model.num_parameters():,} parameters: measuring its training steps "
            "would take too long here. Choose a smaller model at the top."
        )
    batch = batch_of(run)
    plain = ways.whole_batch(model, batch)
    made: dict[str, Callable[[], float]] = {
        "explicit": ways.explicit_attention(model, batch),
        "parts": ways.in_parts(model, batch, PARTS),
        "checkpoint": ways.checkpointed(model, batch),
        "bfloat16": ways.in_bfloat16(model, batch),
    }
    total, found = len(made) + 3, {}
    with one_thread():
        for done, (name, way) in enumerate(made.items()):
            yield Progress(done, total)
            found[name] = asdict(ways.against(model, plain, way))
        yield Progress(len(made), total)
        taken, flops = _taken(model, batch, run.train_config)
    model.eval().requires_grad_(False)
    rate, waiting = measured_bandwidth(), {}
    for done, (name, other) in enumerate((("this", model), ("large", large_model()))):
        yield Progress(len(made) + 1 + done, total)
        can = other.config.causal
        waiting[name] = [asdict(wait) for wait in waits(other, rate)] if can else []
    size = list(batch[0].shape)
    result = {"batch": size, "ways": found, "bandwidth": rate, "waits": waiting}
    yield Progress(total, total, result | {"taken": taken, "flops": flops})


def batch_of(run: Run) -> ways.Batch:
    """A batch of the run's own text, in a number of pieces that splits into parts."""
    length = min(run.block_size, TOKENS // PARTS)
    tokens = seen_tokens(run, scenes=400).train
    size = PARTS * max(1, TOKENS // PARTS // length)
    return data.batch(tokens, 0, batch_size=size, block_size=length, seed=1)


def _taken(model: GPT, batch: ways.Batch, config: TrainConfig) -> tuple[dict[str, int], float]:
    """Bytes that lie in memory: weights, gradients, AdamW's memory, activations, a full cache.

    Activations: what a forward pass over the batch keeps. Also, the plain step's operations a
    second.
    """
    model.zero_grad()
    with KeptForBackward(model.parameters()) as kept:
        loss = model(*batch)[1]
    loss.backward()
    parameters = [*model.parameters()]
    optimizer = make_optimizer(model, replace(config, optimizer="adamw"))
    memory = (t for t in optimizer.state_dict().values() if t.dim())
    taken = {
        "weights": sum(p.nbytes for p in parameters),
        "gradients": sum(numbers(p.grad).nbytes for p in parameters if p.grad is not None),
        "optimizer": sum(t.nbytes for t in memory),
        "activations": kept.nbytes,
        "cache": _cache(model),
    }
    seconds = ways.seconds_of(ways.whole_batch(model, batch))
    model.zero_grad()
    return taken, batch[0].numel() * model.flops_per_token() / seconds


def _cache(model: GPT) -> int:
    """Bytes of keys and values in a decoder's cache, which holds the queries beside them."""
    if not model.config.causal:
        return 0
    rows: torch.Tensor = Decoder(model).rows
    return rows.nbytes * 2 // 3
