"""`python -m gpt_core eval --scenes N`: a model of the sitcom between two bounds, in one table.

Above it the held-out scenes themselves; below it an n-gram model of the same training tokens,
which writes with the same temperature and filters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from corpus.sitcom import generate, split_scenes
from corpus.sitcom.checker import RULES
from corpus.statistics import WORD
from gpt_core.evaluation.intervals import Estimate, ratio
from gpt_core.evaluation.ngram import Ngram
from gpt_core.evaluation.sitcom_scenes import (
    Continue,
    Known,
    Measures,
    bits_of,
    by_model,
    by_ngram,
    measure,
    model_nats,
    ngram_nats,
    scene_ids,
    write_scenes,
)
from gpt_core.generate.sample import SampleConfig
from gpt_core.tokenizers import Tokenizer, as_prompt
from gpt_core.training.run import Run

ORDER = 5
# Beginnings that no scene of the text has; the last names nobody of the cast.
PROMPTS = ("Hey everyone, ", "When life gives you lemons, ", "BEATRICE: Good morning, ")
CONTINUATIONS = 20  # of each prompt
CONTINUED = 60  # tokens
# What of a SampleConfig is recorded.
DRAWING = ("temperature", "top_k", "top_p", "min_p", "seed", "max_new_tokens")

MODEL, REAL, NGRAM = "model", "held-out scenes", f"{ORDER}-gram Kneser-Ney"

# Shows how far a part of the work is: from things and how many they are, the same things.
Progress = Callable[[Iterable[Any], int, str], Iterable[Any]]


@dataclass(frozen=True)
class Column:
    """What is known of one writer. bits: per character of held-out scenes.

    prompts: of each of PROMPTS, the share of words in its continuations that the training text
    has, and the first continuation.
    """

    measures: Measures
    bits: Estimate | None = None
    prompts: dict[str, tuple[Estimate, str]] | None = None


@dataclass(frozen=True)
class Report:
    """All columns by name, how they were made, and the scenes of the model."""

    columns: dict[str, Column]
    settings: dict[str, Any]
    written: list[str]


def compare(
    run: Run,
    text: str,
    config: SampleConfig,
    count: int,
    held_out_seed: int = 1,
    step: int | None = None,
    progress: Progress = lambda things, count, name: things,
) -> Report:
    """Write `count` scenes with a run's model and with an n-gram model, and measure both.

    text: what the run learned. config: temperature, filters and seed; a scene may take twice the
    tokens of the longest held-out one.
    """
    tokenizer, model = run.tokenizer(), run.load_model(step)
    known = Known.of(progress(split_scenes(text), 0, "reading the training text"))
    real = [scene.text for scene in generate(held_out_seed, count, held_out=True)]
    ids, given = scene_ids(real, tokenizer)
    config = replace(config, max_new_tokens=2 * max(map(len, ids)))
    ngram = Ngram(run.tokens_of(text)[0], tokenizer.vocab_size, ORDER)
    columns: dict[str, Column] = {}
    written: list[str] = []
    for name, go_on, nats in (
        (MODEL, by_model(model, tokenizer), lambda some: model_nats(model, some, given)),
        (NGRAM, by_ngram(ngram, tokenizer), lambda some: ngram_nats(ngram, some, given)),
    ):
        drawn = write_scenes(go_on, tokenizer, count, config)
        scenes = list(progress(drawn, count, f"{name}: writing"))
        scored = [nats([one]) for one in progress(ids, count, f"{name}: reading held-out scenes")]
        columns[name] = Column(
            measure(scenes, known),
            bits_of(np.concatenate(scored), real),
            continuations(go_on, tokenizer, known, config),
        )
        written = written or scenes
    columns = {MODEL: columns[MODEL], REAL: Column(measure(real, known)), NGRAM: columns[NGRAM]}
    settings = {
        **{"run": run.name, "step": step, "parameters": model.num_parameters()},
        **{"corpus": run.corpus, "scenes": count, "held_out_seed": held_out_seed},
        **{name: getattr(config, name) for name in DRAWING},
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return Report(columns, settings, written)


def continuations(
    go_on: Continue, tokenizer: Tokenizer, known: Known, config: SampleConfig
) -> dict[str, tuple[Estimate, str]]:
    """Continue every prompt CONTINUATIONS times; see Column."""
    found = {}
    for prompt in PROMPTS:
        ids = tokenizer.encode(as_prompt(tokenizer, prompt))
        texts = []
        for i in range(CONTINUATIONS):
            drawn = replace(config, max_new_tokens=CONTINUED, seed=config.seed + i, stop=())
            texts.append(tokenizer.decode(list(go_on(ids, drawn))))
        # The last word may be cut off.
        words = [WORD.findall(text.lower())[:-1] for text in texts]
        real = [sum(word in known.words for word in of_text) for of_text in words]
        found[prompt] = ratio(real, [len(of_text) for of_text in words]), texts[0]
    return found


def rows(report: Report) -> Iterator[tuple[str, ...]]:
    """The table as texts: names, one row a measure, then how often each rule is broken."""
    columns = report.columns.values()
    yield "", *report.columns
    shares = {
        "pass the checker": "passed",
        "words that the text has": "words",
        "word for word in the text": "verbatim",
        "same as an earlier one": "repeated",
    }
    for name, field in shares.items():
        yield name, *(percent(getattr(column.measures, field)) for column in columns)
    yield "bits per character", *(bits(column.bits) for column in columns)
    for rule in RULES:
        yield f"break: {rule}", *(str(c.measures.broken.get(rule, 0)) for c in columns)
    for prompt in PROMPTS:
        yield (
            f"words after {prompt.strip()!r}",
            *(percent(c.prompts[prompt][0]) if c.prompts else "" for c in columns),
        )


def percent(share: Estimate) -> str:
    """93.4% (90.9 to 95.3)."""
    return f"{100 * share.value:.1f}% ({100 * share.low:.1f} to {100 * share.high:.1f})"


def bits(found: Estimate | None) -> str:
    """0.3206 (0.3170 to 0.3243), nothing for None."""
    return f"{found.value:.4f} ({found.low:.4f} to {found.high:.4f})" if found else ""


def table(report: Report) -> str:
    """All rows, columns aligned."""
    cells = list(rows(report))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in cells)
    return "\n".join(lines)


def to_dict(report: Report) -> dict[str, Any]:
    """The numbers as plain JSON values: {"settings", "columns"}."""
    columns = {name: asdict(column) for name, column in report.columns.items()}
    return {"settings": report.settings, "columns": columns}
