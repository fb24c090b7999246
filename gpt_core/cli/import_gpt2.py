"""`import`: a run of a GPT-2 in the format of Hugging Face, or of a nanoGPT."""

from __future__ import annotations

import argparse
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from corpus import bundled
from corpus.command_line import positive
from gpt_core.cli.common import add_encoding, read_text
from gpt_core.cli.options import OptionError, check_text
from gpt_core.training.run import Run, check_new

if TYPE_CHECKING:
    from gpt_core.model.gpt import GPT
    from gpt_core.tokenizers import Tokenizer

AS_SAFETENSORS = "its ckpt.pt is a pickle, which is never read; the README says how to save it anew"


def add_import(commands: Any) -> None:
    """Its options."""
    parser = commands.add_parser(
        "import",
        help="make a run of a GPT-2 in Hugging Face's format, or of a nanoGPT",
        description="Make a run of a GPT-2 checkpoint: of a folder with config.json and "
        "model.safetensors, or of one on the Hugging Face hub (gpt2, distilgpt2, owner/name). Or "
        "of a nanoGPT that was saved as safetensors (its model_args as config.json, or --n-head). "
        "A run in the folder runs/ can be chosen in the app.",
    )
    parser.add_argument(
        "source", metavar="FOLDER|FILE|NAME", help="a folder, a .safetensors file, or a hub's name"
    )
    parser.add_argument(
        "--n-head", type=positive, metavar="N", help="heads of a nanoGPT without config.json"
    )
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
    from gpt_core.huggingface import import_run

    check_text(args)
    check_new(args.out.parent, args.out.name)
    corpus = read_text(args) if args.text else bundled()
    run = import_run(_load(args), args.out, corpus.text, corpus.name)
    print(f"{run.path} is a run now: {_summary(run)}.")
    folder = quote(str(run.path))
    print(f"Write with it: python -m gpt_core sample --run {folder} --prompt 'Once upon a time'")
    return 0


def _load(args: argparse.Namespace) -> tuple[GPT, Tokenizer]:
    """The checkpoint, of whichever kind it is; a bar shows what is fetched."""
    from tqdm import tqdm

    from gpt_core.huggingface import load_gpt2
    from gpt_core.nanogpt import is_nanogpt, load_nanogpt

    if is_nanogpt(args.source):
        return load_nanogpt(args.source, args.n_head)
    if args.n_head is not None:
        raise OptionError("--n-head can't take effect: this is no nanoGPT saved as safetensors.")
    if Path(args.source).is_file():
        raise OptionError(f"{args.source} is no nanoGPT saved as safetensors: {AS_SAFETENSORS}.")
    with tqdm(unit="B", unit_scale=True, desc="fetching", leave=False, delay=0.5) as bar:

        def show(size: int, total: int | None) -> None:
            bar.total = total
            bar.update(size - bar.n)

        return load_gpt2(args.source, show)


def _summary(run: Run) -> str:
    """A run's model in a few words."""
    from gpt_core.model.shapes import shapes_of

    c = run.model_config
    count = shapes_of(c).num_parameters()
    return f"layers {c.n_layer}, heads {c.n_head}, width {c.n_embd}, {count:,} parameters"
