"""The commands in one parser, and the program that runs them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from corpus.command_line import Parser, run_command
from gpt_core.cli.compress import add_compress, compress
from gpt_core.cli.evaluate import add_eval, evaluate
from gpt_core.cli.examples import EXAMPLES
from gpt_core.cli.export import add_export, export
from gpt_core.cli.import_gpt2 import add_import, import_gpt2
from gpt_core.cli.sample import add_sample, sample
from gpt_core.cli.tokens import add_tokens, tokens
from gpt_core.cli.train import add_train, train
from gpt_core.training.train_run import flush_subnormals

COMMANDS = {
    "train": train,
    "sample": sample,
    "eval": evaluate,
    "import": import_gpt2,
    "export": export,
    "compress": compress,
    "tokens": tokens,
}


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = Parser(
        prog=_program(),
        description="Train a GPT from scratch on a text, write with it, and measure it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_train(commands)
    add_sample(commands)
    add_eval(commands)
    add_import(commands)
    add_export(commands)
    add_compress(commands)
    add_tokens(commands)
    return parser


def _program() -> str:
    """How the commands were called: by the installed name, or as a module."""
    installed = Path(sys.argv[0]).stem
    return installed if installed == "gpt-scratch" else "python -m gpt_core"


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; see run_command."""

    def command() -> int:
        args = make_parser().parse_args(arguments)
        return COMMANDS[args.command](args)

    return run_command(command)


def program() -> None:
    """What the installed command and `python -m gpt_core` run; exits with the command's code."""
    flush_subnormals()
    sys.exit(main())
