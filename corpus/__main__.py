"""The command line: python -m corpus scrape | …, each in a module that is imported when asked."""

from __future__ import annotations

import sys
from importlib import import_module

from corpus.command_line import Parser, run_command

# Name → a module with SUMMARY, add_arguments(parser) and run(args) -> exit code.
COMMANDS = {
    "scrape": "corpus.scraper.command",
    "sitcom": "corpus.sitcom.command",
}
ABOUT = "fetch the transcripts of a show, or write the generated sitcom; each has a --help"


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; see run_command."""
    return run_command(lambda: _run(sys.argv[1:] if arguments is None else arguments))


def _run(arguments: list[str]) -> int:
    parser = Parser(prog="python -m corpus", description="Make a text to train on.")
    parser.add_argument("command", choices=list(COMMANDS), help=ABOUT)
    if not arguments or arguments[0] not in COMMANDS:
        parser.parse_args(arguments[:1])  # ends with help, or with what is wrong
        return 2
    module = import_module(COMMANDS[arguments[0]])
    parser = Parser(prog=f"python -m corpus {arguments[0]}")
    module.add_arguments(parser)
    return module.run(parser.parse_args(arguments[1:]))


if __name__ == "__main__":
    sys.exit(main())
