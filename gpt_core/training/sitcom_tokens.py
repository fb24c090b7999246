"""What the generated sitcom asks of training, as tokens: where scenes begin, what is rare."""

from __future__ import annotations

from corpus.sitcom import SEPARATOR
from corpus.sitcom.show import the_show
from gpt_core.tokenizers import Tokenizer

SMALL_POOLS = ("day", "number", "price", "town", "animal", "job")


def separator_ids(tokenizer: Tokenizer) -> list[int]:
    """The separator's tokens as they stand before a heading (BPE may cut "\\n\\n\\n" otherwise)."""
    heading = "INT. "
    return tokenizer.encode(SEPARATOR + heading)[: -len(tokenizer.encode(heading))]


def filler_ids(tokenizer: Tokenizer) -> list[int]:
    """The tokens that the sitcom's days, numbers, prices, towns, animals and jobs begin with.

    Of byte pairs, whose tokens hold the space before a word; none where the space is a token.
    """
    pools = the_show().pools
    firsts = {tokenizer.encode(f" {filler}")[0] for name in SMALL_POOLS for filler in pools[name]}
    return sorted(i for i in firsts if tokenizer.decode([i]) != " ")
