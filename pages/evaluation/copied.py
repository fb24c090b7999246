"""Did it copy? Samples with the stretches marked that stand word for word in the training text."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import streamlit as st

from gpt_core.evaluation.copying import SEED
from gpt_core.evaluation.held_out import Piece
from gpt_core.evaluation.training_text import training_text
from gpt_core.jobs.copying import MOST_SEED, TEMPERATURES, beginnings, copied_from
from gpt_core.tokenizers.base import REPLACEMENT
from gpt_core.training.run_files import RunError
from pages.evaluation import words
from pages.evaluation.figures import copied_bars
from ui.app import widgets
from ui.app.glossary import prose
from ui.app.job_panel import job_panel, known_result, recorded_result
from ui.app.lesson import ask, case_of
from ui.components.chart import show
from ui.services.caches import shared
from ui.services.models import BUNDLED, LoadedModel, own_copy
from ui.services.study import Study
from ui.show.names import show_error
from ui.show.tables import show_markup, show_table
from ui.show.theme import series_color
from ui.show.tokens import short

RECORDED = "copying_bundled"
AT_ONCE = 3_000_000  # characters of training text that nobody waits for
_SHOWN, _LONGEST = 5, 60
_STYLE = """<style>
.copied {white-space:pre-wrap; overflow-wrap:anywhere; font-family:monospace; font-size:1rem;
  line-height:1.5; max-height:19rem; overflow-y:auto; padding:.6rem .8rem; border-radius:.5rem;
  border:1px solid color-mix(in srgb, currentColor 22%, transparent)}
.copied .given {opacity:.65}
.copied mark {color:inherit; border-radius:3px; border-bottom:2px solid var(--hue);
  background:color-mix(in srgb, var(--hue) 24%, transparent)}
.copied hr {margin:.6rem 0; border:0; border-top:1px dashed currentColor; opacity:.35}
</style>"""


@st.fragment
def show_copied(study: Study) -> None:
    """The question, the settings, and the samples."""
    left, right = st.columns(2, vertical_alignment="bottom")
    temperature = widgets.segmented_control(
        "Temperature", TEMPERATURES, 0.8, key="eval_copy_tau", container=left
    )
    seed = widgets.number_input("Seed", 1, MOST_SEED, 1, key="eval_copy_seed", container=right)
    settings = {"temperature": temperature, "seed": int(seed)}
    if study.loaded.run.corpus["characters"] <= AT_ONCE or study.loaded.run.recipe() is None:
        try:
            draw(found_at_once(study.loaded, temperature, int(seed)), True)
        except RunError as error:
            show_error(error)
        return
    known = study.run_key == BUNDLED and recorded_result(RECORDED)["settings"] == settings
    recorded = RECORDED if known else None
    if known_result("copying", settings, study, recorded) is None:
        prose(words.copy_waits(study.loaded.run.corpus["characters"]))
    job_panel("copying", settings, draw, label="Look it up", study=study, recorded=recorded)


@shared(wait="Looking the samples up in the training text …")
def found_at_once(loaded: LoadedModel, temperature: float, seed: int) -> dict[str, Any]:
    """What the job finds, for a text that takes a moment."""
    text, pieces = learned_text(loaded)
    settings = {"temperature": temperature, "seed": seed}
    return copied_from(text, pieces, own_copy(loaded), loaded.tokenizer, settings)


@shared(wait="The training text is fetched …")
def learned_text(loaded: LoadedModel) -> tuple[bytes, list[Piece]]:
    """What the model learned from, and the beginnings that it goes on from: once for a model."""
    return b"".join(training_text(loaded.run).pieces), beginnings(loaded.run)


def draw(value: dict[str, Any], finished: bool) -> None:
    """What is known so far, or in the end."""
    value = long_enough(value)
    lengths = value["lengths"]
    if not finished:
        st.caption(words.copy_so_far(value["read"], value["bytes"]))
    case = case_of(*(sample["text"] for sample in value["samples"]))
    if not ask(
        f"eval_copy_{case}",
        words.copy_question(value),
        list(words.COPIED),
        lambda guess: words.copy_judged(guess, value, finished),
    ):
        return
    least = widgets.select_slider(
        "Mark stretches of at least so many tokens",
        lengths,
        words.copy_length(value),
        key="eval_copy_least",
    )
    rows = longest_rows(value["samples"])
    show_markup(
        marked(value["samples"], least),
        "eval_marked",
        "Stretches that stand in the training text, marked",
        lambda: marked_rows(value["samples"], least),
    )
    if rows:
        show_table(rows, "eval_longest", "The longest of them")
    figure = copied_bars(lengths, *(words.means(value, who) for who in ("written", "real")))
    show(figure, "eval_copied", words.COPY_ALT)
    unknown = any(REPLACEMENT in sample["text"] for sample in value["samples"])
    st.caption(words.shortest_match(SEED, unknown))
    if finished:
        prose(words.copy_finding(value))


def long_enough(value: dict[str, Any]) -> dict[str, Any]:
    """The same, without lengths in tokens that are shorter than the shortest match looked for."""
    spans = [end - start for sample in value["samples"] for start, end in sample["tokens"]]
    each = sum(spans) / max(1, len(spans))
    kept = [i for i, n in enumerate(value["lengths"]) if n * each >= SEED]
    kept = kept or [len(value["lengths"]) - 1]
    shares = {
        who: [[row[i] for i in kept] for row in rows] for who, rows in value["shares"].items()
    }
    return value | {"lengths": [value["lengths"][i] for i in kept], "shares": shares}


def marked(samples: Sequence[dict[str, Any]], least: int) -> str:
    """HTML of the samples, what was given before them faint, stretches of `least` tokens marked."""
    parts = []
    for sample in samples:
        spans = [(s["start"], s["end"]) for s in sample["stretches"] if s["tokens"] >= least]
        body, at = "", 0
        for start, end in _joined(spans):
            body += _text(sample["text"][at:start])
            body += f"<mark>{_text(sample['text'][start:end])}</mark>"
            at = end
        body += _text(sample["text"][at:])
        given = _text(sample["beginning"].lstrip())
        parts.append(f'<span class="given">{given}</span>{body}')
    return (
        f'{_STYLE}<div class="copied" tabindex="0" style="--hue:{series_color(0)}">'
        f"{'<hr>'.join(parts)}</div>"
    )


def marked_rows(samples: Sequence[dict[str, Any]], least: int) -> list[tuple[Any, ...]]:
    """The stretches that are marked, sample by sample, under a row of names."""
    found = [
        (number, stretch["tokens"], sample["text"][stretch["start"] : stretch["end"]])
        for number, sample in enumerate(samples, start=1)
        for stretch in sample["stretches"]
        if stretch["tokens"] >= least
    ]
    return [("sample", "tokens", "stretch"), *found]


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same places, where two overlap as one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def _text(text: str) -> str:
    return html.escape(text)


def longest_rows(samples: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """The longest stretches, with the place that they come from."""
    found = [(s, sample["text"]) for sample in samples for s in sample["stretches"]]
    found.sort(key=lambda pair: -pair[0]["tokens"])
    return [
        {
            "tokens": f"{stretch['tokens']}",
            "stretch": short(text[stretch["start"] : stretch["end"]], _LONGEST),
            "stands at": f"{100 * stretch['place']:.2f}%",
            "before it there": short(stretch["before"][-_LONGEST:], _LONGEST),
            "after it there": short(stretch["after"], _LONGEST),
        }
        for stretch, text in found[:_SHOWN]
    ]
