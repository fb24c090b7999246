"""Two studies through the lens, beside each other."""

from __future__ import annotations

import streamlit as st

from gpt_core.interpret.logit_lens import Lens
from pages.patching import words
from pages.patching.results import lens_of, stream_of
from ui.app.compare import in_two, next_token_differs
from ui.components.stream_grids import Place, chosen_column, lens_grid
from ui.services.study import Study

POSITION = "stream_token"  # the slider


def shared_cells(a: Lens, b: Lens) -> tuple[int, int]:
    """How many rows and columns of two lenses are compared, counted from the end.

    Of models with other numbers of layers only the last rows are: the answers.
    """
    rows, columns = (min(a.top.shape[at], b.top.shape[at]) for at in (0, 1))
    return (rows if a.top.shape[0] == b.top.shape[0] else 1), columns


def differing(a: tuple[Study, Lens], b: tuple[Study, Lens]) -> set[Place]:
    """Cells (row, column) of A whose likeliest token isn't that of the cell of B in its place.

    Places are counted from the end, where the answer is.
    """
    rows, columns = shared_cells(a[1], b[1])
    texts = [
        [
            [study.tokenizer.token_text(i) for i in row[-columns:]]
            for row in lens.top[-rows:, :, 0].tolist()
        ]
        for study, lens in (a, b)
    ]
    start = a[1].top.shape[0] - rows, a[1].top.shape[1] - columns
    return {
        (start[0] + row, start[1] + column)
        for row in range(rows)
        for column in range(columns)
        if texts[0][row][column] != texts[1][row][column]
    }


def compare_lenses(study: Study, other: Study, position: int, key: str) -> None:
    """Draw both, with what differs marked. position: of A; B's is as far from the end.

    key: what A's picture is called.
    """
    sides = [(each, lens_of(each, False)) for each in (study, other)]
    marked = [differing(*sides), differing(*reversed(sides))]
    ends = [stream_of(each).logits[-1].softmax(dim=-1) for each in (study, other)]
    rows, columns = shared_cells(*(lens for _, lens in sides))
    differs = next_token_differs(study, *ends), words.cells_differ(len(marked[0]), rows * columns)

    def draw(each: Study, side: str) -> None:
        at = int(bool(side))
        shift = len(study.ids) - len(sides[at][0].ids)

        def choose_column() -> None:
            column = chosen_column(key + side, len(sides[at][0].ids))
            if column is not None:
                st.session_state[POSITION] = max(0, column + shift)

        each, lens = sides[at]
        name = f"{each.fingerprint} {each.ids} {sorted(marked[at])}"
        lens_grid(
            lens,
            each.tokens,
            each.tokenizer,
            max(0, position - shift),
            key + side,
            name,
            choose_column,
            marked[at],
        )

    in_two(study, draw, "lenses", differs)
