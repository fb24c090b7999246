"""What a training run will take, before it starts: parameters, memory, seconds."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch

from gpt_core.adapters.ways import count_trained
from gpt_core.model.config import GPTConfig
from gpt_core.model.shapes import shapes_of
from gpt_core.training.config import TrainConfig

# A small model's step is mostly the cost of calling its many operations. Seconds a step and a
# block, measured on two cores of 2023.
_SECONDS_PER_STEP = 0.003
_SECONDS_PER_BLOCK = 0.003
# Python and PyTorch themselves, before any model.
_PROCESS_BYTES = 300_000_000


@dataclass(frozen=True)
class Estimate:
    """What a run takes: numbers learned, bytes of the training process, seconds of training.

    parameters: of the model; trained: those that this run changes. Memory and seconds are right
    within a factor of two or so.
    """

    parameters: int
    trained: int
    memory_bytes: int
    seconds: float


def estimate(model: GPTConfig, train: TrainConfig, flops_per_s: float) -> Estimate:
    """Estimate a run on a machine that does so many floating point operations a second.

    Nothing is allocated. flops_per_s: see `measure_speed`.
    """
    parameters = shapes_of(model).num_parameters()
    trained = count_trained(model, train.tune, train.lora_rank)
    step = _flops_per_step(model, train) / flops_per_s + _overhead(model, train)
    # An evaluation reads eval_batches of both splits; forward alone is a third of a step.
    evaluation = 2 * train.eval_batches * step / 3
    return Estimate(
        parameters=parameters,
        trained=trained,
        # Each weight; of what is trained its gradient, two running averages, and two temporary
        # copies; and where not all is, a second copy of the weights while they are saved.
        memory_bytes=_PROCESS_BYTES
        + 4 * (parameters + 5 * trained)
        + (4 * parameters if train.tune != "all" else 0)
        + activation_bytes(model, train),
        seconds=train.steps * (step + evaluation / train.eval_interval),
    )


def speed_reached(model: GPTConfig, train: TrainConfig, seconds_per_step: float) -> float:
    """The flops_per_s that would have made `estimate` right about a run that was timed."""
    arithmetic = max(seconds_per_step - _overhead(model, train), seconds_per_step / 10)
    return _flops_per_step(model, train) / arithmetic


def _flops_per_step(model: GPTConfig, train: TrainConfig) -> float:
    """Of a whole step: 2 a weight forward, 2 to pass the gradient back, 2 for its own gradient."""
    whole = train.batch_size * model.block_size * shapes_of(model).flops_per_token()
    if train.tune == "lora":
        return whole * 2 / 3  # no frozen weight has a gradient
    if train.tune == "last":  # nothing is passed back beyond the last block
        return whole * (1 + 2 / model.n_layer) / 3
    return whole


def _overhead(model: GPTConfig, train: TrainConfig) -> float:
    """Seconds a step spends on calling operations, whatever their size."""
    return _SECONDS_PER_STEP + train.grad_accum * model.n_layer * _SECONDS_PER_BLOCK


def activation_bytes(model: GPTConfig, train: TrainConfig) -> int:
    """Bytes that a forward pass keeps for the backward pass, in float32.

    Per token and block: about 21 tensors of the stream's width (of which the MLP's hidden layer,
    four times as wide, is 12) and two rows of the attention pattern per head, as in Korthikanti
    et al. 2022, section 4; with dropout its masks and copies. Then the logits and their softmax.
    """
    tokens = train.batch_size // train.grad_accum * model.block_size
    layers = 1 if train.tune == "last" else model.n_layer
    width, rows = (28, 4) if model.dropout else (21, 2)
    block = width * model.n_embd + rows * model.n_head * model.block_size
    return 4 * tokens * (layers * block + 2 * model.vocab_size)


def measure_speed() -> float:
    """Floating point operations per second of this machine, on matrices of a small GPT's size.

    The best of a few tries of some milliseconds: the machine may be busy with something else.
    """
    x, weight = torch.ones(512, 128), torch.ones(128, 512)

    def seconds() -> float:
        started = time.perf_counter()
        for _ in range(10):
            x @ weight
        return (time.perf_counter() - started) / 10

    return 2 * 512 * 128 * 512 / min(seconds() for _ in range(6))
