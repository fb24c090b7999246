"""What the Data lesson shows of a text: counts, the bars a model must beat, a batch."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import pandas as pd

import corpus
from ui.services.caches import shared
from ui.show.tokens import short, visible

if TYPE_CHECKING:
    import numpy as np

    from gpt_core.tokenizers import Tokenizer

_ORDERS = ("no character", "1 character", "2 characters")  # before each one


@shared(wait="Counting …")
def statistics_of(text: str) -> corpus.TextStatistics:
    """The counts of a text, made once for all visitors."""
    return corpus.statistics(text)


@shared(wait="Counting …")
def guessing_bars(text: str) -> pd.DataFrame:
    """Entropy of order 0 to 2, on the first nine tenths that are counted and on the unseen rest."""
    cut = int(0.9 * len(text))
    counted = statistics_of(text[:cut]).entropy
    unseen = [corpus.ngram_cross_entropy(text[:cut], text[cut:], n) for n in range(3)]
    return pd.DataFrame(
        {
            "the counter knows": _ORDERS,
            "bits, on the text it counted": [round(h, 3) for h in counted],
            "bits, on unseen text": [round(h, 3) for h in unseen],
        }
    )


@shared(wait="Numbering the characters …")
def token_array(text: str) -> tuple[Tokenizer, np.ndarray]:
    """A character tokenizer of the text, and the text as ids."""
    from gpt_core.tokenizers import train_tokenizer
    from gpt_core.training.data import encode_to_array

    tokenizer = train_tokenizer("char", text)
    return tokenizer, encode_to_array(tokenizer, text)


_STYLE = """<style>
.batch {overflow-x:auto; font-family:monospace}
.batch table {border-collapse:collapse; margin-bottom:.7rem}
.batch th, .batch td {padding:.15rem .35rem; text-align:center; min-width:2.1rem;
   border:1px solid color-mix(in srgb, currentColor 18%, transparent)}
.batch th {font-weight:600; white-space:nowrap}
.batch .x {background:color-mix(in srgb, #4477aa 22%, transparent)}
.batch .y {background:color-mix(in srgb, #aa3377 22%, transparent)}
.batch small {display:block; opacity:.75; font-size:.65em}
</style>"""


def batch_html(x: list[list[int]], y: list[list[int]], tokenizer: Tokenizer) -> str:
    """Each piece as two rows of cells: x over y, one column a position."""
    tables = []
    for number, (inputs, targets) in enumerate(zip(x, y, strict=True), start=1):
        rows = _row(f"x, piece {number}", "x", inputs, tokenizer)
        rows += _row(f"y, piece {number}", "y", targets, tokenizer)
        tables.append(f"<table>{rows}</table>")
    return f'{_STYLE}<div class="batch" tabindex="0">{"".join(tables)}</div>'


def batch_rows(x: list[list[int]], y: list[list[int]], tokenizer: Tokenizer) -> list[list[Any]]:
    """The same for a spreadsheet: a row for each place, tokens and ids in cells of their own."""
    rows: list[list[Any]] = [["piece", "position", "x", "id of x", "y", "id of y"]]
    for number, pair in enumerate(zip(x, y, strict=True), start=1):
        for place, ids in enumerate(zip(*pair, strict=True)):
            tokens = (each for i in ids for each in (visible(tokenizer.token_text(i)), i))
            rows.append([number, place, *tokens])
    return rows


def _row(name: str, css: str, ids: list[int], tokenizer: Tokenizer) -> str:
    cells = "".join(
        f'<td class="{css}">{html.escape(short(tokenizer.token_text(i)))}<small>{i}</small></td>'
        for i in ids
    )
    return f'<tr><th scope="row">{name}</th>{cells}</tr>'
