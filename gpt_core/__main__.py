"""The command line: python -m gpt_core train | sample | eval | import | export."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, get_args, get_type_hints

import numpy as np
import torch

from gpt_core import distributed
from gpt_core.config import PRESETS as MODEL_PRESETS
from gpt_core.config import GPTConfig
from gpt_core.data import encode_to_array
from gpt_core.run import MOST_SCENES, Run, RunError, write_bytes, write_json
from gpt_core.tokenizers import as_prompt, train_tokenizer
from gpt_core.trainer import PRESETS as TRAIN_PRESETS
from gpt_core.trainer import TrainConfig
from gpt_core.worker import Interruption, flush_subnormals, lower_priority, train_run

EXAMPLES = """\
examples:
  python -m gpt_core train --text book.txt --out runs/book
  python -m gpt_core train --text book.txt --preset classic --steps 500 --n-layer 2
  python -m gpt_core train --run runs/book           (go on after Ctrl-C)
  python -m gpt_core sample --run runs/book --prompt "Once upon" --temperature 0.8
  python -m gpt_core eval --run runs/book
  python -m gpt_core train --sitcom-scenes 50000 --tokenizer bpe --out runs/sitcom
  python -m gpt_core eval --run runs/sitcom --scenes 500 --json sitcom.json
  python -m gpt_core import gpt2 --out runs/gpt2     (then choose it in the app's sidebar)
  python -m gpt_core export runs/book --out book-for-transformers
  torchrun --nproc-per-node 2 -m gpt_core train --text book.txt --out runs/book
"""

# Of a sitcom whose text was left out, this many held-out scenes stand in for validation.
HELD_OUT_SCENES = 500

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
    "residual_init": "start of each branch's last layer: small, zero, or heads that copy",
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
    "whole_scenes": "begin most pieces of text with a scene (two blank lines stand before it)",
    "filler_weight": "how many times the sitcom's days, numbers, towns count in the loss at first",
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
    """The parser of all commands."""
    parser = _Parser(
        prog="python -m gpt_core",
        description="Train a GPT from scratch on a text, write with it, and measure it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_train(commands)
    _add_sample(commands)
    _add_eval(commands)
    _add_import(commands)
    _add_export(commands)
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
    _add_sitcom(what, "learn this many generated scenes of the sitcom instead")
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


def _add_sitcom(group: Any, meaning: str) -> None:
    group.add_argument("--sitcom-scenes", type=int, metavar="N", help=meaning)
    group.add_argument(
        "--sitcom-seed", type=int, default=1, metavar="N", help="the seed of those scenes (1)"
    )


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
    _add_drawing(parser)
    parser.add_argument("--stop", action="append", default=[], help="end after this text")


def _add_drawing(parser: Any) -> None:
    """How the next token is chosen."""
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


def _add_eval(commands: Any) -> None:
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
    _add_drawing(scenes)
    _add_sitcom(scenes, "what a run without text and recipe learned: this many generated scenes")
    scenes.add_argument(
        "--held-out-seed", type=int, default=1, metavar="N", help="of the held-out scenes (1)"
    )
    scenes.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there too")
    scenes.add_argument("--out", type=Path, metavar="FILE", help="keep the model's scenes there")


def _add_import(commands: Any) -> None:
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


def _add_export(commands: Any) -> None:
    parser = commands.add_parser(
        "export", help="write a run's model in Hugging Face's format, for transformers"
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="the run's folder")
    parser.add_argument("--step", type=int, help="use the weights kept at this step")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder to write")


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
        run = _run_to_go_on(args.run) if args.run else _new_run(args)
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


def _run_to_go_on(path: Path) -> Run:
    run = Run.open(path)
    # Without the optimizer's state it would start over, and replace the weights.
    if run.status()["state"] == "finished" and not (path / "state.safetensors").exists():
        raise RunError(
            f"{path} was imported or downloaded finished; there is nothing to go on with."
        )
    return run


def _new_run(args: argparse.Namespace) -> Run:
    """Make the run's folder; the first process does it for all."""
    out = args.out or Path("runs") / f"{datetime.now():%Y%m%d-%H%M%S}"
    if distributed.rank() == 0:
        _create(args, out)
    distributed.wait()
    return Run.open(out)


def _create(args: argparse.Namespace, out: Path) -> None:
    text, name, recipe = _text_to_learn(args)
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
        corpus_name=name,
        sitcom=recipe,
    )


def _text_to_learn(args: argparse.Namespace) -> tuple[str, str, tuple[int, int] | None]:
    """The text of a new run, its name, and its recipe if it is generated."""
    if (args.text is None) == (args.sitcom_scenes is None):
        raise RunError("Name a text with --text FILE, or a run to go on with by --run DIR.")
    from corpus.sitcom import whole_text

    if args.text:
        return _read_text(args.text), args.text.name, None
    scenes, seed = _at_least_one("sitcom-scenes", args.sitcom_scenes), args.sitcom_seed
    name = f"sitcom of {scenes:,} scenes, seed {seed}"
    return whole_text(seed, scenes, progress=_bar_of_scenes(scenes)), name, (seed, scenes)


def _at_least_one(name: str, count: int) -> int:
    if not 1 <= count <= MOST_SCENES:
        raise RunError(f"--{name} is {count}; it must be between 1 and {MOST_SCENES:,}.")
    return count


def _bar_of_scenes(count: int | None) -> Callable[[Iterable[Any]], Iterable[Any]]:
    """A progress bar for scenes being written."""
    from tqdm import tqdm

    return lambda scenes: tqdm(scenes, "scenes", count, leave=False, delay=0.5, unit="")


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"{path} can't be read as a UTF-8 text: {error}.") from None


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
    prompt = as_prompt(tokenizer, args.prompt)
    print(prompt, end="", flush=True)
    for sampled in generate(model, tokenizer.encode(prompt), config, tokenizer):
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
    if args.scenes is not None:
        return _evaluate_scenes(run, args)
    tokenizer, model = run.tokenizer(), run.load_model(args.step)
    print(f"{'split':<12}{'tokens':>12}{'loss':>10}{'bits/char':>12}{'perplexity':>12}")
    for name, tokens in _splits(run, args.held_out_seed):
        loss = whole_split_loss(model, tokens)
        characters = len(tokenizer.decode(tokens.tolist()))
        bits = bits_per_character(loss, len(tokens), characters)
        print(f"{name:<12}{len(tokens):>12,}{loss:>10.4f}{bits:>12.4f}{math.exp(loss):>12.3f}")
    return 0


def _splits(run: Run, held_out_seed: int) -> Iterator[tuple[str, np.ndarray]]:
    """What a run learned and what it didn't; of a sitcom without its file, held-out scenes."""
    from corpus.sitcom import whole_text

    if run.sitcom() and not (run.path / "corpus.txt").exists():
        text = whole_text(held_out_seed, HELD_OUT_SCENES, held_out=True)
        yield "held out", encode_to_array(run.tokenizer(), text)
    else:
        yield from zip(("train", "validation"), run.tokens(), strict=True)


def _evaluate_scenes(run: Run, args: argparse.Namespace) -> int:
    """Print the table of gpt_core.report."""
    from tqdm import tqdm

    from corpus.sitcom import in_one_text
    from gpt_core.report import compare, learned_text, table, to_dict
    from gpt_core.sample import SampleConfig

    count = _at_least_one("scenes", args.scenes)
    drawing = ("temperature", "top_k", "top_p", "min_p", "seed")
    config = SampleConfig(**{name: getattr(args, name) for name in drawing})
    given = (args.sitcom_seed, args.sitcom_scenes) if args.sitcom_scenes else None
    recipe = run.sitcom() or given
    for path in filter(None, (args.json, args.out)):
        if not path.resolve().parent.is_dir():  # now, not when all is counted
            raise RunError(f"{path} can't be written: there is no such folder.")
    report = compare(
        run,
        learned_text(run, recipe, _bar_of_scenes(recipe[1] if recipe else None)),
        config,
        count,
        args.held_out_seed,
        args.step,
        lambda things, count, name: tqdm(things, name, count or None, leave=False, unit=""),
    )
    print(table(report))
    if args.json:
        write_json(args.json, to_dict(report))
    if args.out:
        write_bytes(args.out, "".join(in_one_text(report.written)).encode())
    return 0


def import_gpt2(args: argparse.Namespace) -> int:
    """Make a run of a checkpoint."""
    from tqdm import tqdm

    from corpus import bundled
    from gpt_core.hf import import_run

    text = (args.text.name, _read_text(args.text)) if args.text else None
    name, content = text or (bundled().name, bundled().text)
    with tqdm(unit="B", unit_scale=True, desc="fetching", leave=False, delay=0.5) as bar:

        def show(size: int, total: int | None) -> None:
            bar.total = total
            bar.update(size - bar.n)

        run = import_run(args.source, args.out, content, name, show)
    print(f"{run.path} is a run now: {_summary(run)}.")
    print(f"Write with it: python -m gpt_core sample --run {run.path} --prompt 'Once upon a time'")
    return 0


def _summary(run: Run) -> str:
    """A run's model in a few words."""
    from gpt_core.shapes import shapes_of

    c = run.model_config
    count = shapes_of(c).num_parameters()
    return f"layers {c.n_layer}, heads {c.n_head}, width {c.n_embd}, {count:,} parameters"


def export(args: argparse.Namespace) -> int:
    """Write a run's model for transformers."""
    from gpt_core.hf import OUR_TOKENIZER, save_gpt2

    run = Run.open(args.run)
    save_gpt2(run.load_model(args.step), run.tokenizer(), args.out)
    print(f"{args.out} can be read with GPT2LMHeadModel.from_pretrained.")
    if (args.out / OUR_TOKENIZER).exists():
        print(f"transformers has no such tokenizer; {OUR_TOKENIZER} is for this project only.")
    return 0


COMMANDS = {
    "train": train,
    "sample": sample,
    "eval": evaluate,
    "import": import_gpt2,
    "export": export,
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 2 for what the user can put right, in one sentence."""
    args = make_parser().parse_args(arguments)
    try:
        return COMMANDS[args.command](args)
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    except ValueError as error:  # ConfigError, RunError, TokenizerError, CheckpointError, …
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    flush_subnormals()
    sys.exit(main())
