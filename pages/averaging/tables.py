"""The averaging lesson's tables: each step's matrices, the comparison, one token's query."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

import pyarrow as pa

from gpt_core.experiments.averaging import Averaged, Difference, HeadView
from pages.averaging import number_table as numbers
from pages.averaging import words
from ui.show.numbers import number, tidy
from ui.show.tables import show_table
from ui.show.theme import palette, series_color
from ui.show.tokens import TokenLike

Rows = Sequence[Sequence[float]]


def show_step(step: Averaged, name: str, x: Rows, tokens: Sequence[TokenLike], row: int) -> None:
    """How the weights were made, and weights × x = averages, all on their numbers."""
    labels = [numbers.label(token) for token in tokens]
    rows = [f"{i} {label}" for i, label in enumerate(labels)]
    *before, weights = (
        numbers.table(
            words.STAGES[name, stage],
            matrix.tolist(),
            rows,
            labels,
            _paint(stage, matrix.tolist()),
            chosen=row,
            masked=stage in ("masked", "weights"),
        )
        for stage, matrix in step.stages.items()
    )
    if before:
        stages = (part for figure in before for part in (figure, numbers.sign("→")))
        numbers.show(*stages, key=f"avg_before_{name}", title=words.BEFORE_WEIGHTS)
    largest = max(abs(value) for vector in x for value in vector)
    paint = numbers.signed_paint(series_color(1), largest)
    channels = [f"ch {channel}" for channel in range(len(x[0]))]
    averages = numbers.signed_paint(palette().output, largest)
    numbers.show(
        weights,
        numbers.sign("×"),
        numbers.table("x: embeddings", x, rows, channels, paint),
        numbers.sign("="),
        numbers.table("averages", step.output.tolist(), rows, channels, averages, chosen=row),
        key=f"avg_step_{name}",
        title=words.WEIGHTS_TIMES_X,
        room=numbers.room_of((rows, labels), (rows, channels), (rows, channels)),
    )


def _paint(stage: str, matrix: Rows) -> numbers.Paint:
    if stage == "weights":
        return numbers.weight_paint()
    largest = max((abs(v) for row in matrix for v in row if math.isfinite(v)), default=0.0)
    return numbers.signed_paint(series_color(1), largest)


def show_checks(checks: Sequence[tuple[str, Difference]]) -> None:
    """What was compared, the largest difference, and what allclose says."""
    table = [
        {
            "compared": name,
            "largest difference": tidy(difference.largest, 0),
            "torch.allclose": str(difference.close),
        }
        for name, difference in checks
    ]
    show_table(pa.Table.from_pylist(table), "avg_checks", "What was compared")


def show_question(view: HeadView, tokens: Sequence[TokenLike], row: int, causal: bool) -> None:
    """One query and all the keys: its q, their k, the scores, the weights, their v, its output.

    A strip's bars are the D numbers of a vector; all q and k share one scale, all v and z another.
    """
    colors = palette()
    size = max(view.q.abs().max().item(), view.k.abs().max().item())
    brought = max(view.v.abs().max().item(), view.z.abs().max().item())
    paint = numbers.weight_paint()
    asks = numbers.strip(view.q[row].tolist(), colors.query, size)
    answer = numbers.strip(view.z[row].tolist(), colors.output, brought)
    lines = [_line(f"q of {row}", f'<td class="wide">{asks}</td>' + "<td></td>" * 3)]
    for j, token in enumerate(tokens):
        key = numbers.strip(view.k[j].tolist(), colors.key, size)
        value = numbers.strip(view.v[j].tolist(), colors.value, brought)
        if causal and j > row:
            shares = '<td class="masked">−∞</td><td class="masked" aria-label="masked"></td>'
        else:
            background, ink = paint(view.weights[row, j].item())
            shares = f"<td>{number(view.scores[row, j].item())}</td>"
            shares += f'<td style="background:{background};color:{ink}">'
            shares += f"{number(view.weights[row, j].item())}</td>"
        cells = f'<td class="wide">{key}</td>{shares}<td class="wide">{value}</td>'
        lines.append(_line(f"{j} {numbers.label(token)}", cells))
    cells = "<td></td>" * 3 + f'<td class="wide">{answer}</td>'
    lines.append(_line(f"output {row}", cells))
    numbers.show(_question_table(lines), key="avg_question", title=words.ONE_QUESTION)


def _question_table(lines: Sequence[str]) -> str:
    colors = palette()
    heads = (
        "token",
        f'<b style="color:{colors.query}">q</b> · <b style="color:{colors.key}">k</b>',
        "q·k ÷ √D",
        "weight",
        f'<b style="color:{colors.value}">v</b> → <b style="color:{colors.output}">output</b>',
    )
    head = "".join(f"<th scope='col'>{text}</th>" for text in heads)
    body = f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody>"
    return f'<figure class="broad"><table>{body}</table></figure>'


def _line(name: str, cells: str) -> str:
    return f"<tr><th scope='row'><bdi>{html.escape(name)}</bdi></th>{cells}</tr>"
