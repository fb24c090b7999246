"""The command line: python -m gpt_core train | sample | eval | import | export."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import numpy as np
import torch

from corpus import Corpus, bundled, from_file, report_lines
from corpus.command_line import Parser, run_command
from corpus.files import check_writable
from gpt_core.cli.options import (
    DRAWING,
    check_drawing,
    check_eval,
    check_settings,
    check_text,
    check_train,
    tokenizer_for,
)
from gpt_core.model.config import GPTConfig
from gpt_core.model.settings import Settings
from gpt_core.tokenizers import Tokenizer, as_prompt
from gpt_core.training import distributed
from gpt_core.training.config import TrainConfig
from gpt_core.training.data import encode_to_array
from gpt_core.training.run import MOST_SCENES, Run, check_new
from gpt_core.training.run_files import RunError, Status, write_bytes, write_json
from gpt_core.training.train_run import (
    Interruption,
    find_device,
    flush_subnormals,
    lower_priority,
    train_run,
)

if TYPE_CHECKING:
    from gpt_core.generate.sample import SampleConfig
    from gpt_core.model.gpt import GPT

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


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = Parser(
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
        "Ctrl-C saves, and so does a lost connection. Everything is written to one folder, the "
        "run.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_argument_group("what to train")
    what.add_argument("--text", type=Path, metavar="FILE", help="the text to learn")
    _add_encoding(what)
    _add_sitcom(what, "learn this many generated scenes of the sitcom instead")
    what.add_argument("--run", type=Path, metavar="DIR", help="go on with this run instead")
    what.add_argument("--out", type=Path, metavar="DIR", help="the new run's folder (runs/<now>)")
    what.add_argument(
        "--tokenizer", choices=["char", "word", "bpe"], help="what a token is (default: char)"
    )
    what.add_argument("--vocab-size", type=int, metavar="N", help="number of words or byte pairs")
    what.add_argument(
        "--preset",
        choices=list(GPTConfig.PRESETS),
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
    _add_settings(parser.add_argument_group("model"), GPTConfig)
    _add_settings(parser.add_argument_group("training"), TrainConfig)


def _add_encoding(group: Any) -> None:
    group.add_argument(
        "--encoding", metavar="NAME", help="what the text is saved in (default: found out)"
    )


def _add_sitcom(group: Any, meaning: str) -> None:
    group.add_argument("--sitcom-scenes", type=int, metavar="N", help=meaning)
    group.add_argument("--sitcom-seed", type=int, metavar="N", help="the seed of those scenes (1)")


def _add_settings(group: Any, cls: type[Settings]) -> None:
    """One option per setting of a config, named like it, with every preset's value."""
    kinds, about = get_type_hints(cls), cls.about()
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
            help=f"{about[field.name]} ({shown})",
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
    parser.add_argument(
        "--stop", action="append", default=[], metavar="TEXT", help="end after this text"
    )


def _add_drawing(parser: Any) -> None:
    """How the next token is chosen."""
    parser.add_argument(
        "--temperature",
        type=float,
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
    parser.add_argument("--seed", type=int, help="same seed, same text (1337)")


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
    scenes.add_argument("--held-out-seed", type=int, metavar="N", help="of the held-out scenes (1)")
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
    _add_encoding(parser)


def _add_export(commands: Any) -> None:
    parser = commands.add_parser(
        "export", help="write a run's model in Hugging Face's format, for transformers"
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="the run's folder")
    parser.add_argument("--step", type=int, help="use the weights kept at this step")
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="folder to write")


def train(args: argparse.Namespace) -> int:
    """Train a new run or go on with one; the exit code is 1 when it diverges."""
    check_train(args)
    if args.threads:
        torch.set_num_threads(args.threads)
    interruption = Interruption()
    if args.worker:
        lower_priority()
        interruption.listen_to_commands(sys.stdin)
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
        sitcom=recipe,
    )


def _text_to_learn(args: argparse.Namespace) -> tuple[str, str, tuple[int, int] | None]:
    """The text of a new run, its name, and its recipe if it is generated."""
    from corpus.sitcom import whole_text

    if args.text:
        corpus = _read_text(args)
        return corpus.text, corpus.name, None
    scenes = _at_least_one("sitcom-scenes", args.sitcom_scenes)
    seed = _or(args.sitcom_seed, 1)
    name = f"sitcom of {scenes:,} scenes, seed {seed}"
    return whole_text(seed, scenes, progress=_bar_of_scenes(scenes)), name, (seed, scenes)


def _or(value: Any, default: Any) -> Any:
    """What an option says, or what it means to leave it out."""
    return default if value is None else value


def _at_least_one(name: str, count: int) -> int:
    if not 1 <= count <= MOST_SCENES:
        raise RunError(f"--{name} is {count}; it must be between 1 and {MOST_SCENES:,}.")
    return count


def _bar_of_scenes(count: int | None) -> Callable[[Iterable[Any]], Iterable[Any]]:
    """A progress bar for scenes being written."""
    from tqdm import tqdm

    return lambda scenes: tqdm(scenes, "scenes", count, leave=False, delay=0.5, unit="")


def _read_text(args: argparse.Namespace) -> Corpus:
    """The text of --text; prints what it was read as and what was changed."""
    corpus = from_file(args.text, args.encoding)
    if not getattr(args, "worker", False):
        print(*report_lines(corpus), sep="\n", flush=True)
    return corpus


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


def sample(args: argparse.Namespace) -> int:
    """Write text, token by token."""
    from gpt_core.generate.sample import cut_at_stop, generate

    check_drawing(args)
    config = _drawing(args, max_new_tokens=args.tokens, stop=tuple(args.stop))
    run = Run.open(args.run)
    tokenizer, model = run.tokenizer(), _model(run, args.step)
    ids, shown = [], ""
    prompt = as_prompt(tokenizer, args.prompt)
    _say_what_is_unknown(tokenizer, prompt)
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


def _drawing(args: argparse.Namespace, **more: Any) -> SampleConfig:
    """How tokens are drawn."""
    from gpt_core.generate.sample import SampleConfig

    drawing = {name: getattr(args, name) for name in DRAWING}
    drawing["temperature"] = _or(args.temperature, 0.8)
    drawing["seed"] = _or(args.seed, 1337)
    return SampleConfig(**drawing, **more)


def _model(run: Run, step: int | None) -> GPT:
    """A run's model, of its end or of a step."""
    _check_step(run, step)
    return run.load_model(step)


def _check_step(run: Run, step: int | None) -> None:
    """Raise RunError, with the steps that there are, for one whose weights weren't kept."""
    if step is not None and step not in run.snapshots():
        kept = ", ".join(map(str, run.snapshots())) or "none"
        raise RunError(f"{run.name} kept no weights at step {step}; it kept {kept}.")


def _say_what_is_unknown(tokenizer: Tokenizer, prompt: str) -> None:
    """Name on stderr what of a prompt the tokenizer has no token for."""
    unknown = {token.text: None for token in tokenizer.tokenize(prompt) if not token.known}
    if unknown:
        shown = ", ".join(map(repr, list(unknown)[:5])) + ", …" * (len(unknown) > 5)
        print(f"The model knows no {shown} and reads the unknown there.", file=sys.stderr)


def evaluate(args: argparse.Namespace) -> int:
    """Print how well both splits are predicted."""
    from gpt_core.training.evaluate import bits_per_character, whole_split_loss

    run = Run.open(args.run)
    check_eval(args, run)
    if args.scenes is not None:
        return _evaluate_scenes(run, args)
    tokenizer, model = run.tokenizer(), _model(run, args.step)
    print(f"{'split':<12}{'tokens':>12}{'loss':>10}{'bits/char':>12}{'perplexity':>12}")
    for name, tokens in _splits(run, _or(args.held_out_seed, 1)):
        loss = whole_split_loss(model, tokens)
        characters = len(tokenizer.decode(tokens.tolist()))
        bits = bits_per_character(loss, len(tokens), characters)
        perplexity = torch.tensor(loss).double().exp().item()  # infinite, where math.exp ends
        print(f"{name:<12}{len(tokens):>12,}{loss:>10.4f}{bits:>12.4f}{perplexity:>12.3f}")
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
    """Print the table of gpt_core.evaluation.sitcom_report."""
    from tqdm import tqdm

    from corpus.sitcom import in_one_text
    from gpt_core.evaluation.sitcom_report import compare, learned_text, table, to_dict

    count, config = _at_least_one("scenes", args.scenes), _drawing(args)
    given = None
    if args.sitcom_scenes is not None:
        scenes = _at_least_one("sitcom-scenes", args.sitcom_scenes)
        given = (_or(args.sitcom_seed, 1), scenes)
    recipe = run.sitcom() or given
    for path in filter(None, (args.json, args.out)):
        check_writable(path)  # now, not when all is counted
    _check_step(run, args.step)
    report = compare(
        run,
        learned_text(run, recipe, _bar_of_scenes(recipe[1] if recipe else None)),
        config,
        count,
        _or(args.held_out_seed, 1),
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

    from gpt_core.huggingface import import_run

    check_text(args)
    check_new(args.out.parent, args.out.name)
    corpus = _read_text(args) if args.text else bundled()
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


def export(args: argparse.Namespace) -> int:
    """Write a run's model for transformers."""
    from gpt_core.huggingface import OUR_TOKENIZER, save_gpt2

    run = Run.open(args.run)
    save_gpt2(_model(run, args.step), run.tokenizer(), args.out)
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
    """Run one command and return its exit code; see run_command."""

    def command() -> int:
        args = make_parser().parse_args(arguments)
        return COMMANDS[args.command](args)

    return run_command(command)


if __name__ == "__main__":
    flush_subnormals()
    sys.exit(main())
