"""Seven models, from a bigram model to a small GPT, each trained for the same time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from corpus import bundled
from gpt_core.experiments.ladder import CONTEXT, RUNGS, Ladder, climb, losses, write
from gpt_core.jobs import Progress, whole
from gpt_core.tokenizers import train_tokenizer
from gpt_core.training.data import encode_to_array, split
from gpt_core.training.run import Run

PIECES = 200  # of validation text, the same for all
WRITTEN = 160  # characters
START = "NADIA: "


def ladder(_run: Run | None, settings: dict[str, Any]) -> Iterator[Progress]:
    """settings: {"seconds", "seeds"}: of processor time for each model, and how many of each rung.

    Value: {"rungs": [{"name", "parameters", "bits": one for each seed, "text"}], "seconds",
    "error": the standard error of a model's bits over the pieces, "pieces", "context"}. bits: per
    character of validation text, the same for all models.
    """
    seconds, seeds = whole(settings, "seconds", 1, 60), whole(settings, "seeds", 1, 5)
    text = bundled().text
    tokenizer = train_tokenizer("char", text)
    train, val = split(encode_to_array(tokenizer, text))
    total, done = len(RUNGS) * seeds * seconds, 0
    found: list[dict[str, Any]] = []
    errors: list[float] = []
    for rung in RUNGS:
        bits, told = [], ""
        for seed in range(seeds):
            model = Ladder(rung, tokenizer.vocab_size, seed)
            for used in climb(model, train, seconds, seed):
                yield Progress(min(total - 1, done + int(used)), total)
            done += seconds
            nats = losses(model, val, PIECES) / math.log(2)
            bits.append(round(nats.mean().item(), 4))
            errors.append(nats.std().item() / math.sqrt(PIECES))
            if not seed:
                told = tokenizer.decode(write(model, tokenizer.encode(START), WRITTEN, seed=1))
        count = sum(p.numel() for p in model.parameters())
        found.append({"name": rung.name, "parameters": count, "bits": bits, "text": START + told})
        value = {"rungs": found, "seconds": seconds, "error": round(max(errors), 4)}
        value |= {"pieces": PIECES, "context": CONTEXT}
        yield Progress(min(total - 1, done), total, value)
    yield Progress(total, total, value)
