"""Two equal models, one with the causal mask and one without: what the mask is for.

Both start from the same weights and see the same batches of the bundled sitcom, in characters.
Without the mask the token to guess stands in plain sight, one place to the right.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from corpus import bundled
from gpt_core.generate.sample import SampleConfig, generate
from gpt_core.jobs import Progress, whole
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.model.observe import record
from gpt_core.tokenizers import Tokenizer, train_tokenizer
from gpt_core.training.config import TrainConfig
from gpt_core.training.data import TokenData, encode_to_array, split
from gpt_core.training.run import Run
from gpt_core.training.trainer import Trainer

MODEL = {"n_layer": 2, "n_head": 2, "n_embd": 64, "block_size": 64}
TRAINING = {"batch_size": 16, "precision": "float32", "eval_batches": 8}
SEED = 1
PROMPT = "NADIA: "
WRITTEN = 240  # characters
EVERY = 5  # steps from one point of the curves to the next
PIECES = 48  # of the validation text, to measure on

Curves = dict[str, list[float]]


def causal_mask(run: Run | None, settings: dict[str, Any]) -> Iterator[Progress]:
    """Train both side by side; settings: {"steps"}, 20 to 400. The run isn't looked at.

    The result: "steps"; "curves" {"mask", "no mask"}, each batch's loss in nats per character;
    "models", for each what `examine` says; "characters", how many different ones there are. While
    it trains, "models" is empty.
    """
    steps = whole(settings, "steps", 20, 400)
    text = bundled().text
    tokenizer = train_tokenizer("char", text)
    tokens = TokenData(*split(encode_to_array(tokenizer, text)))
    trainers = {
        name: Trainer(make_model(tokenizer.vocab_size, causal), tokens, training(steps))
        for name, causal in (("mask", True), ("no mask", False))
    }
    counts: list[int] = []
    curves: Curves = {name: [] for name in trainers}
    value = {"steps": counts, "curves": curves, "characters": tokenizer.vocab_size, "models": {}}
    for step in range(1, steps + 1):
        losses = {name: next(trainer).loss for name, trainer in trainers.items()}
        if step == 1 or step % EVERY == 0:
            counts.append(step)
            for name, loss in losses.items():
                curves[name].append(round(loss, 4))
            yield Progress(step, steps + 1, value)
    models = {name: examine(trainer, tokenizer) for name, trainer in trainers.items()}
    yield Progress(steps + 1, steps + 1, value | {"models": models})


def make_model(vocab_size: int, causal: bool) -> GPT:
    """A small GPT of the classic design; both kinds start from the same weights."""
    torch.manual_seed(SEED)
    return GPT(GPTConfig.from_preset("classic", vocab_size=vocab_size, causal=causal, **MODEL))


def training(steps: int) -> TrainConfig:
    """How both are trained; they are evaluated once, at the end."""
    settings = TRAINING | {"steps": steps, "eval_interval": steps, "seed": SEED}
    return TrainConfig.from_preset("modern", **settings)


def examine(trainer: Trainer, tokenizer: Tokenizer) -> dict[str, Any]:
    """What came of one model, measured on text that it was not trained on.

    "loss": as it was trained, in nats per character. "hidden": with the future cut off, so that it
    stands where a writer stands; "by_length": that, for 1, 2, … characters before it. "next": the
    share of attention that goes to the next position, by layer and head. "text": what it writes.
    """
    model = trainer.model.eval()
    x, y = _pieces(trainer)
    by_length = loss_by_length(model, x, y)
    with torch.no_grad():
        loss = model(x, y)[1].item()
    return {
        "loss": round(loss, 4),
        "hidden": round(sum(by_length) / len(by_length), 4),
        "by_length": [round(value, 3) for value in by_length],
        "next": [[round(share, 4) for share in row] for row in attention_on_next(model, x)],
        "text": write(model, tokenizer),
    }


def _pieces(trainer: Trainer) -> tuple[Tensor, Tensor]:
    """Validation pieces and what follows each of their tokens, (PIECES, T) both."""
    batches = [trainer.batch("val", i) for i in range(PIECES // trainer.config.batch_size)]
    x, y = (torch.cat(part) for part in zip(*batches, strict=True))
    return x, y


@torch.no_grad()
def loss_by_length(model: GPT, x: Tensor, y: Tensor) -> list[float]:
    """The loss of the token after the first n ones, when the model is given only those n.

    x, y: (B, T). Returns T losses in nats, each the mean of B. Nothing is masked here: what comes
    later is not there, as when writing. A causal model has the same losses when it reads all of x.
    """
    lengths = range(1, x.shape[1] + 1)
    return [F.cross_entropy(model(x[:, :n])[0][:, -1], y[:, n - 1]).item() for n in lengths]


@torch.no_grad()
def attention_on_next(model: GPT, x: Tensor) -> list[list[float]]:
    """The share of attention that positions give to the one after them, [layer][head].

    x: (B, T). A mean over all positions but the last, which has none after it.
    """
    with record(model, "blocks.*.pattern") as kept:
        model(x)
    return [p.diagonal(1, dim1=-2, dim2=-1).mean(dim=(0, 2)).tolist() for p in kept.values()]


def write(model: GPT, tokenizer: Tokenizer) -> str:
    """Continue PROMPT one character at a time: each is drawn before the next one exists."""
    how = SampleConfig(max_new_tokens=WRITTEN, temperature=0.8, seed=SEED)
    steps = generate(model, tokenizer.encode(PROMPT), how)
    return tokenizer.decode([step.token for step in steps])
