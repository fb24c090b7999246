"""Teach a model another text in three ways, beside a new model; see what each learns and forgets.

All read the same batches. A seed decides the batches, the adapters' first numbers and the new
model's weights; so with several seeds two ways can be compared pair by pair.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from corpus.datasets import TINY_SHAKESPEARE, load
from corpus.lists import lists
from corpus.texts import CorpusError
from gpt_core.adapters.lora import merged
from gpt_core.adapters.ways import Tune, count_trained, prepare
from gpt_core.evaluation.held_out import Piece
from gpt_core.generate.sample import SampleConfig, generate
from gpt_core.interpret.weight_change import weight_changes
from gpt_core.jobs import JobError, Progress, choice
from gpt_core.jobs.head_value import pieces_for
from gpt_core.model.gpt import GPT
from gpt_core.model.weights import weights
from gpt_core.tokenizers import Tokenizer, unknown_pieces
from gpt_core.training import data
from gpt_core.training.config import TrainConfig, tuning_config
from gpt_core.training.evaluate import bits_per_character, mean_loss
from gpt_core.training.run import Run
from gpt_core.training.trainer import Trainer

WAYS = ("all", "last", "lora", "new")  # the last one: a new model of the same design
TUNES: dict[str, Tune] = {"all": "all", "last": "last", "lora": "lora", "new": "all"}
SHAKESPEARE, LISTS = TINY_SHAKESPEARE.name, "shopping lists"
TEXTS, STEPS, SEEDS = (SHAKESPEARE, LISTS), (30, 90), (1, 3)
# Of a model 128 wide: for each way the best of five or six rates (0.001 to 0.1), by the bundled
# model's loss on a held-out end of Tiny Shakespeare's training part after 90 steps, one seed. With
# three seeds 0.03 is a little better for all weights: benchmarks/tuning_rates.py.
RATES = {"all": 2e-2, "last": 3e-2, "lora": 3e-2, "new": 3e-2}
RANK = 8
TOKENS = 768  # of a step
CHARACTERS = 300_000  # of the new text, at most
PIECES = 16  # of each text, to measure on
POINTS = (0, 1 / 12, 1 / 6, 1 / 3, 1 / 2, 3 / 4, 1)  # of the curve, as shares of the steps
VALUES = 32  # singular values that are told
# Fewer floating point operations than these, or nobody would wait for it.
MOST_FLOPS = 3e13
MEASURED_FLOPS = 3e12
COMPARED = 1_000  # tokens of two texts, to see whether they are one
START, WRITTEN = 8, 60  # tokens of a prompt, and what is written after it


def fine_tuning(run: Run, settings: dict[str, Any]) -> Iterator[Progress]:
    """settings: {"text": "Tiny Shakespeare" or "shopping lists", "steps": 30 or 90, "seeds"}.

    Result: {"old", "new": what of each text is measured, "tokens", "bits_per_nat": {"old", "new"},
    "unknown": share of the new text, "vocabulary", "steps", "seeds", "batch": [sequences, tokens],
    "rank", "rates", "trained": by way, "points": steps, "curves": {way: {"old", "new": for each
    seed, losses at the points}}, "prompts": {"old", "new"}, "written": {way or "before": {"old",
    "new"}}, "changes": {way: [{"part", "layer", "relative", "rank", "directions", "values"}]}}.
    Losses in nats per token; times bits_per_nat they are bits per character. What is written and
    what has changed is of the first seed. A way is "all", "last", "lora" or "new", see WAYS.
    """
    text = choice(settings, "text", TEXTS)
    steps, seeds = choice(settings, "steps", STEPS), choice(settings, "seeds", SEEDS)
    model, tokenizer = run.load_model(), run.tokenizer()
    configs = {way: config_of(run, model, way, steps, seeds) for way in WAYS}
    new_text = _new_text(text)
    tokens = data.TokenData(*data.split(data.encode_to_array(tokenizer, new_text)))
    if _is_its_own(run, tokens.train):
        raise JobError(
            f"{text} is this model's own text: there is no old one that it could forget. Choose "
            "the other text."
        )
    passes = len(POINTS) * len(WAYS) * seeds
    read = pieces_for(run, model, PIECES, passes=passes, flops=MEASURED_FLOPS)
    length = max(len(piece.ids) for piece in read.pieces)
    measured = {"old": [p.ids for p in read.pieces], "new": pieces_of(tokens.val, length)}
    points = sorted({round(share * steps) for share in POINTS})
    result: dict[str, Any] = {
        **_sizes(read.pieces, measured["new"], tokenizer),
        **{"old": read.what, "new": text, "unknown": _unknown(tokenizer, new_text)},
        **{"vocabulary": tokenizer.vocab_size, "steps": steps, "seeds": seeds, "rank": RANK},
        "batch": [configs["all"].batch_size, run.block_size],
        "rates": {way: config.learning_rate for way, config in configs.items()},
        "trained": {way: count_trained(model.config, TUNES[way], RANK) for way in WAYS},
        "points": points,
        "curves": {way: {"old": [], "new": []} for way in WAYS},
        **{"prompts": {}, "written": {}, "changes": {}},
    }
    prompts = {name: pieces[0][:START] for name, pieces in measured.items()}
    result["prompts"] = {name: tokenizer.decode(ids) for name, ids in prompts.items()}
    result["written"]["before"] = _written(model, tokenizer, prompts)
    done, total = 0, len(WAYS) * seeds * steps
    for way in WAYS:
        for seed in range(1, seeds + 1):
            learner = learner_of(model, way, seed)
            trainer = Trainer(learner, tokens, replace(configs[way], seed=seed))
            curve = yield from _curve(trainer, points, measured, (done, total))
            for name, losses in curve.items():
                result["curves"][way][name].append(losses)
            done += steps
            if seed == 1:
                with merged(learner.eval()) as plain:
                    result["written"][way] = _written(plain, tokenizer, prompts)
                    if way != "new":
                        result["changes"][way] = _changes(model, plain)
    yield Progress(total, total, result)


def config_of(run: Run, model: GPT, way: str, steps: int, seeds: int) -> TrainConfig:
    """How a way trains. Raises JobError where it would take too long here."""
    batch = max(1, TOKENS // run.block_size)
    work = len(WAYS) * seeds * steps * batch * run.block_size * model.flops_per_token()
    if work > MOST_FLOPS:
        raise JobError(
            f"The model has {model.num_parameters():,} parameters: {len(WAYS) * seeds} times "
            f"{steps} steps would take too long here. Choose fewer, or tune it on the Training "
            f"page, which has no such limit."
        )
    return tuning_config(
        model.config.n_embd,
        learning_rate=RATES[way] * 128 / model.config.n_embd,
        steps=steps,
        batch_size=batch,
        tune=TUNES[way],
        lora_rank=RANK,
        eval_interval=steps,
        eval_batches=1,
    )


def learner_of(model: GPT, way: str, seed: int) -> GPT:
    """A copy of the model made ready for a way, or a new one."""
    torch.manual_seed(seed)
    if way == "new":
        return GPT(model.config)
    copy = deepcopy(model)
    prepare(copy, TUNES[way], rank=RANK, alpha=16.0, seed=seed)
    return copy


def _new_text(name: str) -> str:
    """The text to learn. Raises JobError where it can't be had."""
    if name == LISTS:
        return lists(1, 4_000)[:CHARACTERS]
    try:
        return load(TINY_SHAKESPEARE).text[:CHARACTERS]
    except CorpusError as error:
        raise JobError(str(error)) from None


def _is_its_own(run: Run, tokens: np.ndarray) -> bool:
    """Whether the text of a run begins as this one does."""
    if run.recipe():
        return False
    begins = tokens[:COMPARED]
    return np.array_equal(run.tokens()[0][: len(begins)], begins)


def pieces_of(tokens: np.ndarray, length: int) -> list[tuple[int, ...]]:
    """Token ids of PIECES pieces from all over a text, or of as many as there are in it."""
    count = max(1, min(PIECES, len(tokens) // length))
    starts = np.linspace(0, max(0, len(tokens) - length), count).astype(int)
    return [tuple(tokens[start : start + length].tolist()) for start in starts]


def _sizes(
    old: Sequence[Piece], new: Sequence[Sequence[int]], tokenizer: Tokenizer
) -> dict[str, dict[str, float]]:
    """How many tokens of each text are predicted, and bits per character for a nat per token."""
    tokens = {"old": sum(len(p.ids) - 1 for p in old), "new": sum(len(ids) - 1 for ids in new)}
    characters = {
        "old": sum(piece.characters for piece in old),
        "new": sum(len(tokenizer.decode(ids[1:])) for ids in new),
    }
    bits = {n: round(bits_per_character(1.0, tokens[n], characters[n]), 5) for n in tokens}
    return {"tokens": dict(tokens), "bits_per_nat": bits}


def _unknown(tokenizer: Tokenizer, text: str) -> float:
    """Share of a text's characters or words that the tokenizer doesn't know."""
    unknown = unknown_pieces(tokenizer, text)
    return round(unknown.total() / len(tokenizer.encode(text)), 5) if unknown else 0.0


def _curve(
    trainer: Trainer,
    points: Sequence[int],
    measured: dict[str, list[tuple[int, ...]]],
    count: tuple[int, int],
) -> Generator[Progress, None, dict[str, list[float]]]:
    """Train; the loss on each text at the points. count: steps done before, and of all."""
    done, total = count

    def look() -> None:
        for name, pieces in measured.items():
            batches = ((torch.tensor([p[:-1]]), torch.tensor([p[1:]])) for p in pieces)
            curve[name].append(round(mean_loss(trainer.model, batches), 5))

    curve: dict[str, list[float]] = {name: [] for name in measured}
    look()
    for record in trainer:
        yield Progress(min(total - 1, done + record.step), total)
        if record.step in points:
            look()
    return curve


def _written(
    model: GPT, tokenizer: Tokenizer, prompts: dict[str, tuple[int, ...]]
) -> dict[str, str]:
    """What a model writes after each prompt, with the same random numbers."""
    config = SampleConfig(max_new_tokens=WRITTEN, temperature=0.8, seed=1)
    return {
        name: tokenizer.decode([s.token for s in generate(model, list(ids), config)])
        for name, ids in prompts.items()
    }


def _changes(before: GPT, after: GPT) -> list[dict[str, Any]]:
    """What happened to each matrix; of its singular values the largest."""
    return [
        {
            **{"part": c.part, "layer": c.layer, "relative": round(c.relative, 5)},
            **{"rank": c.rank, "directions": c.directions},
            **{"values": [float(f"{v:.3g}") for v in c.values[:VALUES]]},
        }
        for c in weight_changes(weights(before), weights(after))
    ]
