"""`tokens`: a text's tokens with their ids and bytes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gpt_core.cli.common import add_encoding, read_text
from gpt_core.cli.options import OptionError, check_text
from gpt_core.tokenizers import BPETokenizer, GPT2Tokenizer, Token, Tokenizer
from gpt_core.tokenizers.base import without_surrogates
from gpt_core.training.run import Run

BYTES_WIDE = 24  # columns for bytes: eight of them; more push the token to the right


def add_tokens(commands: Any) -> None:
    """Its options."""
    parser = commands.add_parser(
        "tokens",
        help="print a text's tokens with ids and bytes",
        description="Print a text's tokens, one a line: its id, its bytes in hexadecimal, and what "
        "it spells. The tokenizer is that of a run, or without --run the published one of GPT-2.",
    )
    parser.add_argument("words", metavar="TEXT", nargs="?", help="the text, in quotation marks")
    parser.add_argument("--text", type=Path, metavar="FILE", help="the text of a file instead")
    add_encoding(parser)
    parser.add_argument("--run", type=Path, metavar="DIR", help="a run, whose tokenizer is used")


def tokens(args: argparse.Namespace) -> int:
    """Print the tokens, then how many there are and how many the tokenizer doesn't know."""
    text = _text(args)
    tokenizer = Run.open(args.run).tokenizer() if args.run else GPT2Tokenizer.published()
    found = tokenizer.tokenize(text)
    print(f"{'id':>7}  {'bytes':<{BYTES_WIDE}} token")
    for token in found:
        shown = repr(token.text) + " (unknown)" * (not token.known)
        print(f"{token.id:7}  {_bytes(token, tokenizer, text).hex(' '):<{BYTES_WIDE}} {shown}")
    print(_summary(text, found))
    return 0


def _text(args: argparse.Namespace) -> str:
    """The text that the options name, with U+FFFD for what is no character."""
    check_text(args)
    if (args.words is None) == (args.text is None):
        raise OptionError("Give either a text in quotation marks or --text FILE.")
    text = args.words if args.text is None else read_text(args).text
    if not text:
        raise OptionError("The text is empty: there are no tokens in it.")
    return without_surrogates(text)


def _bytes(token: Token, tokenizer: Tokenizer, text: str) -> bytes:
    """What a token stands for in UTF-8; an unknown one, what stands there in the text."""
    if isinstance(tokenizer, BPETokenizer | GPT2Tokenizer):
        return tokenizer.token_bytes(token.id)
    return text[token.start : token.end].encode()


def _summary(text: str, found: list[Token]) -> str:
    """How many tokens, characters and bytes, and how many tokens are unknown."""
    counts = {"token": len(found), "character": len(text), "byte": len(text.encode())}
    said = ", ".join(f"{n:,} {what}{'s' * (n != 1)}" for what, n in counts.items())
    said += f": {len(text) / len(found):.2f} characters a token."
    if unknown := sum(not token.known for token in found):
        said += f" {unknown:,} unknown."
    return said
