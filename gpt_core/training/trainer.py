"""The training loop: batch, loss, gradients, update; one record a step.

    trainer = Trainer(model, TokenData(train, val), TrainConfig.from_preset("modern"))
    for record in trainer:
        print(record.step, record.loss)

Batches and dropout depend on (seed, step) alone, so a loop that continues from a saved state gives
the same losses, bit for bit on a CPU, as one that was never interrupted.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from gpt_core.model.gpt import GPT
from gpt_core.model.observe import record
from gpt_core.model.settings import ConfigError
from gpt_core.model.weights import copy_tensors, weights
from gpt_core.training import data, distributed
from gpt_core.training.autopsy import first_not_finite
from gpt_core.training.config import TrainConfig
from gpt_core.training.evaluate import mean_loss
from gpt_core.training.optim import clip_gradients, lr_factor, make_optimizer, numbers

EVALUATION_SEED = 2**40  # one text for runs of all seeds; none of them learns from its batches


@dataclass(frozen=True)
class StepRecord:
    """What one step tells.

    step: how many steps are done; loss: mean nats per token of this step's batch, before the
    update; lr: the learning rate used; grad_norm: joint norm of all gradients before clipping;
    tokens_per_s: of this step; elapsed: seconds spent in steps so far; train_loss, val_loss: of an
    evaluation after the update, where one was due.
    """

    step: int
    loss: float
    lr: float
    grad_norm: float
    tokens_per_s: float
    elapsed: float
    train_loss: float | None = None
    val_loss: float | None = None


class TokenWeights:
    """How much each token counts in a loss: weights (V,) that fade, 1 on average over a text.

    tokens (N,): the text, which says how often each of them comes up.
    """

    def __init__(self, weights: np.ndarray, tokens: np.ndarray, device: torch.device) -> None:
        self.ones = torch.ones(len(weights), device=device)
        counts = np.bincount(tokens, minlength=len(weights))
        self.groups = [  # of equal weight: the weight, their share of the text, their ids
            (
                float(weight),
                int(counts[weights == weight].sum()) / len(tokens),
                torch.from_numpy(np.flatnonzero(weights == weight)).to(device),
            )
            for weight in np.unique(weights)
        ]

    def at(self, factor: float) -> Tensor:
        """(V,): as given for a factor of 1, all the same for a factor of 0."""
        found, mean = self.ones, 1.0
        for full, share, ids in self.groups:
            weight = 1 + (full - 1) * factor
            found, mean = found.index_fill(0, ids, weight), mean + (weight - 1) * share
        return found / mean


class DivergedError(RuntimeError):
    """A number stopped being finite; the message names it and says what to change."""


class Trainer:
    """Trains a model; iterate to take steps, stop iterating to pause.

    model: trained in place, on the device where it is.
    tokens: what it learns from and is measured on. config: see TrainConfig; document_starts and
    rare_token_weight have had their say when the tokens were made.
    Under torchrun (see `gpt_core.training.distributed`) every process makes its own Trainer and
    iterates in step with the others. Raises ConfigError when the batch doesn't split over the
    processes, DataError when a split is shorter than one sequence.
    """

    def __init__(self, model: GPT, tokens: data.TokenData, config: TrainConfig) -> None:
        self.model = model
        self.splits = {"train": tokens.train, "val": tokens.val}
        self.starts = dict(zip(self.splits, tokens.starts or (None, None), strict=True))
        self.config = config
        self.step = 0
        self.evaluate_at: Collection[int] = ()  # besides every eval_interval steps
        self.elapsed = 0.0
        self.device = model.device
        self.params = [p for p in model.parameters() if p.requires_grad]
        self.optimizer = make_optimizer(model, config)
        self.precision = choose_precision(config.precision, model.config.n_embd, self.device)
        if self.device.type == "cpu" and self.precision == torch.bfloat16:
            model.use_fused = False  # the fused kernel is slower in bfloat16 on CPUs
        self.forward = self._wrap(model)
        self.token_weights = None
        if tokens.weights is not None:
            self.token_weights = TokenWeights(tokens.weights, tokens.train, self.device)
        share = config.grad_accum * distributed.size()
        if config.batch_size % share:
            raise ConfigError(
                f"batch_size is {config.batch_size}; it must split into {share} equal parts "
                f"(grad_accum times the number of processes)."
            )
        self.share = config.batch_size // share
        self.batch("train", 0)  # a text that is too short must fail now, not later
        self.batch("val", 0)

    def __iter__(self) -> Iterator[StepRecord]:
        return self

    def __next__(self) -> StepRecord:
        """Take one step. Raises DivergedError before the weights are harmed."""
        if self.step >= self.config.steps:
            raise StopIteration
        started = time.perf_counter()
        loss = self._gradients()
        norm = clip_gradients(self.params, self.config.grad_clip)
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise DivergedError(self._reason())
        factor = lr_factor(self.step, self.config)
        self.optimizer.step(self.step, factor)
        self.step += 1
        seconds = time.perf_counter() - started
        self.elapsed += seconds
        due = self.step % self.config.eval_interval == 0 or self.step == self.config.steps
        due = due or self.step in self.evaluate_at
        evaluation = self.evaluate() if due else {}
        if not all(map(math.isfinite, evaluation.values())):
            raise DivergedError(self._reason())
        return StepRecord(
            step=self.step,
            loss=loss,
            lr=self.config.learning_rate * factor,
            grad_norm=norm,
            tokens_per_s=self.config.batch_size * self.model.config.block_size / seconds,
            elapsed=self.elapsed,
            **evaluation,
        )

    def batch(self, split: str, step: int, seed: int | None = None) -> tuple[Tensor, Tensor]:
        """Inputs and targets (batch_size, block_size) of a step: a function of (seed, step).

        With a seed of another's they are drawn, even where the run's own are dealt.
        """
        tokens, starts = self.splits[split], self.starts[split]
        sizes = {
            "batch_size": self.config.batch_size,
            "block_size": self.model.config.block_size,
            "seed": self.config.seed if seed is None else seed,
        }
        if self.config.deal and seed is None:
            x, y = data.dealt_batch(tokens, step, **sizes)
        else:
            x, y = data.batch(tokens, step, starts=starts, **sizes)
        return x.to(self.device), y.to(self.device)

    def evaluate(self) -> dict[str, float]:
        """Mean loss of each split, in nats per token: {"train_loss", "val_loss"}.

        Always on the same batches, whatever the run's seed, so that two evaluations differ by the
        weights alone.
        """
        losses = {}
        chosen: Iterator[tuple[Tensor, Tensor]]
        for split, tokens in self.splits.items():
            if self.config.eval_batches:
                steps = range(self.config.eval_batches)
                chosen = (self.batch(split, step, EVALUATION_SEED) for step in steps)
            else:
                chosen = data.windows(tokens, self.model.config.block_size)
            with self._autocast():
                losses[f"{split}_loss"] = mean_loss(self.model, chosen)
        return losses

    def state_dict(self) -> dict[str, Tensor]:
        """All that continuing needs, as flat tensors: weights, the optimizer's memory, the step.

        Of a model that is trained in part, the weights that don't change are left out. Raises
        DivergedError rather than give weights that are not finite.
        """
        model = {f"model.{name}": tensor for name, tensor in self._learned().items()}
        for name, tensor in model.items():
            if not torch.isfinite(tensor).all():
                raise DivergedError(_sentence(self.step, f"the weights in {name[6:]}"))
        optimizer = {f"optimizer.{name}": t for name, t in self.optimizer.state_dict().items()}
        progress = torch.tensor([self.step, self.elapsed], dtype=torch.float64)
        return model | optimizer | {"progress": progress}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Continue from what `state` gave."""
        copy_tensors(_under("model.", state), self._learned())
        self.optimizer.load_state_dict(_under("optimizer.", state))
        self.step, self.elapsed = int(state["progress"][0]), float(state["progress"][1])

    def _learned(self) -> dict[str, Tensor]:
        """The weights and running statistics that training may change, by name; no copies."""
        if self.config.tune == "all":
            return weights(self.model)
        every = self.model.named_parameters(remove_duplicate=False)
        frozen = {name for name, param in every if not param.requires_grad}
        return {n: t for n, t in self.model.state_dict().items() if n not in frozen}

    def _gradients(self) -> float:
        """Leave the batch's mean gradient in the parameters; return the batch's mean loss."""
        if not self.model.training:
            self.model.train()
        if self.model.config.dropout or self.model.config.ngrams:
            # Another dropout mask for every step and process, the same one after a resume.
            torch.manual_seed((self.config.seed << 32) + (self.step << 12) + distributed.rank())
        for param in self.params:
            param.grad = None
        parts = self._parts()
        total = torch.zeros((), device=self.device)
        for i, (x, y) in enumerate(parts):
            with self._sync(last=i == len(parts) - 1):
                with self._autocast():
                    loss, learned_from = self._loss(x, y)
                (learned_from / len(parts)).backward()
            total += loss.detach() / len(parts)
        for param in self.params:
            if param.grad is not None and param.grad.is_sparse:
                param.grad = param.grad.coalesce()  # each row once, which all that follows needs
        return distributed.mean(total).item()

    def _loss(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """The mean loss, and the one whose gradient is taken."""
        if self.token_weights is None:
            loss = self.forward(x, y)[1]
            return loss, loss
        logits = self.forward(x)[0]
        losses = F.cross_entropy(logits.flatten(0, 1).float(), y.flatten(), reduction="none")
        counts = self.token_weights.at(lr_factor(self.step, self.config))
        return losses.mean(), (losses * counts[y.flatten()]).mean()

    def _parts(self) -> list[tuple[Tensor, Tensor]]:
        """This process's share of the step's batch, in grad_accum parts."""
        x, y = self.batch("train", self.step)
        pairs = list(zip(x.split(self.share), y.split(self.share), strict=True))
        mine = self.config.grad_accum
        return pairs[distributed.rank() * mine :][:mine]

    def _wrap(self, model: GPT) -> nn.Module:
        """The model as it is called in a step: compiled, and in step with other processes."""
        # Any: `compile` gives a module for a module, but is annotated to give some function.
        forward: Any = torch.compile(model) if self.config.compile else model
        if distributed.running():
            devices = [self.device] if self.device.type == "cuda" else None
            forward = DistributedDataParallel(forward, device_ids=devices)
        return forward

    def _sync(self, last: bool) -> AbstractContextManager[Any]:
        """Processes exchange gradients only after the last part."""
        if isinstance(self.forward, DistributedDataParallel) and not last:
            return self.forward.no_sync()
        return nullcontext()

    def _autocast(self) -> AbstractContextManager[Any]:
        if self.precision == torch.bfloat16:
            return torch.autocast(self.device.type, dtype=torch.bfloat16)
        return nullcontext()

    def _reason(self) -> str:
        """Say which tensor of this step's batch is the first that is not finite."""
        for x, y in self._parts():
            with record(self.model) as tensors, self._autocast(), torch.no_grad():
                loss = self.model(x, y)[1]
            name = first_not_finite(tensors | {"loss": loss})
            if name is not None:
                return _sentence(self.step + 1, name)
        for name, param in self.model.named_parameters():
            if param.grad is not None and not torch.isfinite(numbers(param.grad)).all():
                return _sentence(self.step + 1, f"the gradient of {name}")
        return _sentence(self.step + 1, "the loss")


def _sentence(step: int, name: str) -> str:
    return (
        f"Training diverged at step {step}: the first number that is not finite is in {name}; "
        f"a lower learning rate or a warm-up usually helps."
    )


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}


def choose_precision(wanted: str, n_embd: int, device: torch.device) -> torch.dtype:
    """The number format of a training step's matrix products.

    "auto" takes bfloat16 on GPUs that have it, and on CPUs with bfloat16 instructions for models
    at least 128 wide; below that, converting costs more than it saves.
    """
    if wanted != "auto":
        return getattr(torch, wanted)
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    fast = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if fast and n_embd >= 128 else torch.float32
