"""`import`: a run of a GPT-2 in the format of Hugging Face."""

from __future__ import annotations

import argparse
from pathlib import Path
from shlex import quote
from typing import Any

from corpus import bundled
from gpt_core.cli.common import add_encoding, read_text
from gpt_core.cli.options import check_text
from gpt_core.training.run import Run, check_new


def add_import(commands: Any) -> None:
    """Its options."""
    parser = commands.add_parser(
        "import",
        help="make a run of a GPT-2 in Hugging Face's format",
        description="Make a run of a GPT-2 checkpoint: of a folder with config.json and "
        "model.safetensors, or of one on the Hugging Face hub (gpt2, distilgpt2, owner/name). A "
        "run in the folder runs/ can be chosen in the app.",
    )
    parser.add_argument("source", metavar="FOLDER|NAME", help="a folder, or a name on the hub")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="the run's folder")
    parser.add_argument(
        "--text",
        type=Path,
        metavar="FILE",
        help="a text to measure it on (default: the bundled sitcom)",
    )
    add_encoding(parser)


def import_gpt2(args: argparse.Namespace) -> int:
    """Make a run of a checkpoint."""
    from tqdm import tqdm

    from gpt_core.huggingface import import_run

    check_text(args)
    check_new(args.out.parent, args.out.name)
    corpus = read_text(args) if args.text else bundled()
    with tqdm(unit="B", unit_scale=True, desc="fetching", leave=False, delay=0.5) as bar:

        def show(size: int, total: int | None) -> None:
            bar.total = total
            bar.update(size - bar.n)

        run = import_run(args.source, args.out, corpus.text, corpus.name, show)
    print(f"{run.path} is a run now: {_summary(run)}.")
    folder = quote(str(run.path))
    print(f"Write with it: python -m gpt_core sample --run {folder} --prompt 'Once upon a time'")
    return 0


def _summary(run: Run) -> str:
    """A run's model in a few words."""
    from gpt_core.model.shapes import shapes_of

    c = run.model_config
    count = shapes_of(c).num_parameters()
    return f"layers {c.n_layer}, heads {c.n_head}, width {c.n_embd}, {count:,} parameters"
