"""The command line: python -m gpt_core train | sample | eval."""

from __future__ import annotations

import argparse
import math
import os
import sys
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, get_args, get_type_hints

import torch

from gpt_core import distributed
from gpt_core.config import PRESETS as MODEL_PRESETS
from gpt_core.config import GPTConfig
from gpt_core.run import Run, RunError
from gpt_core.tokenizers import train_tokenizer
from gpt_core.trainer import PRESETS as TRAIN_PRESETS
from gpt_core.trainer import TrainConfig
from gpt_core.worker import Interruption, lower_priority, train_run

EXAMPLES = """\
examples:
  python -m gpt_core train --text book.txt --out runs/book
  python -m gpt_core train --text book.txt --preset classic --steps 500 --n-layer 2
  python -m gpt_core train --run runs/book           (go on after Ctrl-C)
  python -m gpt_core sample --run runs/book --prompt "Once upon" --temperature 0.8
  python -m gpt_core eval --run runs/book
  torchrun --nproc-per-node 2 -m gpt_core train --text book.txt --out runs/book
"""

HELP = {
    "block_size": "context length, in tokens: how far back the model sees",
    "n_layer": "number of transformer blocks, one above the other",
    "n_head": "attention heads in each block; must divide the width",
    "n_embd": "width: how many numbers describe each token",
    "dropout": "share of activations zeroed while training; helps when the text is small",
    "bias": "whether linear layers and LayerNorm have an additive bias",
    "norm": "normalization inside the blocks",
    "norm_position": "normalise before each branch (pre) or after (post)",
    "position": "how the model learns where a token stands",
    "activation": "nonlinearity of the feed-forward layers",
    "tie_weights": "whether the output layer reuses the token embedding",
    "qk_norm": "whether queries and keys are normalised",
    "causal": "whether a token sees only what came before it",
    "residual_init": "start of each branch's last layer: small, or zero",
    "steps": "number of updates",
    "batch_size": "sequences per step",
    "learning_rate": "peak learning rate (with muon: of the matrices in the blocks)",
    "embedding_lr": "with muon: learning rate of the embeddings",
    "head_lr": "with muon: learning rate of the output layer, biases and norms",
    "min_lr_ratio": "where the schedule ends, as a share of the peak",
    "warmup_steps": "steps in which the learning rate rises to its peak",
    "schedule": "how the learning rate falls after that",
    "cooldown": "with linear: the last share of the steps in which it falls",
    "optimizer": "adamw, or muon for the matrices inside the blocks",
    "weight_decay": "how strongly weights are pulled to zero",
    "beta1": "Adam's memory of the gradient",
    "beta2": "Adam's memory of the gradient's square",
    "momentum": "Muon's memory of the gradient",
    "newton_schulz": "Muon's iterations: more is closer to an orthogonal step",
    "grad_clip": "largest norm of all gradients together; 0 never clips",
    "grad_accum": "compute each batch in this many parts, to save memory",
    "eval_interval": "steps between evaluations",
    "eval_batches": "batches of each split in an evaluation; 0 for the whole split",
    "sample_interval": "steps between samples of text; 0 for none",
    "snapshot_interval": "steps between kept copies of the weights; 0 for none",
    "checkpoint_interval": "steps between saves that a killed run can go on from",
    "seed": "decides the initial weights, the batches and dropout",
    "precision": "number format of matrix products",
    "compile": "build a faster model first with torch.compile (up to a minute)",
}


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see --help.\n")


def make_parser() -> argparse.ArgumentParser:
    """The parser of all three commands."""
    parser = _Parser(
        prog="python -m gpt_core",
        description="Train a GPT from scratch on a text, write with it, and measure it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="train|sample|eval")
    _add_train(commands)
    _add_sample(commands)
    _add_eval(commands)
    return parser


def _add_train(commands: Any) -> None:
    parser = commands.add_parser(
        "train",
        help="train a model on a text, or go on with a run",
        description="Train a model on a text file, or go on with a run that was interrupted. "
        "Ctrl-C saves. Everything is written to one folder, the run.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_argument_group("what to train")
    what.add_argument("--text", type=Path, metavar="FILE", help="the text to learn, in UTF-8")
    what.add_argument("--run", type=Path, metavar="DIR", help="go on with this run instead")
    what.add_argument("--out", type=Path, metavar="DIR", help="the new run's folder (runs/<now>)")
    what.add_argument(
        "--tokenizer", choices=["char", "word", "bpe"], default="char", help="what a token is"
    )
    what.add_argument("--vocab-size", type=int, metavar="N", help="number of words or byte pairs")
    what.add_argument(
        "--preset",
        choices=list(MODEL_PRESETS),
        default="modern",
        help="settings to start from: classic is GPT-2's design with AdamW, modern trains several "
        "times faster, notebook is the notebooks' own (default: modern)",
    )
    how = parser.add_argument_group("how to run")
    how.add_argument("--device", help="cpu, cuda, cuda:1, … (default: a GPU if there is one)")
    how.add_argument("--threads", type=int, metavar="N", help="processor threads (default: all)")
    how.add_argument(
        "--worker",
        action="store_true",
        help="for programs: no output, low priority; reads 'pause' and 'stop' from standard input "
        "and saves and leaves when that ends",
    )
    _add_settings(parser.add_argument_group("model"), GPTConfig, MODEL_PRESETS)
    _add_settings(parser.add_argument_group("training"), TrainConfig, TRAIN_PRESETS)


def _add_settings(group: Any, cls: type, presets: dict[str, dict[str, Any]]) -> None:
    """One option per setting of a config, named like it, with every preset's value."""
    kinds = get_type_hints(cls)
    for field in fields(cls):
        if field.name not in HELP:
            continue  # the tokenizer decides vocab_size
        values = {name: preset.get(field.name, field.default) for name, preset in presets.items()}
        same = len(set(values.values())) == 1
        shown = str(field.default) if same else ", ".join(f"{n} {v}" for n, v in values.items())
        group.add_argument(
            "--" + field.name.replace("_", "-"),
            help=f"{HELP[field.name]} ({shown})",
            **_kind_of_option(kinds[field.name]),
        )


def _kind_of_option(kind: Any) -> dict[str, Any]:
    if kind is bool:
        return {"action": argparse.BooleanOptionalAction}
    if get_args(kind):
        return {"choices": get_args(kind)}
    return {"type": kind, "metavar": "N" if kind is int else "X"}


def _add_sample(commands: Any) -> None:
    parser = commands.add_parser("sample", help="write text with a trained model")
    parser.add_argument("--run", type=Path, metavar="DIR", required=True, help="the run's folder")
    parser.add_argument("--step", type=int, help="use the weights kept at this step")
    parser.add_argument("--prompt", default="\n", help="text to continue (default: a line break)")
    parser.add_argument("--tokens", type=int, default=500, help="tokens to write (default: 500)")
    parser.add_argument(
        "--temperature",
        type=float,
        default=0.8,
        help="below 1 bets on the likely, above 1 on surprises, 0 always takes the likeliest "
        "(default: 0.8)",
    )
    parser.add_argument("--top-k", type=int, help="choose among the k likeliest tokens only")
    parser.add_argument(
        "--top-p", type=float, help="choose among the likeliest that together have probability p"
    )
    parser.add_argument(
        "--min-p", type=float, help="drop tokens less than p times as likely as the likeliest"
    )
    parser.add_argument("--seed", type=int, default=1337, help="same seed, same text (1337)")
    parser.add_argument("--stop", action="append", default=[], help="end after this text")


def _add_eval(commands: Any) -> None:
    parser = commands.add_parser(
        "eval", help="measure a trained model: loss, bits per character, perplexity"
    )
    parser.add_argument("--run", type=Path, metavar="DIR", required=True, help="the run's folder")
    parser.add_argument("--step", type=int, help="use the weights kept at this step")


def train(args: argparse.Namespace) -> int:
    """Train a new run or go on with one; the exit code is 1 when it diverges."""
    if args.threads:
        torch.set_num_threads(args.threads)
    interruption = Interruption()
    interruption.listen_to_signals()
    if args.worker:
        lower_priority()
        interruption.listen_to_commands(sys.stdin)
    device = _device(args.device)
    together = distributed.start()
    try:
        run = Run.open(args.run) if args.run else _new_run(args)
        if args.worker or distributed.rank():
            status = train_run(run, interruption, device=device)
        else:
            status = _train_with_progress(run, interruption, device)
    finally:
        if together:
            distributed.finish()
    return 1 if status["state"] == "diverged" else 0


def _device(name: str | None) -> str:
    """Where to train: as asked for, or this process's GPU, or the CPU."""
    if name is None:
        return f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError):
        raise RunError(f"This machine has no device {name!r}; leave out --device.") from None
    return name


def _new_run(args: argparse.Namespace) -> Run:
    """Make the run's folder; the first process does it for all."""
    out = args.out or Path("runs") / f"{datetime.now():%Y%m%d-%H%M%S}"
    if distributed.rank() == 0:
        _create(args, out)
    distributed.wait()
    return Run.open(out)


def _create(args: argparse.Namespace, out: Path) -> None:
    if args.text is None:
        raise RunError("Name a text with --text FILE, or a run to go on with by --run DIR.")
    try:
        text = args.text.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"{args.text} can't be read as a UTF-8 text: {error}.") from None
    tokenizer = train_tokenizer(args.tokenizer, text, args.vocab_size)
    settings = {name: value for name, value in vars(args).items() if value is not None}
    model = {f.name: settings[f.name] for f in fields(GPTConfig) if f.name in settings}
    training = {f.name: settings[f.name] for f in fields(TrainConfig) if f.name in settings}
    Run.create(
        out.parent,
        name=out.name,
        model_config=GPTConfig.from_preset(
            args.preset, **(model | {"vocab_size": tokenizer.vocab_size})
        ),
        train_config=TrainConfig.from_preset(args.preset, **training),
        tokenizer=tokenizer,
        text=text,
        corpus_name=args.text.name,
    )


def _train_with_progress(run: Run, interruption: Interruption, device: str) -> dict[str, Any]:
    from tqdm import tqdm  # the worker needs no progress bar

    with tqdm(total=run.train_config.steps, unit="step") as bar:
        losses = {}

        def show(record: Any) -> None:
            losses["loss"] = f"{record.loss:.3f}"
            if record.val_loss is not None:
                losses["val"] = f"{record.val_loss:.3f}"
            bar.set_postfix(losses, refresh=False)
            bar.update(record.step - bar.n)

        status = train_run(run, interruption, show, device)
    print(status["reason"] or f"Finished after {status['step']} steps.")
    if status["state"] == "paused":
        print(f"Saved at step {status['step']}. Go on: python -m gpt_core train --run {run.path}")
    elif status["state"] == "finished":
        print(f"Write with it: python -m gpt_core sample --run {run.path}")
    return status


def sample(args: argparse.Namespace) -> int:
    """Write text, token by token."""
    from gpt_core.sample import SampleConfig, cut_at_stop, generate

    run = Run.open(args.run)
    tokenizer, model = run.tokenizer(), run.load_model(args.step)
    config = SampleConfig(
        max_new_tokens=args.tokens,
        temperature=args.temperature,
        top_k=args.top_k,
        top_p=args.top_p,
        min_p=args.min_p,
        seed=args.seed,
        stop=tuple(args.stop),
    )
    ids, shown = [], ""
    print(args.prompt, end="", flush=True)
    for sampled in generate(model, tokenizer.encode(args.prompt), config, tokenizer):
        ids.append(sampled.token)
        # A character may take several tokens; its first ones decode to U+FFFD until it is whole.
        text = cut_at_stop(tokenizer.decode(ids), config.stop)
        if not text.endswith("\ufffd") and text.startswith(shown):
            print(text[len(shown) :], end="", flush=True)
            shown = text
    print()
    return 0


def evaluate(args: argparse.Namespace) -> int:
    """Print how well both splits are predicted."""
    from gpt_core.evaluate import bits_per_character, whole_split_loss

    run = Run.open(args.run)
    tokenizer, model = run.tokenizer(), run.load_model(args.step)
    print(f"{'split':<12}{'tokens':>12}{'loss':>10}{'bits/char':>12}{'perplexity':>12}")
    for name, tokens in zip(("train", "validation"), run.tokens(), strict=True):
        loss = whole_split_loss(model, tokens)
        characters = len(tokenizer.decode(tokens.tolist()))
        bits = bits_per_character(loss, len(tokens), characters)
        print(f"{name:<12}{len(tokens):>12,}{loss:>10.4f}{bits:>12.4f}{math.exp(loss):>12.3f}")
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 2 for what the user can put right, in one sentence."""
    args = make_parser().parse_args(arguments)
    try:
        return {"train": train, "sample": sample, "eval": evaluate}[args.command](args)
    except ValueError as error:  # ConfigError, RunError, TokenizerError, DataError, SampleError
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
