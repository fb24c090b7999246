"""What was measured about the bundled model: its scenes against two bounds, its design in a race.

All numbers come from two files that `python -m gpt_core eval` and benchmarks/sitcom_model.py wrote.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import streamlit as st

from corpus.sitcom.checker import RULES
from gpt_core.bundled import MEASURED
from gpt_core.evaluation.sitcom_report import MODEL, NGRAM, REAL, percent
from gpt_core.evaluation.sitcom_scenes import Estimate
from ui.app import widgets
from ui.app.links import page_of
from ui.show.bars import count_bars
from ui.show.plotly_json import show
from ui.show.theme import palette

SHARES = {
    "scenes that pass the checker": "passed",
    "words that the text has, too": "words",
    "scenes that stand word for word in the text": "verbatim",
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
    st.header("What the bundled model owes to its text")
    st.markdown(introduction(scenes, race))
    st.markdown("\n".join(scene_table(scenes["columns"])))
    st.caption(how_made(scenes))
    with st.expander(
        "Beginnings that no scene has, and how it went on", icon=":material/short_text:"
    ):
        for prompt, (share, continued) in scenes["columns"][MODEL]["prompts"].items():
            real = percent(Estimate(**share))
            st.markdown(f"`{prompt.strip()}` {real} of the words are words of the text.")
            st.code(prompt + continued.strip(" "), language=None, wrap_lines=True)
    st.subheader("The same minutes, one thing changed")
    st.markdown(about_race(race, scenes))
    rows = race["rows"]
    colors = [palette().output if row["text"] == "sitcom" else palette().value for row in rows]
    figure = count_bars(
        [full_name(row) for row in rows], [row["bits"]["value"] for row in rows], colors, 3
    )
    show(figure, "race", "Bits per character of each model, as bars")
    st.caption(
        f"Bits per character of text that none of them saw; less is better. Recorded: "
        f"{race['minutes']:g} minutes of training steps each, in turns, {cores(race['threads'])}. "
        "Counting needs no training."
    )
    with st.expander("All numbers of the race", icon=":material/table:"):
        st.markdown("\n".join(race_table(rows)))
    _show_writing([row for row in rows if row["wrote"]])
    st.page_link(
        page_of("training"),
        label="Train one of these on a text of yours",
        icon=":material/model_training:",
    )


def introduction(scenes: dict[str, Any], race: dict[str, Any]) -> str:
    """The claim, on the numbers that support it."""
    bundled, notebook = race["rows"][0], race["rows"][1]
    passed = scenes["columns"][MODEL]["measures"]["passed"]["value"]
    count = scenes["settings"]["corpus"]["sitcom"]["scenes"]
    return (
        f"The notebooks' model has {notebook['parameters'] / 1e6:.1f} million parameters and "
        f"writes misspelt nonsense; its author blames the laptop. The bundled one has "
        f"{bundled['parameters'] / 1e6:.1f} million. Its words are words, and its people answer "
        "each other. The difference is the **text**. In this sitcom a scene says who is there and "
        f"what is lost before anybody needs to know it, and there are {count:,} scenes: enough to "
        "learn how such a scene goes, and too many to learn by heart.\n\n"
        f"How far does that go? A checker that knows every plot reads each scene to its last word. "
        f"One wrong number, day or name is enough to fail. **{100 * passed:.0f} of 100** scenes "
        "pass.\n\n"
        "And the laptop? This model was trained for seven minutes on a graphics card, which it "
        "shared with three other runs. Two processor cores would need about nine hours for the "
        "same. In 67 minutes, on two cores and a quarter of the scenes, the same design learned "
        "enough to pass 26 scenes of 40. The race below is short, and on one core."
    )


def scene_table(columns: dict[str, Any]) -> Iterator[str]:
    """Lines of Markdown: each share with its 95% interval, then bits per character."""
    yield "| | " + " | ".join(COLUMNS.values()) + " |"
    yield "| --- |" + " ---: |" * len(COLUMNS)
    for name, field in SHARES.items():
        shares = (columns[key]["measures"][field] for key in COLUMNS)
        yield f"| {name} | " + " | ".join(percent(Estimate(**share)) for share in shares) + " |"
    bits = (columns[key]["bits"] for key in COLUMNS)
    cells = (f"{found['value']:.3f}" if found else "" for found in bits)
    yield "| bits per character of scenes it never saw | " + " | ".join(cells) + " |"


def how_made(scenes: dict[str, Any]) -> str:
    """How the scenes were drawn, and which rules the failed ones broke."""
    settings, measures = scenes["settings"], scenes["columns"][MODEL]["measures"]
    broken = sorted(measures["broken"].items(), key=lambda item: -item[1])
    rules = "; ".join(f"{count} × {RULES[rule]}" for rule, count in broken[:3])
    filters = [
        f"{name.replace('_', '-')} {settings[name]:g}"
        for name in ("top_k", "top_p", "min_p")
        if settings[name]
    ]
    return (
        f"{settings['scenes']} scenes, written with temperature {settings['temperature']:g}"
        f"{''.join(', ' + name for name in filters)}, seed {settings['seed']}; in brackets the 95% "
        "interval. The checker reads a scene as text: it is the strict reader of the Sitcom "
        f"lesson. " + (f"What failed scenes broke most often: {rules}." if rules else "")
    )


def about_race(race: dict[str, Any], scenes: dict[str, Any]) -> str:
    """What to see in the bars."""
    bundled, notebook = race["rows"][0], race["rows"][1]
    times = notebook["parameters"] / bundled["parameters"]
    said = (
        f"Everybody had {race['minutes']:g} minutes of training. The notebooks' model, "
        f"{times:.1f} times as large, got to {notebook['bits']['value']:.2f} bits per character; "
        f"the bundled design to {bundled['bits']['value']:.2f}. "
    )
    harder = [row for row in race["rows"] if row["text"] != "sitcom"]
    if harder:
        said += (
            f"On another text, Tiny Shakespeare, the same design got to "
            f"**{harder[0]['bits']['value']:.2f}** bits: real English says much less about what "
            "comes next. "
        )
    counted, learned = race["rows"][-1]["bits"], scenes["columns"][MODEL]["bits"]
    largest = max(race["rows"][2:], key=lambda row: row["parameters"])
    return said + (
        f"A larger model's steps take longer: the one with "
        f"{largest['parameters'] / 1e6:.1f} million parameters had time for {largest['steps']:,}, "
        f"the bundled design for {bundled['steps']:,}. Counting alone gets to "
        f"{counted['value']:.2f} at once; the bundled model, trained to its end, "
        f"to {learned['value']:.3f}."
    )


def cores(count: int) -> str:
    """ "on 2 processor cores"."""
    return f"on {count} processor core{'s' if count > 1 else ''}"


def full_name(row: dict[str, Any]) -> str:
    """A racer's name; the bundled design on another text is named by that."""
    name = NAMES.get(row["name"], row["name"])
    return name if row["text"] == "sitcom" else f"the same, on {row['text']}"


def race_table(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Lines of Markdown: what each model cost, and what it reached."""
    yield "| model | parameters | steps | tokens read | seconds | bits per character |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for row in rows:
        numbers = (row["parameters"], row["steps"], row["steps"] * row["tokens"])
        cells = [f"{number:,}" if number else "" for number in numbers]
        cells += [f"{row['seconds']:.0f}" if row["seconds"] else "", f"{row['bits']['value']:.4f}"]
        yield f"| {full_name(row)} | " + " | ".join(cells) + " |"


@st.fragment
def _show_writing(rows: list[dict[str, Any]]) -> None:
    name = widgets.selectbox(
        "Read what each one wrote after its minutes",
        [full_name(row) for row in rows],
        key="race_text",
    )
    wrote = next(row["wrote"] for row in rows if full_name(row) == name)
    st.code(wrote, language=None, wrap_lines=True)
