"""The Embeddings lesson's second table: which rows the runs of the prompt's tokens look up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
import torch

from gpt_core.evaluation.paired import Difference, paired
from gpt_core.model.config import GPTConfig
from gpt_core.model.ngrams import places_of
from pages.embeddings import words
from ui.app import widgets
from ui.app.glossary import prose
from ui.app.lesson import Answer, ask, case_of
from ui.components.chart import show
from ui.services.caches import shared
from ui.services.study import Study
from ui.show.plotly_json import Figure, named_rows, plain_label, whole_figure
from ui.show.theme import palette, series_color, softened

LONGEST, ROWS = 5, 16_384  # of a model that has no such table: what the measured one has
ASKED = 3  # tokens of a run in the question
SIZES = tuple(2**n for n in range(4, 15))
COLUMNS = 10  # of the picture: tokens
# Loss after a minute of steps, in nats per character, a seed each, and how many steps fitted:
# python -m benchmarks.training --text tinyshakespeare.txt --seconds 60 (docs/measurements.md).
MINUTE_PLAIN, MINUTE_RUNS = (1.625, 1.615, 1.607), (1.549, 1.543, 1.539)
MINUTE_STEPS = (949, 850)
TOLD = 3  # shared rows that are spelled out


@dataclass(frozen=True)
class Run:
    """The last `length` tokens at a place of the prompt, and its row among those of its length.

    ids: one of them for each token; -1 where there is none before the first.
    """

    place: int
    length: int
    ids: tuple[int, ...]
    row: int


@shared()
def runs_of(ids: tuple[int, ...], longest: int, rows: int) -> list[Run]:
    """Every run of 2 to `longest` tokens, place by place."""
    found, padded = places_of(torch.tensor([ids]), longest, rows)[0].tolist(), (-1,) * longest + ids
    return [
        Run(place, length, padded[longest + place - length + 1 : longest + place + 1], row)
        for place, own in enumerate(found)
        for length, row in enumerate(own, start=2)
    ]


def shared_rows(runs: Sequence[Run]) -> dict[tuple[int, int], list[tuple[int, ...]]]:
    """The different runs of each (length, row) that more than one has, longest lists first."""
    by_row: dict[tuple[int, int], dict[tuple[int, ...], None]] = {}
    for run in runs:
        by_row.setdefault((run.length, run.row), {})[run.ids] = None
    several = {where: list(ids) for where, ids in by_row.items() if len(ids) > 1}
    return dict(sorted(several.items(), key=lambda item: -len(item[1])))


def even_chance(count: int) -> int:
    """The rows (a power of two) at which so many runs share one about every second time.

    Of n things in m places two fall together with a probability of about 1 − e^(−n² / 2m): the
    birthday problem, Feller 1968, section II.3.
    """
    return int(2 ** round(math.log2(max(4.0, count**2 / (2 * math.log(2))))))


def run_text(study: Study, ids: Sequence[int]) -> str:
    """A run as it reads; nothing stands for what isn't there."""
    return "".join(study.tokenizer.token_text(i) for i in ids if i >= 0)


def runs_view(study: Study) -> None:
    """Predict whether two runs share a row, then see all rows in tables of any size."""
    asked = [run for run in runs_of(study.ids, ASKED, 1) if run.length == ASKED]
    count = len({run.ids for run in asked})
    rows = even_chance(count)
    meet = {k: v for k, v in shared_rows(runs_of(study.ids, ASKED, rows)).items() if k[0] == ASKED}

    def judge(guess: str) -> Answer:
        pairs = [[run_text(study, ids) for ids in each] for each in meet.values()]
        return words.judged_runs(guess, count, rows, pairs)

    case = case_of("runs", study.ids)
    question = words.runs_question(count, ASKED, rows)
    if count > 1 and not ask(f"runs_{case}", question, words.YES_NO, judge):
        return
    look_up(study, rows)


def look_up(study: Study, start: int) -> None:
    """The rows of all runs, for as many rows as the reader chooses."""
    config = study.model.config
    longest = config.ngrams or LONGEST
    own = (config.ngram_rows,) if config.ngrams else ()
    sizes = sorted({*SIZES, *own})
    chosen = own[0] if own else min(SIZES, key=lambda size: abs(size - start))
    rows = widgets.select_slider(
        "Rows for each length", sizes, chosen, key="run_rows_shown", format_func="{:,}".format
    )
    runs = runs_of(study.ids, longest, rows)
    meet = shared_rows(runs)
    show(rows_map(study, runs, meet, longest), "runs_of_tokens", words.RUNS_ALT)
    told = [
        (length, row, [run_text(study, ids) for ids in each])
        for (length, row), each in list(meet.items())[:TOLD]
    ]
    different = len({run.ids for run in runs})
    prose(words.collisions(different, rows, told, len(meet)))
    if config.ngrams and rows == config.ngram_rows:
        st.markdown(words.added(*lengths(study)))


def lengths(study: Study) -> tuple[float, list[float]]:
    """At the last token: the length of its own vector, and of each run's, shortest run first."""
    model = study.model
    assert model.ngrams is not None
    found = model.ngrams.rows_of(torch.tensor([study.ids]))[0, -1]
    with torch.no_grad():
        each = model.ngrams.table.weight[found].norm(dim=-1)
        return float(model.wte.weight[study.ids[-1]].norm()), each.tolist()


def rows_map(
    study: Study,
    runs: Sequence[Run],
    meet: dict[tuple[int, int], list[tuple[int, ...]]],
    longest: int,
) -> Figure:
    """A cell for each run: its row; coloured where another run has the same one."""
    shown = range(max(0, len(study.ids) - COLUMNS), len(study.ids))
    cells = {(run.place, run.length): run for run in runs}
    grid = [[cells[place, length] for place in shown] for length in range(2, longest + 1)]
    trace = {
        "type": "heatmap",
        "z": [[int((run.length, run.row) in meet) for run in line] for line in grid],
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, palette().background], [1, softened(series_color(1))]],
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "text": [[f"{run.row}" for run in line] for line in grid],
        "texttemplate": "%{text}",
        "textfont": {"color": palette().text, "size": 14},
        "customdata": [[plain_label(run_text(study, run.ids)) for run in line] for line in grid],
        "hovertemplate": "%{customdata}: row %{text}<extra></extra>",
    }
    tokens = [plain_label(study.tokens[place].text) for place in shown]
    axis = {"tickvals": list(range(len(tokens))), "ticktext": tokens, "showgrid": False}
    names = [words.of_length(length) for length in range(2, longest + 1)]
    axes = {"xaxis": axis | {"side": "top"}, "yaxis": named_rows(names)}
    return whole_figure([trace], 60 + 44 * len(names), axes)


def cost(config: GPTConfig) -> str:
    """What such a table takes; of a model without one, what the measured one would."""
    longest, rows = (config.ngrams, config.ngram_rows) if config.ngrams else (LONGEST, ROWS)
    return words.runs_cost(config, longest, rows)


def in_a_minute() -> tuple[list[float], list[float], tuple[int, int], Difference]:
    """What a minute of steps came to without and with runs, in bits, and the difference."""
    plain, runs = ([nats / math.log(2) for nats in each] for each in (MINUTE_PLAIN, MINUTE_RUNS))
    return plain, runs, MINUTE_STEPS, paired(plain, runs)
