"""`sample`: text, token by token."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from gpt_core.cli.common import add_drawing, at_least_one, drawing_of, model_of
from gpt_core.cli.options import check_drawing
from gpt_core.tokenizers import Tokenizer, as_prompt
from gpt_core.training.run import Run


def add_sample(commands: Any) -> None:
    """Its options."""
    parser = commands.add_parser(
        "sample",
        help="write text with a trained model",
        description="Write text with a trained model, token by token.",
    )
    parser.add_argument("--run", type=Path, metavar="DIR", required=True, help="the run's folder")
    parser.add_argument("--step", type=int, help="use the weights kept at this step")
    parser.add_argument("--prompt", default="\n", help="text to continue (default: a line break)")
    parser.add_argument("--tokens", type=int, default=500, help="tokens to write (default: 500)")
    add_drawing(parser)
    parser.add_argument(
        "--stop", action="append", default=[], metavar="TEXT", help="end after this text"
    )


def sample(args: argparse.Namespace) -> int:
    """Write text, token by token."""
    from gpt_core.generate.sample import cut_at_stop, generate

    check_drawing(args)
    config = drawing_of(
        args, max_new_tokens=at_least_one("tokens", args.tokens), stop=tuple(args.stop)
    )
    run = Run.open(args.run)
    tokenizer, model = run.tokenizer(), model_of(run, args.step)
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


def _say_what_is_unknown(tokenizer: Tokenizer, prompt: str) -> None:
    """Name on stderr what of a prompt the tokenizer has no token for."""
    unknown = {token.text: None for token in tokenizer.tokenize(prompt) if not token.known}
    if unknown:
        shown = ", ".join(map(repr, list(unknown)[:5])) + ", …" * (len(unknown) > 5)
        print(f"The model knows no {shown} and reads the unknown there.", file=sys.stderr)
