"""The bundled model's design against the notebooks' and against others, for the same seconds.

    python -m benchmarks.sitcom_model --minutes 5 [--harder tinyshakespeare.txt] [--json FILE]

The others are smaller and larger models on the same sitcom, other vocabularies, and the same design
on a harder text. All train in turns, a slice of their seconds at a time, so that a busy moment of
the machine meets everybody; only steps are counted, and nothing is compiled. How many steps fit is
not known before: the end of a learning rate's schedule is moved, before each turn, to where the
racer will be at the pace it has had.

Bits per character are those of held-out scenes (of the harder text: of its last tenth), so models
with different tokens can be compared. Below them stands what counting reaches: a 5-gram model. With
--json, the first lines that each one writes are kept, too.
"""

from __future__ import annotations

import argparse
import math
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from corpus import from_file
from corpus.sitcom import generate, whole_text
from gpt_core.bundled.train import MODEL, SCENES, SEED, TRAINING, VOCABULARY
from gpt_core.evaluation.intervals import Estimate
from gpt_core.evaluation.ngram import Ngram
from gpt_core.evaluation.sitcom_scenes import (
    bits_of,
    by_model,
    model_nats,
    ngram_nats,
    scene_ids,
)
from gpt_core.generate.sample import SampleConfig
from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.tokenizers import Tokenizer, train_tokenizer
from gpt_core.training import data
from gpt_core.training.config import TrainConfig
from gpt_core.training.evaluate import bits_per_character, whole_split_loss
from gpt_core.training.run_files import write_json
from gpt_core.training.text_source import separator_ids, token_data
from gpt_core.training.train_run import flush_subnormals
from gpt_core.training.trainer import Trainer

SLICES = 20  # turns
PACE = 3  # steps before the first turn, to know the pace
# The bundled design with one thing changed.
VARIANTS: dict[str, dict[str, Any]] = {
    "one block, a quarter as wide": {"n_layer": 1, "n_embd": MODEL["n_embd"] // 4},
    "half as wide": {"n_embd": MODEL["n_embd"] // 2},
    "half as deep": {"n_layer": MODEL["n_layer"] // 2},
    "half as many heads": {"n_head": MODEL["n_head"] // 2},
    "1.5 times as wide": {"n_embd": MODEL["n_embd"] * 3 // 2},
    "1.5 times as deep": {"n_layer": MODEL["n_layer"] * 3 // 2},
    "with query-key norm": {"qk_norm": True},
    "heads that start at zero": {"residual_init": "zero"},
    "untied embeddings": {"tie_weights": False},
}
# Trained with one thing changed.
TRAININGS: dict[str, dict[str, Any]] = {"all tokens count once": {"rare_token_weight": 1.0}}
VOCABULARIES = (512, 4096)
WRITTEN = 400  # characters of each one's writing that are kept
DRAWING = SampleConfig(WRITTEN, temperature=0.7, min_p=0.2)
NEVER = 10**6  # steps between evaluations
BATCH = 8  # pieces a step: with the bundled run's many, so short a race would be a few steps

# A model's bits per character of what it hasn't learned.
Score = Callable[[GPT], Estimate]


@dataclass(frozen=True)
class Row:
    """What one training came to. seconds: of steps alone; tokens: of a step; wrote: its text."""

    name: str
    text: str
    parameters: int
    steps: int
    tokens: int
    seconds: float
    bits: Estimate
    wrote: str = ""


@dataclass
class Racer:
    """A training that goes on in turns."""

    name: str
    tokens: Tokens
    trainer: Trainer

    def train_until(self, seconds: float, end: float) -> None:
        """Take steps until `seconds` of them are used; the schedule ends at `end` seconds."""
        trainer = self.trainer
        if trainer.step:
            expected = round(end * trainer.step / trainer.elapsed)
            steps = max(trainer.step + 1, expected)
            trainer.config = replace(trainer.config, steps=steps)
        while trainer.elapsed < seconds:
            if trainer.step == trainer.config.steps:  # faster than it was
                trainer.config = replace(trainer.config, steps=trainer.step + 1)
            next(trainer)

    def row(self) -> Row:
        """The result; reading the held-out text takes a while."""
        t, tokens = self.trainer, self.tokens
        ids = list(by_model(t.model.eval(), tokens.tokenizer)(tokens.start, DRAWING))
        return Row(
            name=self.name,
            text=tokens.name,
            parameters=t.model.num_parameters(),
            steps=t.step,
            tokens=t.config.batch_size * t.model.config.block_size,
            seconds=t.elapsed,
            bits=tokens.score(t.model),
            wrote=tokens.tokenizer.decode(ids).strip()[:WRITTEN].rstrip(),
        )


@dataclass(frozen=True)
class Tokens:
    """A text as tokens, and how a model of them is scored.

    start: what comes before the first line that a model writes. scenes: whether it also comes
    before every scene of the text, where pieces can begin.
    """

    name: str
    tokenizer: Tokenizer
    train: np.ndarray
    val: np.ndarray
    score: Score
    start: list[int]
    scenes: bool

    def racer(self, name: str, preset: str, model: dict[str, Any], train: dict[str, Any]) -> Racer:
        """A training on this text: settings of a preset, and others in their place."""
        vocab_size = self.tokenizer.vocab_size
        train = train | {"eval_interval": NEVER, "eval_batches": 1, "steps": 1_000}
        train |= {"compile": False}
        if preset == "modern":
            train |= {"batch_size": BATCH}
        if not (self.scenes and preset == "modern"):
            train |= {"document_starts": False, "rare_token_weight": 1.0}
        settings = TrainConfig.from_preset(preset, **train)
        torch.manual_seed(settings.seed)
        gpt = GPT(GPTConfig.from_preset(preset, vocab_size=vocab_size, **model))
        tokens = token_data((self.train, self.val), self.tokenizer, settings)
        return Racer(name, self, Trainer(gpt, tokens, settings))


def sitcom_tokens(text: str, held_out: list[str], vocabulary: int | None) -> Tokens:
    """The sitcom in so many byte pairs, or in characters (None); scored on held-out scenes."""
    tokenizer = train_tokenizer("bpe" if vocabulary else "char", text, vocabulary)
    ids, given = scene_ids(held_out, tokenizer)
    return Tokens(
        "sitcom",
        tokenizer,
        data.encode_to_array(tokenizer, text),
        np.concatenate(ids),
        lambda model: bits_of(model_nats(model, ids, given), held_out),
        separator_ids(tokenizer),
        scenes=True,
    )


def harder_tokens(path: Path) -> Tokens:
    """Another text in byte pairs learned from its first nine tenths; scored on the last one."""
    text = from_file(path).text
    cut = len(text) * 9 // 10
    tokenizer = train_tokenizer("bpe", text[:cut], VOCABULARY)
    val = data.encode_to_array(tokenizer, text[cut:])

    def score(model: GPT) -> Estimate:
        bits = bits_per_character(whole_split_loss(model, val), len(val), len(text) - cut)
        return Estimate(bits, math.nan, math.nan)

    train, start = data.encode_to_array(tokenizer, text[:cut]), tokenizer.encode("\n")
    return Tokens(path.stem, tokenizer, train, val, score, start, scenes=False)


def racers(text: str, held_out: list[str], harder: Tokens | None) -> list[Racer]:
    """The bundled design, the notebooks' own, variants, and the same on a harder text."""
    sitcom = sitcom_tokens(text, held_out, VOCABULARY)
    found = [
        sitcom.racer("bundled design", "modern", MODEL, TRAINING),
        sitcom_tokens(text, held_out, None).racer("notebook preset", "notebook", {}, {}),
    ]
    for name, changed in VARIANTS.items():
        found.append(sitcom.racer(name, "modern", MODEL | changed, TRAINING))
    for name, changed in TRAININGS.items():
        found.append(sitcom.racer(name, "modern", MODEL, TRAINING | changed))
    for size in VOCABULARIES:
        tokens = sitcom_tokens(text, held_out, size)
        found.append(tokens.racer(f"{size:,} tokens", "modern", MODEL, TRAINING))
    if harder:
        found.append(harder.racer("bundled design", "modern", MODEL, TRAINING))
    return found


def race(all_racers: list[Racer], seconds: float) -> list[Row]:
    """Train everybody for as many seconds, in turns."""
    with tqdm(total=SLICES * len(all_racers), unit="turn", leave=False) as bar:
        for racer in all_racers:
            for _ in range(PACE):
                next(racer.trainer)
        for turn in range(1, SLICES + 1):
            for racer in all_racers:
                bar.set_description(racer.name)
                racer.train_until(seconds * turn / SLICES, seconds)
                bar.update()
    return [racer.row() for racer in tqdm(all_racers, "reading held-out text", leave=False)]


def counted(sitcom: Tokens, held_out: list[str]) -> Row:
    """The 5-gram model of the same tokens."""
    ngram = Ngram(sitcom.train, sitcom.tokenizer.vocab_size)
    ids, given = scene_ids(held_out, sitcom.tokenizer)
    bits = bits_of(ngram_nats(ngram, ids, given), held_out)
    return Row("5-gram Kneser-Ney", "sitcom", 0, 0, 0, 0.0, bits)


def print_rows(rows: list[Row]) -> None:
    """A Markdown table."""
    print("| model | text | parameters | steps | tokens a step | seconds | bits per character |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for row in rows:
        numbers = (row.parameters, row.steps, row.tokens)
        shown = " | ".join(f"{number:,}" if number else "" for number in numbers)
        seconds = f"{row.seconds:.0f}" if row.seconds else ""
        bits = f"**{row.bits.value:.4f}**"
        if math.isfinite(row.bits.low):
            bits += f" ({row.bits.low:.4f} to {row.bits.high:.4f})"
        print(f"| {row.name} | {row.text} | {shown} | {seconds} | {bits} |")


def to_dict(rows: list[Row], minutes: float, scenes: int) -> dict[str, Any]:
    """Rows and circumstances as plain JSON values; an interval that isn't known is left out."""
    plain = [asdict(row) for row in rows]
    for row in plain:
        row["bits"] = {name: v for name, v in row["bits"].items() if math.isfinite(v)}
    where = {"processor": platform.machine(), "threads": torch.get_num_threads()}
    where |= {"torch": torch.__version__, "minutes": minutes}
    return {**where, "sitcom": {"seed": SEED, "scenes": scenes}, "rows": plain}


def main() -> None:
    """Train all, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=5.0, help="of steps, each model (5)")
    parser.add_argument("--scenes", type=int, default=SCENES, help="to learn from")
    parser.add_argument("--held-out", type=int, default=500, help="scenes to score with (500)")
    parser.add_argument("--harder", type=Path, metavar="FILE", help="another text to learn")
    parser.add_argument("--threads", type=int, help="processor threads (default: all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there too")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    text = whole_text(SEED, args.scenes, progress=lambda s: tqdm(s, "scenes", leave=False))
    held_out = [s.text for s in generate(SEED, args.held_out, held_out=True)]
    harder = harder_tokens(args.harder) if args.harder else None
    all_racers = racers(text, held_out, harder)
    rows = race(all_racers, 60 * args.minutes)
    rows.append(counted(all_racers[0].tokens, held_out))
    print(
        f"{args.scenes:,} scenes, PyTorch {torch.__version__}, {torch.get_num_threads()} threads\n"
    )
    print_rows(rows)
    if args.json:
        write_json(args.json, to_dict(rows, args.minutes, args.scenes))


if __name__ == "__main__":
    flush_subnormals()
    main()
