"""What several commands share: options, and what they mean."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from corpus import Corpus, from_file, report_lines
from gpt_core.cli.options import DRAWING
from gpt_core.model.settings import about
from gpt_core.training.run import Run
from gpt_core.training.run_files import RunError
from gpt_core.training.text_source import MOST_SCENES, SitcomText

if TYPE_CHECKING:
    from gpt_core.generate.sample import SampleConfig
    from gpt_core.model.gpt import GPT

_DRAWN = {"temperature": 0.8, "seed": 1337}  # unless told otherwise


def add_encoding(group: Any) -> None:
    """The option that says what a text is saved in."""
    group.add_argument(
        "--encoding", metavar="NAME", help="what the text is saved in (default: found out)"
    )


def add_sitcom(group: Any, meaning: str) -> None:
    """The options that name a generated sitcom; meaning: what it is for here."""
    group.add_argument("--sitcom-scenes", type=int, metavar="N", help=meaning)
    group.add_argument("--sitcom-seed", type=int, metavar="N", help="the seed of those scenes (1)")


def add_drawing(parser: Any) -> None:
    """How the next token is chosen."""
    from gpt_core.generate.sample import SampleConfig

    words = about(SampleConfig)
    for name in DRAWING:
        default = f" ({_DRAWN[name]})" if name in _DRAWN else ""
        kind = int if name in ("top_k", "seed") else float
        option = "--" + name.replace("_", "-")
        parser.add_argument(option, type=kind, help=words[name] + default)


def drawing_of(args: argparse.Namespace, **more: Any) -> SampleConfig:
    """How tokens are drawn."""
    from gpt_core.generate.sample import SampleConfig

    drawing = {name: getattr(args, name) for name in DRAWING}
    drawing |= {name: given_or(drawing[name], value) for name, value in _DRAWN.items()}
    return SampleConfig(**drawing, **more)


def given_or(value: Any, default: Any) -> Any:
    """What an option says, or what it means to leave it out."""
    return default if value is None else value


def at_least_one(name: str, count: int) -> int:
    """The count of an option --name. Raises RunError unless it is between 1 and MOST_SCENES."""
    if not 1 <= count <= MOST_SCENES:
        raise RunError(f"--{name} is {count}; it must be between 1 and {MOST_SCENES:,}.")
    return count


def sitcom_of(args: argparse.Namespace) -> SitcomText | None:
    """The sitcom that the options name. Raises RunError."""
    if args.sitcom_scenes is None:
        return None
    scenes = at_least_one("sitcom-scenes", args.sitcom_scenes)
    return SitcomText(given_or(args.sitcom_seed, 1), scenes)


def bar_of_scenes(recipe: SitcomText | None) -> Callable[[Iterable[Any]], Iterable[Any]]:
    """A progress bar for scenes being written."""
    from tqdm import tqdm

    count = recipe and recipe.scenes
    return lambda scenes: tqdm(scenes, "scenes", count, leave=False, delay=0.5, unit="")


def read_text(args: argparse.Namespace) -> Corpus:
    """The text of --text; prints what it was read as and what was changed."""
    corpus = from_file(args.text, args.encoding)
    if not getattr(args, "worker", False):
        print(*report_lines(corpus), sep="\n", flush=True)
    return corpus


def model_of(run: Run, step: int | None) -> GPT:
    """A run's model, of its end or of a step."""
    check_step(run, step)
    return run.load_model(step)


def check_step(run: Run, step: int | None) -> None:
    """Raise RunError, with the steps that there are, for one whose weights weren't kept."""
    if step is not None and step not in run.snapshots():
        kept = ", ".join(map(str, run.snapshots())) or "none"
        raise RunError(f"{run.name} kept no weights at step {step}; it kept {kept}.")
