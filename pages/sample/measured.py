"""What was measured about the bundled model: its scenes against two bounds, its design in a race.

All numbers come from two files that `python -m gpt_core eval` and benchmarks/sitcom_model.py wrote.
"""

from __future__ import annotations

import json
from typing import Any

import streamlit as st

from corpus.datasets import TINY_SHAKESPEARE
from gpt_core.bundled import MEASURED, bundled_run_path
from gpt_core.evaluation.intervals import Estimate
from gpt_core.evaluation.sitcom_report import MODEL, NGRAM, REAL, percent
from gpt_core.training.run import Run
from pages.sample import words
from ui.app import widgets
from ui.app.glossary import prose
from ui.app.links import page_of
from ui.show.bars import amount_bars, show_bars
from ui.show.tables import show_table
from ui.show.theme import series_color

SHARES = {
    "scenes that pass the checker": "passed",
    "words that occur in the training text": "words",
    "scenes that stand word for word in that text": "verbatim",
}
COLUMNS = {MODEL: "bundled model", REAL: "scenes it never saw", NGRAM: "counting five tokens"}
# What the names of the race leave unsaid.
NAMES = {
    "bundled design": "the bundled design",
    "notebook preset": "the notebooks' model",
    NGRAM: COLUMNS[NGRAM],
}


def read(name: str) -> dict[str, Any]:
    """A file of numbers: "scenes" or "race"."""
    return json.loads((MEASURED / f"{name}.json").read_text(encoding="utf-8"))


def show_measured() -> None:
    """The end of the Sample lesson: how good the bundled model is, and what that cost."""
    scenes, race = read("scenes"), read("race")
    run = Run.open(bundled_run_path())
    st.header("How much of its quality comes from the text?")
    prose(words.introduction(scenes, race))
    show_table(scene_table(scenes["columns"]), "sample_scenes", words.SCENES_TITLE)
    with st.expander("How the scenes were made and read", icon=":material/straighten:"):
        st.markdown(words.how_made(scenes) + " " + left_out(scenes["columns"]))
    prose(words.owed(run.model_config, run.train_config))
    with st.expander(
        "Beginnings that no scene has, and how it went on", icon=":material/short_text:"
    ):
        for prompt, (share, continued) in scenes["columns"][MODEL]["prompts"].items():
            real = percent(Estimate(**share))
            st.markdown(words.prompt_words(prompt.strip(), real))
            st.code(prompt + continued.strip(" "), language=None, wrap_lines=True)
    with st.expander("The same minutes, one thing changed", icon=":material/timer:"):
        show_race(race, scenes)
    st.page_link(
        page_of("training"),
        label="Train one of these on a text of yours",
        icon=":material/trending_down:",
    )


def show_race(race: dict[str, Any], scenes: dict[str, Any]) -> None:
    """The bundled design among others, after the same time."""
    rows = race["rows"]
    prose(words.about_race(race, scenes))
    colors = [series_color(0) if row["text"] == "sitcom" else series_color(1) for row in rows]
    bits = [row["bits"]["value"] for row in rows]
    bars = amount_bars([full_name(row) for row in rows], bits, colors, ".3f")
    show_bars(bars, "race", "Bits per character of each model, as bars")
    st.caption(words.raced(race["minutes"], race["threads"]))
    show_table(race_table(rows), "sample_race", words.RACE_TITLE)
    _show_writing([row for row in rows if row["wrote"]])


def scene_table(columns: dict[str, Any]) -> list[dict[str, str]]:
    """A row for each share with its 95% interval, then one of bits per character."""
    rows = {
        name: _shares(columns, field)
        for name, field in SHARES.items()
        if field != "words" or not _the_same(columns, field)
    }
    bits = (columns[key]["bits"] for key in COLUMNS)
    rows[words.BITS_ROW] = [f"{found['value']:.3f}" if found else "–" for found in bits]
    names = COLUMNS.values()
    return [{"": name, **dict(zip(names, cells, strict=True))} for name, cells in rows.items()]


def left_out(columns: dict[str, Any]) -> str:
    """The share that the table leaves out where all three have it."""
    return words.saturated(_shares(columns, "words")) if _the_same(columns, "words") else ""


def _shares(columns: dict[str, Any], field: str) -> list[str]:
    return [percent(Estimate(**columns[key]["measures"][field])) for key in COLUMNS]


def _the_same(columns: dict[str, Any], field: str) -> bool:
    """Whether all three round to the same percentage."""
    return len({round(columns[key]["measures"][field]["value"], 3) for key in COLUMNS}) == 1


def full_name(row: dict[str, Any]) -> str:
    """A racer's name; the bundled design on another text is named by that."""
    name = NAMES.get(row["name"], row["name"])
    return name if row["text"] == "sitcom" else f"the same, on {TINY_SHAKESPEARE.name}"


def race_table(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    """What each model cost, and what it reached."""
    return [
        {
            "model": full_name(row),
            "parameters": _counted(row["parameters"]),
            "steps": _counted(row["steps"]),
            "tokens read": _counted(row["steps"] * row["tokens"]),
            "seconds": f"{row['seconds']:.0f}" if row["seconds"] else "–",
            "bits per character": f"{row['bits']['value']:.4f}",
        }
        for row in rows
    ]


def _counted(number: int) -> str:
    return f"{number:,}" if number else "–"


@st.fragment
def _show_writing(rows: list[dict[str, Any]]) -> None:
    name = widgets.selectbox(
        "Read what each one wrote after its minutes",
        [full_name(row) for row in rows],
        key="race_text",
    )
    wrote = next(row["wrote"] for row in rows if full_name(row) == name)
    st.code(wrote, language=None, wrap_lines=True)
