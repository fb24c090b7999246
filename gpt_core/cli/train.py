"""`train`: a new run of a text, or one that goes on."""

from __future__ import annotations

import argparse
import os
import shutil
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from shlex import quote
from typing import Any, get_args, get_type_hints

import torch

from corpus.command_line import listen
from gpt_core.bundled import bundled_run_path
from gpt_core.cli.common import add_encoding, add_sitcom, bar_of_scenes, read_text, sitcom_of
from gpt_core.cli.examples import EXAMPLES
from gpt_core.cli.options import check_known, check_settings, check_train, tokenizer_for
from gpt_core.cli.stay import stay
from gpt_core.memory import free_memory
from gpt_core.model.config import GPTConfig
from gpt_core.model.settings import Settings, about
from gpt_core.training import distributed
from gpt_core.training.config import TrainConfig, tuning_config
from gpt_core.training.estimate import estimate
from gpt_core.training.run import Run, Start, check_new
from gpt_core.training.run_files import BUNDLED, Status
from gpt_core.training.text_source import TextSource
from gpt_core.training.train_run import Interruption, find_device, lower_priority, train_run


def add_train(commands: Any) -> None:
    """Its options."""
    parser = commands.add_parser(
        "train",
        help="train a model on a text, or go on with a run",
        description="Train a model on a text file, go on with a run that was interrupted, or "
        "fine-tune: go on from a trained model with another text (--from). Ctrl-C saves, and so "
        "does a lost connection. Everything is written to one folder, the run.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_argument_group("what to train")
    what.add_argument("--text", type=Path, metavar="FILE", help="the text to learn")
    add_encoding(what)
    add_sitcom(what, "learn this many generated scenes of the sitcom instead")
    what.add_argument("--run", type=Path, metavar="DIR", help="go on with this run instead")
    what.add_argument("--out", type=Path, metavar="DIR", help="the new run's folder (runs/<now>)")
    what.add_argument(
        "--from",
        type=Path,
        metavar="RUN",
        help="begin with this run's weights, tokenizer and design (or with the model that comes "
        "with the app: bundled)",
    )
    what.add_argument(
        "--tokenizer", choices=["char", "word", "bpe"], help="what a token is (default: char)"
    )
    what.add_argument("--vocab-size", type=int, metavar="N", help="number of words or byte pairs")
    what.add_argument(
        "--preset",
        choices=list(GPTConfig.PRESETS),
        help="settings to start from: classic is GPT-2's design with AdamW, modern trains several "
        "times faster, quick is small and takes seconds, notebook is the notebooks' own "
        "(default: modern)",
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
    how.add_argument(
        "--stay",
        action="store_true",
        help="for programs: a worker that trains one run after the other, as standard input says",
    )
    _add_settings(parser.add_argument_group("model"), GPTConfig)
    _add_settings(parser.add_argument_group("training"), TrainConfig)


def _add_settings(group: Any, cls: type[Settings]) -> None:
    """One option per setting of a config, named like it, with every preset's value."""
    kinds, words = get_type_hints(cls), about(cls)
    for field in fields(cls):
        if field.name == "vocab_size":
            continue  # the tokenizer decides vocab_size
        values = {
            name: preset.get(field.name, field.default) for name, preset in cls.PRESETS.items()
        }
        same = len(set(values.values())) == 1
        shown = str(field.default) if same else ", ".join(f"{n} {v}" for n, v in values.items())
        group.add_argument(
            "--" + field.name.replace("_", "-"),
            help=f"{words[field.name]} ({shown})",
            **_kind_of_option(kinds[field.name]),
        )


def _kind_of_option(kind: Any) -> dict[str, Any]:
    if kind is bool:
        return {"action": argparse.BooleanOptionalAction}
    if get_args(kind):
        return {"choices": get_args(kind)}
    return {"type": kind, "metavar": "N" if kind is int else "X"}


def train(args: argparse.Namespace) -> int:
    """Train a new run or go on with one; the exit code is 1 when it diverges."""
    check_train(args)
    if args.stay:
        return stay(args.device)
    if args.threads:
        torch.set_num_threads(args.threads)
    interruption = Interruption()
    if args.worker:
        lower_priority()
        listen(interruption.obey)
    device, run = find_device(args.device), None
    together = distributed.start()
    try:
        run = Run.open(args.run) if args.run else _new_run(args)
        show = not (args.worker or distributed.rank())
        how = _train_with_progress if show else _train_silently
        with interruption.by_signals():
            status = how(run, interruption, device)
        if show:
            _print_how_it_ended(run, status)
    except Exception:  # settings that don't fit the text or the memory show when training begins
        if run is not None and args.run is None and not run.metrics() and not distributed.rank():
            shutil.rmtree(run.path)
        raise
    finally:
        if together:
            distributed.finish()
    return 1 if status.state == "diverged" else 0


def _new_run(args: argparse.Namespace) -> Run:
    """Make the run's folder; the first process does it for all."""
    out = args.out or Path(os.environ.get("GPT_RUNS") or "runs") / f"{datetime.now():%Y%m%d-%H%M%S}"
    if distributed.rank() == 0:
        _create(args, out)
    distributed.wait()
    return Run.open(out)


def _create(args: argparse.Namespace, out: Path) -> None:
    check_new(out.parent, out.name)
    preset = args.preset or "modern"
    settings = {name: value for name, value in vars(args).items() if value is not None}
    if getattr(args, "from") is not None:
        _create_from(args, settings, out)
        return
    model = {f.name: settings[f.name] for f in fields(GPTConfig) if f.name in settings}
    training = {f.name: settings[f.name] for f in fields(TrainConfig) if f.name in settings}
    train_config = TrainConfig.from_preset(preset, **training)
    check_settings(args, GPTConfig.from_preset(preset, **model | {"vocab_size": 1}), train_config)
    text, name, recipe = _text_to_learn(args)
    tokenizer = tokenizer_for(args.tokenizer or "char", text, args.vocab_size)
    Run.create(
        out.parent,
        name=out.name,
        model_config=GPTConfig.from_preset(preset, **model | {"vocab_size": tokenizer.vocab_size}),
        train_config=train_config,
        tokenizer=tokenizer,
        text=text,
        corpus_name=name,
        recipe=recipe,
    )


def _create_from(args: argparse.Namespace, settings: dict[str, Any], out: Path) -> None:
    """Make a run that goes on from a trained model; what it doesn't know of the text is said."""
    old = _start_of(args)
    training = {f.name: settings[f.name] for f in fields(TrainConfig) if f.name in settings}
    train_config = tuning_config(old.model_config.n_embd, **training)
    check_settings(args, old.model_config, train_config)
    text, name, recipe = _text_to_learn(args)
    tokenizer = old.tokenizer()
    told = check_known(tokenizer, text) + _what_it_takes(old.model_config, train_config)
    if not args.worker:
        print(told, flush=True)
    Run.create(
        out.parent,
        name=out.name,
        model_config=old.model_config,
        train_config=train_config,
        tokenizer=tokenizer,
        text=text,
        corpus_name=name,
        recipe=recipe,
        start=Start(old.name, old.load_model()),
    )


def _what_it_takes(model: GPTConfig, train_config: TrainConfig) -> str:
    """How much of a model is trained, and whether there may be too little memory for it."""
    need, free = estimate(model, train_config, 1.0), free_memory()
    said = f"{need.trained:,} of {need.parameters:,} parameters are trained."
    if free is not None and need.memory_bytes > free:
        said += (
            f"\nThis may take {need.memory_bytes / 1e9:.1f} GB of memory, and only "
            f"{free / 1e9:.1f} GB are free: a smaller batch or --tune lora takes less."
        )
    return said


def _start_of(args: argparse.Namespace) -> Run:
    """The run that --from names: a folder, or what comes with the app."""
    folder = getattr(args, "from")
    if str(folder) == BUNDLED and not folder.is_dir():
        folder = bundled_run_path()
    return Run.open(folder)


def _text_to_learn(args: argparse.Namespace) -> tuple[str, str, TextSource | None]:
    """The text of a new run, its name, and its recipe if it is generated."""
    if (recipe := sitcom_of(args)) is None:
        corpus = read_text(args)
        return corpus.text, corpus.name, None
    name = f"sitcom of {recipe.scenes:,} scenes, seed {recipe.seed}"
    return recipe.text(bar_of_scenes(recipe)), name, recipe


def _train_with_progress(run: Run, interruption: Interruption, device: str) -> Status:
    from tqdm import tqdm  # the worker needs no progress bar

    # Nothing is drawn before the first step: what is wrong with a run shows until then.
    with tqdm(total=run.train_config.steps, unit="step", delay=1e-3) as bar:
        losses = {}

        def show(record: Any) -> None:
            losses["loss"] = f"{record.loss:.3f}"
            if record.val_loss is not None:
                losses["val"] = f"{record.val_loss:.3f}"
            try:
                bar.set_postfix(losses, refresh=False)
                bar.update(record.step - bar.n)
            except OSError:  # a pipe that was closed
                interruption.set("paused", "Nobody reads its output any more.")

        return train_run(run, interruption, show, device)


def _train_silently(run: Run, interruption: Interruption, device: str) -> Status:
    return train_run(run, interruption, device=device)


def _print_how_it_ended(run: Run, status: Status) -> None:
    folder = quote(str(run.path))
    print(status.reason or f"Finished after {status.step} steps.")
    if status.state == "paused":
        print(f"Saved at step {status.step}. Go on: python -m gpt_core train --run {folder}")
    elif status.state == "finished":
        print(f"Write with it: python -m gpt_core sample --run {folder}")
