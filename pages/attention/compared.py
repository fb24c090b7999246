"""The attention of two studies, beside each other."""

from __future__ import annotations

from torch import Tensor

from gpt_core.interpret.attention import Head
from pages.attention import words
from pages.attention.picture import looked_at, show_picture
from ui.app.compare import Other, in_two, next_token_differs
from ui.components.attention_map import Beside, Selection
from ui.services.study import Study
from ui.services.traces import attention_of

Cell = tuple[int, int]


def largest_changes(a: Tensor, b: Tensor) -> dict[Head, tuple[float, Cell]]:
    """By head: by how much the cell differs that differs most, and which it is.

    a, b: patterns (L, H, T, T). Nothing where they have other shapes.
    """
    if a.shape != b.shape:
        return {}
    L, H, T, _ = a.shape
    most, places = (a - b).abs().reshape(L, H, T * T).max(dim=-1)
    return {
        (i, j): (most[i, j].item(), divmod(int(places[i, j]), T))
        for i in range(L)
        for j in range(H)
    }


def compare_maps(study: Study, chosen: Selection, other: Other) -> None:
    """Draw both; in each head the cell is marked that differs most, with the difference."""
    b, in_b = looked_at(other.plain)
    in_b = Selection(in_b.head, other.off, in_b.cell)
    sides = [(study, chosen), (b, in_b)]
    traces = [attention_of(each, selection.off).trace for each, selection in sides]
    changes = largest_changes(*(trace.pattern for trace in traces))
    shares = [trace.logits[-1].softmax(dim=-1) for trace in traces]
    differs = next_token_differs(study, *shares), _largest(study, traces[0].pattern, changes)
    marks = {head: cell for head, (size, cell) in changes.items() if size >= words.SEEN}
    badges = {head: f"±{changes[head][0]:.2f}" for head in marks}

    def draw(_: Study, side: str) -> None:
        each, selection = sides[bool(side)]
        show_picture(each, selection, side, Beside(bool(side), marks, badges))

    in_two(study, draw, "maps", differs)


def _largest(study: Study, pattern: Tensor, changes: dict[Head, tuple[float, Cell]]) -> str:
    if not changes:
        return words.NOT_CELL_BY_CELL
    head, (size, (row, column)) = max(changes.items(), key=lambda item: item[1][0])
    asks, asked = (study.tokens[place].text for place in (row, column))
    return words.changes_most(head, asks, asked, pattern[(*head, row, column)].item(), size)
