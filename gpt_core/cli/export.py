"""`export`: a model of ours in the format of Hugging Face."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gpt_core.cli.common import model_of
from gpt_core.training.run import Run


def add_export(commands: Any) -> None:
    """Its options."""
    parser = commands.add_parser(
        "export",
        help="write a run's model in Hugging Face's format, for transformers",
        description="Write a run's model as transformers' GPT2LMHeadModel reads it. It must have "
        "GPT-2's design: learned positions, LayerNorm before each branch, biases, as those of the "
        "preset classic.",
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="the run's folder")
    parser.add_argument("--step", type=int, help="use the weights kept at this step")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder to write")


def export(args: argparse.Namespace) -> int:
    """Write a run's model for transformers."""
    from gpt_core.huggingface import OUR_TOKENIZER, save_gpt2

    run = Run.open(args.run)
    save_gpt2(model_of(run, args.step), run.tokenizer(), args.out)
    print(f"{args.out} can be read with GPT2LMHeadModel.from_pretrained.")
    if (args.out / OUR_TOKENIZER).exists():
        print(f"transformers has no such tokenizer; {OUR_TOKENIZER} is for this project only.")
    return 0
