"""A student of a quarter of the size: taught by the model's probabilities, or by the text alone."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import Any

import torch

from gpt_core.evaluation.compared import piece_bits
from gpt_core.evaluation.seen import seen_tokens
from gpt_core.experiments.four_numbers import FourNumbers
from gpt_core.experiments.stopwatch import one_thread
from gpt_core.jobs import JobError, Progress, choice
from gpt_core.jobs._lean import as_it_is, writing_model
from gpt_core.jobs.head_value import pieces_for
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.model.shapes import shapes_of
from gpt_core.training.config import TrainConfig
from gpt_core.training.data import TokenData
from gpt_core.training.distill import Taught
from gpt_core.training.run import Run
from gpt_core.training.trainer import Trainer

SECONDS = (5, 20, 60, 240)  # of processor time for each student
SEEDS = (1, 2, 3)
SHARE = 0.9  # of the teacher in the loss
CONTEXT, TOKENS = 128, 1536  # of a piece; of a step
TEXTS = 40
MOST_FLOPS = 4e11  # of a step of both
SCENES = 20_000
TRIED = 4  # steps from which the time of one is known
_EVERY = 5


def lean_distillation(run: Run, settings: dict[str, Any]) -> Iterator[Progress]:
    """settings: {"seconds": 5, 20, 60 or 240}, of processor time that each student trains.

    Two students of each seed begin with the same weights and see the same batches in the same
    order. The taught one's step takes longer, because the teacher reads the batch, too: so it takes
    fewer of them. How many, is settled before by timing both. Result: {"what", "characters",
    "student": {"layers", "width", "parameters"}, "teacher": {"parameters", "loss": bits},
    "seconds", "step": {"text", "teacher": seconds}, "steps": {…}, "share", "batch": [B, T],
    "losses": {"text", "teacher": [bits per character of each seed]}, "prompt", "kinds": {"plain",
    "text", "teacher": of the first seed's, see `FourNumbers.of`}}; plain is the teacher itself.
    """
    seconds, model = choice(settings, "seconds", SECONDS), writing_model(run)
    student = student_of(model.config)
    config = _training(run, student)
    work = TOKENS * (model.flops_per_token() / 3 + shapes_of(student).flops_per_token())
    if work > MOST_FLOPS:
        raise JobError("This model is too large to teach here. Choose a smaller one at the top.")
    read = pieces_for(run, model, TEXTS, passes=20, flops=1e12, longest=student.block_size)
    tokens = seen_tokens(run, SCENES)
    with one_thread():
        step = _step_seconds(model, student, tokens, config)
        steps = {way: max(1, round(seconds / step[way])) for way in step}
        total, done = len(SEEDS) * sum(steps.values()), 0
        bits: dict[str, list[Any]] = {way: [] for way in step}
        measure = FourNumbers(run, model, read.pieces, 1 + len(step))
        kinds = {"plain": measure.of(as_it_is(model))}
        for seed in SEEDS:
            for way in step:
                own = replace(config, steps=steps[way], seed=seed)
                trained = yield from _trained(model, student, tokens, own, way, done, total)
                done += steps[way]
                bits[way].append(piece_bits(trained, read.pieces))
                if seed == SEEDS[0]:
                    kinds[way] = measure.of(as_it_is(trained), bits[way][0])
    characters = sum(piece.characters for piece in read.pieces)
    size = shapes_of(student).num_parameters()
    result = {
        **{"what": read.what, "characters": characters, "seconds": seconds, "share": SHARE},
        "student": {"layers": student.n_layer, "width": student.n_embd, "parameters": size},
        "teacher": {
            "parameters": model.num_parameters(),
            "loss": kinds["plain"]["loss"],
        },
        **{"step": {way: round(s, 5) for way, s in step.items()}, "steps": steps},
        **{"batch": [config.batch_size, student.block_size], "prompt": measure.prompt},
        "kinds": kinds,
        "losses": {
            way: [round(float(each.sum()) / characters, 5) for each in found]
            for way, found in bits.items()
        },
    }
    yield Progress(total, total, result)


def student_of(config: GPTConfig) -> GPTConfig:
    """The same design with about a quarter of the parameters and a context of at most CONTEXT.

    Of all depths and widths in whole heads, the nearest to a quarter; of equal ones the deeper.
    Raises JobError where none is smaller.
    """
    wanted = shapes_of(config).num_parameters() / 4
    shorter = replace(config, block_size=min(CONTEXT, config.block_size), dropout=0.0)
    designs = [
        replace(shorter, n_layer=layers, n_head=heads, n_embd=heads * config.head_dim)
        for layers in range(config.n_layer, 0, -1)
        for heads in range(1, config.n_head + 1)
        if (layers, heads) != (config.n_layer, config.n_head)
    ]
    if not designs:
        raise JobError(
            "This model has one layer with one head: no smaller one has its design. Choose another "
            "at the top."
        )
    return min(designs, key=lambda design: abs(shapes_of(design).num_parameters() - wanted))


def _training(run: Run, student: GPTConfig) -> TrainConfig:
    """The "modern" recipe; pieces begin where the run's own did."""
    return TrainConfig.from_preset(
        "modern",
        batch_size=max(1, TOKENS // student.block_size),
        document_starts=run.train_config.document_starts,
        eval_interval=1_000_000,
        eval_batches=1,
        precision="float32",
        schedule="linear",
    )


def _trainer(
    teacher: GPT, student: GPTConfig, tokens: TokenData, config: TrainConfig, way: str
) -> Trainer:
    torch.manual_seed(config.seed)
    model = GPT(student)
    if way == "text":
        return Trainer(model, tokens, config)
    return Taught(model, tokens, config, teacher, share=SHARE)


def _step_seconds(
    teacher: GPT, student: GPTConfig, tokens: TokenData, config: TrainConfig
) -> dict[str, float]:
    """Processor seconds of a step of either kind, taken in turns: the fastest of a few."""
    trainers = {
        way: _trainer(teacher, student, tokens, replace(config, steps=TRIED + 1), way)
        for way in ("text", "teacher")
    }
    seconds: dict[str, list[float]] = {way: [] for way in trainers}
    for _ in range(TRIED):
        for way, trainer in trainers.items():
            started = time.process_time()
            next(trainer)
            seconds[way].append(time.process_time() - started)
    return {way: min(found[1:]) for way, found in seconds.items()}


def _trained(
    teacher: GPT,
    student: GPTConfig,
    tokens: TokenData,
    config: TrainConfig,
    way: str,
    done: int,
    total: int,
) -> Generator[Progress, None, GPT]:
    """Train one student to its end."""
    trainer = _trainer(teacher, student, tokens, config, way)
    for record in trainer:
        if record.step % _EVERY == 0 and done + record.step < total:
            yield Progress(done + record.step, total)
    return trainer.model.eval()
