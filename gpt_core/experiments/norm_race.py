"""Small GPTs that differ in their norm alone: same seed, same weights to begin with, same batches.

race = Race(norm_position="post")
lanes = {norm: Lane(norm, race) for norm in NORMS}
for lane in lanes.values():
    lane.step()
"""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from functools import cache
from statistics import fmean
from typing import Any

import numpy as np
import torch
from safetensors.torch import load, save
from torch import Tensor

from corpus.texts import bundled
from gpt_core.interpret.norms import find_norm, norm_names
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.model.norms import LearnedNorm, freeze_gain_and_bias
from gpt_core.model.observe import record
from gpt_core.model.weights import load_weights, weights
from gpt_core.tokenizers import Tokenizer, train_tokenizer
from gpt_core.training import data
from gpt_core.training.config import TrainConfig
from gpt_core.training.optim import gradient
from gpt_core.training.trainer import DivergedError, Trainer

NORMS = ("layernorm", "rmsnorm", "batchnorm", "none")
_LOOK_EVERY = 20  # steps between two looks at the sizes
_EVALUATE_EVERY = 50  # steps between two evaluations, never at a look
PIECE = 512  # characters of held-out text whose losses are taken together


@dataclass(frozen=True)
class Race:
    """What all contenders have in common.

    frozen: γ and β stay at 1 and 0. The learning rate is constant after its warm-up, no gradient
    is clipped and no weight decays: each of them would do a part of a norm's work.
    """

    norm_position: str = "pre"
    n_layer: int = 4
    learning_rate: float = 3e-3
    warmup_steps: int = 0
    frozen: bool = False
    steps: int = 150
    seed: int = 1
    n_embd: int = 64
    block_size: int = 32
    batch_size: int = 8


# A model small enough for its weights to come with a recorded result.
SMALL = Race(n_layer=2, n_embd=16, block_size=24, steps=300, learning_rate=1e-2, warmup_steps=50)


@dataclass
class Lane:
    """One contender: how far it is, and what was seen on the way.

    losses: of every step's batch, before its update. evaluations: (step, loss on held-out text).
    pieces: the last of them, piece by piece, see `held_out_losses`. depths: see `step`. reason:
    why it can't go on, "" while it can.
    """

    norm: str
    race: Race
    losses: list[float] = field(default_factory=list)
    evaluations: list[tuple[int, float]] = field(default_factory=list)
    pieces: list[float] = field(default_factory=list)
    depths: list[dict[str, Any]] = field(default_factory=list)
    reason: str = ""

    def __post_init__(self) -> None:
        self.trainer = make_trainer(self.norm, self.race)

    @property
    def model(self) -> GPT:
        """The model in training."""
        return self.trainer.model

    def step(self) -> None:
        """Take one step, if it still can. Every 20 steps from the first on, keep sizes by depth.

        "stream": the root mean square of the residual stream's numbers, embedding first, then
        after attention and after the MLP of each layer, 2L + 1 of them. "gradient": the length of
        the gradient of each branch's weight matrices, 2L of them (Xiong et al. 2020, figure 3).
        Both are of this step's batch, before its update.
        """
        if self.reason:
            return
        look = self.trainer.step % _LOOK_EVERY == 0 and self.trainer.step < self.race.steps - 1
        try:
            if look:
                with record(self.model, "blocks.*.resid_*") as kept:
                    told = next(self.trainer)
                sizes = {"stream": _stream(kept), "gradient": _gradients(self.model)}
                self.depths.append({"step": told.step} | sizes)
            else:
                told = next(self.trainer)
        except DivergedError as error:
            self.reason = str(error)
            return
        self.losses.append(told.loss)
        if told.val_loss is not None:  # finite on a batch: the whole held-out text is next
            self.pieces = held_out_losses(self.model)
            self.evaluations.append((told.step, fmean(self.pieces)))

    def learned(self) -> dict[str, Any]:
        """Lowest, mean and highest γ and β of each norm; None where a model has none.

        {"places": names, "gain": a triple for each place, "bias": likewise}
        """
        places = norm_names(self.model)
        norms = [find_norm(self.model, name) for name in places]
        learned = [norm for norm in norms if isinstance(norm, LearnedNorm)]
        if not learned:
            return {"places": [], "gain": None, "bias": None}
        return {
            "places": places,
            "gain": [_spread(norm.weight) for norm in learned],
            "bias": [_spread(norm.bias) for norm in learned if norm.bias is not None] or None,
        }


@cache
def text_of_the_race() -> tuple[Tokenizer, np.ndarray, np.ndarray]:
    """The bundled text as characters: the tokenizer, what is learned from, what is held out."""
    text = bundled().text
    tokenizer = train_tokenizer("char", text)
    return tokenizer, *data.split(data.encode_to_array(tokenizer, text))


@torch.no_grad()
def held_out_losses(model: GPT) -> list[float]:
    """Mean loss of each PIECE characters of the held-out text, in nats per character.

    The text is the same for all models, so that two of them can be compared piece by piece. A
    character is predicted from those of its own sequence of block_size. BatchNorm is in eval mode.
    """
    training, block = model.training, model.config.block_size
    _, _, text = text_of_the_race()
    length = PIECE // block * block
    losses = []
    model.eval()
    for start in range(0, len(text) - length, length):
        ids = torch.from_numpy(text[start : start + length + 1].astype(np.int64))
        losses.append(model(ids[:-1].view(-1, block), ids[1:].view(-1, block))[1].item())
    model.train(training)
    return losses


def make_trainer(norm: str, race: Race) -> Trainer:
    """A new GPT-2-like model with that norm, ready for its first step.

    The same seed gives the same weights whatever the norm: norms begin at 1 and 0, and draw none.
    """
    tokenizer, train, val = text_of_the_race()
    config = GPTConfig.from_preset(
        "classic",
        vocab_size=tokenizer.vocab_size,
        block_size=race.block_size,
        n_layer=race.n_layer,
        n_embd=race.n_embd,
        norm=norm,
        norm_position=race.norm_position,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(race.seed)
        model = GPT(config)
    if race.frozen:
        freeze_gain_and_bias(model)
    return Trainer(model, data.TokenData(train, val), _train_config(race))


def packed(model: GPT) -> str:
    """The weights of a small model as text: safetensors, in half precision, in base 64."""
    halves = {name: tensor.detach().half() for name, tensor in weights(model).items()}
    return b64encode(save(halves)).decode("ascii")


def unpacked(norm: str, race: Race, text: str) -> GPT:
    """The model whose weights `packed` gave, in eval mode."""
    model = make_trainer(norm, race).model
    load_weights(model, {name: half.float() for name, half in load(b64decode(text)).items()})
    return model.eval().requires_grad_(False)


def _train_config(race: Race) -> TrainConfig:
    return TrainConfig(
        steps=race.steps,
        batch_size=race.batch_size,
        learning_rate=race.learning_rate,
        warmup_steps=race.warmup_steps,
        schedule="constant",
        weight_decay=0.0,
        grad_clip=0.0,
        eval_interval=_EVALUATE_EVERY,
        eval_batches=1,  # whether numbers are still finite; losses are measured by the Lane
        seed=race.seed,
        precision="float32",
    )


def _stream(kept: dict[str, Tensor]) -> list[float]:
    """Root mean square of the stream at each place; in 64 bits, where squares don't overflow."""
    places = ["blocks.0.resid_pre", *(n for n in kept if n.endswith(("resid_mid", "resid_post")))]
    return [kept[name].double().square().mean().sqrt().item() for name in places]


def _gradients(model: GPT) -> list[float]:
    branches = [branch for block in model.blocks for branch in (block.attn, block.mlp)]
    lengths = []
    for branch in branches:
        matrices = [gradient(p).double() for p in branch.parameters() if p.dim() == 2]
        lengths.append(math.sqrt(sum(matrix.square().sum().item() for matrix in matrices)))
    return lengths


def _spread(values: Tensor) -> list[float]:
    return [values.min().item(), values.mean().item(), values.max().item()]
