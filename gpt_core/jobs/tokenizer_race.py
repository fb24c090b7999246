"""Six tokenizers, the same text, the same small GPT, the same seconds: bits per character."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from corpus import bundled
from gpt_core.experiments.ladder import CONTEXT
from gpt_core.experiments.tokenizer_race import RACERS, bits_per_character, cut, race
from gpt_core.jobs import Progress, whole
from gpt_core.training.run import Run


def tokenizer_race(_run: Run | None, settings: dict[str, Any]) -> Iterator[Progress]:
    """settings: {"seconds", "seeds"}: of processor time for each model, and how many of each.

    Value: {"racers": [{"name", "vocabulary", "parameters", "tokens", "per_token", "unknown",
    "steps": one for each seed, "bits": one for each seed}], "seconds", "context", "characters"}.
    tokens: of the training text. per_token: characters of the validation text for each of its
    tokens. unknown: bits per character that spelling unknown words takes, which are in "bits".
    """
    seconds, seeds = whole(settings, "seconds", 1, 60), whole(settings, "seeds", 1, 5)
    text = bundled().text
    at = int(0.9 * len(text))
    total, done = len(RACERS) * seeds * seconds, 0
    found: list[dict[str, Any]] = []
    value: dict[str, Any] = {"seconds": seconds, "context": CONTEXT, "characters": len(text) - at}
    for racer in RACERS:
        its = cut(racer, text[:at], text[at:])
        bits, steps, parameters = [], [], 0
        for seed in range(seeds):
            count = 0
            for used, model in race(its, seconds, seed):
                count += model is None
                yield Progress(min(total - 1, done + int(used)), total)
            assert model is not None  # the last one is there
            done += seconds
            bits.append(round(bits_per_character(model, its), 4))
            steps.append(count)
            parameters = sum(p.numel() for p in model.parameters())
        found.append(
            {
                **{"name": racer.name, "vocabulary": its.tokenizer.vocab_size},
                **{"parameters": parameters, "tokens": len(its.train)},
                "per_token": round(its.characters / (len(its.val) - 1), 3),
                "unknown": round(its.spelled / its.characters, 4),
                **{"steps": steps, "bits": bits},
            }
        )
        yield Progress(min(total - 1, done), total, value | {"racers": found})
    yield Progress(total, total, value | {"racers": found})
