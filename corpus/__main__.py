"""The command line: python -m corpus scrape | …, each in a module that is imported when asked."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from typing import NoReturn

# Name → a module with SUMMARY, add_arguments(parser) and run(args) -> exit code.
COMMANDS = {
    "scrape": "corpus.scraper.command",
    "sitcom": "corpus.sitcom.command",
}


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see --help.\n")


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = _Parser(prog="python -m corpus", description="Make a text to train on.")
    parser.add_argument("command", choices=list(COMMANDS))
    if not arguments or arguments[0] not in COMMANDS:
        parser.parse_args(arguments[:1])  # ends with help, or with what is wrong
        return 2
    module = import_module(COMMANDS[arguments[0]])
    parser = _Parser(prog=f"python -m corpus {arguments[0]}")
    module.add_arguments(parser)
    return module.run(parser.parse_args(arguments[1:]))


if __name__ == "__main__":
    sys.exit(main())
