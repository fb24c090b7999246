"""`eval`: how well a model predicts its text, or what its scenes are worth."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from corpus.files import check_writable, write_bytes
from gpt_core.cli.common import (
    add_drawing,
    add_sitcom,
    at_least_one,
    bar_of_scenes,
    check_step,
    drawing_of,
    given_or,
    model_of,
    sitcom_of,
)
from gpt_core.cli.options import check_eval
from gpt_core.training.data import encode_to_array
from gpt_core.training.run import Run
from gpt_core.training.run_files import RunError, write_json

# Of a sitcom whose text was left out, this many held-out scenes stand in for validation.
HELD_OUT_SCENES = 500


def add_eval(commands: Any) -> None:
    """Its options."""
    parser = commands.add_parser(
        "eval",
        help="measure a trained model: loss, bits per character, perplexity; or its scenes",
        description="Measure how well a model predicts its text. With --scenes, a model of the "
        "generated sitcom: what it writes is checked, beside scenes that were held out of "
        "training and an n-gram model of the same text; intervals of 95%.",
    )
    parser.add_argument("--run", type=Path, metavar="DIR", required=True, help="the run's folder")
    parser.add_argument("--step", type=int, help="use the weights kept at this step")
    parser.add_argument("--scenes", type=int, metavar="N", help="write and check this many scenes")
    scenes = parser.add_argument_group("with --scenes")
    add_drawing(scenes)
    add_sitcom(scenes, "what a run without text and recipe learned: this many generated scenes")
    scenes.add_argument("--held-out-seed", type=int, metavar="N", help="of the held-out scenes (1)")
    scenes.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there too")
    scenes.add_argument("--out", type=Path, metavar="FILE", help="keep the model's scenes there")


def evaluate(args: argparse.Namespace) -> int:
    """Print how well both splits are predicted."""
    from gpt_core.training.evaluate import bits_per_character, whole_split_loss

    run = Run.open(args.run)
    check_eval(args, run)
    if args.scenes is not None:
        return _evaluate_scenes(run, args)
    tokenizer, model = run.tokenizer(), model_of(run, args.step)
    print(f"{'split':<12}{'tokens':>12}{'nats/token':>12}{'bits/char':>12}{'perplexity':>12}")
    for name, tokens in _splits(run, given_or(args.held_out_seed, 1)):
        loss = whole_split_loss(model, tokens)
        characters = len(tokenizer.decode(tokens.tolist()))
        bits = bits_per_character(loss, len(tokens), characters)
        perplexity = torch.tensor(loss).double().exp().item()  # infinite, where math.exp ends
        print(f"{name:<12}{len(tokens):>12,}{loss:>12.4f}{bits:>12.4f}{perplexity:>12.3f}")
    return 0


def _splits(run: Run, held_out_seed: int) -> Iterator[tuple[str, np.ndarray]]:
    """What a run learned and what it didn't; of a sitcom without its file, held-out scenes."""
    from corpus.sitcom import whole_text

    if run.recipe() and not run.has_text():
        text = whole_text(held_out_seed, HELD_OUT_SCENES, held_out=True)
        yield "held out", encode_to_array(run.tokenizer(), text)
    else:
        yield from zip(("train", "validation"), run.tokens(), strict=True)


def _evaluate_scenes(run: Run, args: argparse.Namespace) -> int:
    """Print the table of gpt_core.evaluation.sitcom_report."""
    from tqdm import tqdm

    from corpus.sitcom import in_one_text
    from gpt_core.evaluation.sitcom_report import compare, table, to_dict

    count, config = at_least_one("scenes", args.scenes), drawing_of(args)
    recipe = run.recipe() or sitcom_of(args)
    if not (recipe or run.has_text()):
        raise RunError(
            f"{run.name} has no text; if it learned the sitcom, say which with --sitcom-scenes "
            f"(and --sitcom-seed)."
        )
    for path in filter(None, (args.json, args.out)):
        check_writable(path)  # now, not when all is counted
    check_step(run, args.step)
    report = compare(
        run,
        run.text(recipe, bar_of_scenes(recipe)),
        config,
        count,
        given_or(args.held_out_seed, 1),
        args.step,
        lambda things, count, name: tqdm(things, name, count or None, leave=False, unit=""),
    )
    print(table(report))
    if args.json:
        write_json(args.json, to_dict(report))
    if args.out:
        write_bytes(args.out, "".join(in_one_text(report.written)).encode())
    return 0
