"""The end of Home: the ladder of parts, the table of parameters, the bridge to larger models."""

from __future__ import annotations

from statistics import mean
from typing import Any

import pandas as pd
import streamlit as st

from gpt_core.model.parameters import PUBLISHED, parameter_table
from pages.home.scale import words
from ui.app.glossary import prose
from ui.app.job_panel import job_panel
from ui.app.links import page_of
from ui.services.study import Study
from ui.show.bars import amount_bars, show_bars
from ui.show.tables import show_table
from ui.show.theme import series_color

SETTINGS = {"seconds": 30, "seeds": 3}


def show_ladder() -> None:
    """Seven models, each with one part more, recorded and to be run again."""
    st.header("What is each part good for?")
    prose(words.LADDER)
    job_panel("ladder", SETTINGS, _draw, label="Climb it", recorded="ladder")


def _draw(value: dict[str, Any], finished: bool) -> None:
    rungs = value["rungs"]
    bits = [mean(rung["bits"]) for rung in rungs]
    bars = amount_bars(
        [rung["name"] for rung in rungs],
        bits,
        series_color(1),
        ".2f",
        title="bits per character",
    )
    show_bars(bars, "ladder_bars", words.BARS)
    rows = []
    for i, rung in enumerate(rungs):
        changed = words.step(rungs[i - 1]["bits"], rung["bits"]) if i else ""
        rows.append(
            {
                "model": rung["name"].replace("+ ", "+\u00a0"),  # Markdown would make a list
                "bits": f"{bits[i]:.2f}",
                "against the one before": changed,
                "parameters": f"{rung['parameters']:,}",
                "it": words.PARTS[rung["name"]],
            }
        )
    show_table(pd.DataFrame(rows).set_index("model"), "ladder_table", "From counting to a GPT")
    if len(rungs) == len(words.PARTS) and (told := words.depth(value)):
        prose(told)
    st.caption(words.measured(value))
    _show_texts(rungs)


@st.fragment
def _show_texts(rungs: list[dict[str, Any]]) -> None:
    # A fifth of all that stands on Home, and closed: only for who opens it.
    box = st.expander("What each of them writes", on_change="rerun")
    if not box.open:
        return
    with box:
        for rung in rungs:
            prose(f"**{rung['name']}**")
            st.code(rung["text"], language=None, wrap_lines=True)
            st.page_link(page_of(words.LESSONS[rung["name"]]))


def show_parameters(study: Study) -> None:
    """Where the model's parameters sit; the totals add up."""
    shares = parameter_table(study.model.config)
    st.header("Where do the parameters sit?")
    prose(words.PARAMETERS)
    rows = [
        {
            "part": share.part,
            "shape": share.shape,
            "each": f"{share.each:,}",
            "layers": str(share.times) if share.times > 1 else "",
            "all": f"{share.total:,}",
        }
        for share in shares
    ]
    show_table(pd.DataFrame(rows).set_index("part"), "parameters_table", "Where the parameters sit")
    prose(f"{words.total(shares)} {words.largest(shares)}")
    if study.model.config.tie_weights:
        st.caption(words.TIED)


def show_bridge(study: Study) -> None:
    """This model beside published ones, and what comes after reading."""
    st.header("From this model to today's")
    prose(words.BRIDGE)
    config, own = study.model.config, study.model.num_parameters()
    table = [_row("this model", "", own, own, config.n_layer, config.n_head, config.n_embd,
                  config.block_size, config.vocab_size, "")]  # fmt: skip
    for other in PUBLISHED:
        read = f"{other.tokens / 1e9:,.0f} billion" if other.tokens else words.NOT_TOLD
        table.append(_row(other.name, str(other.year), other.parameters, own, other.layers,
                          other.heads, other.width, other.context, other.vocabulary, read)
                     )  # fmt: skip
    show_table(
        pd.DataFrame(table).set_index("model"), "bridge_table", "From this model to large ones"
    )
    sources = "; ".join(f"{other.name}: {other.source}" for other in PUBLISHED)
    st.caption(f"{sources}.")
    prose(words.AFTER)


def _row(
    name: str, year: str, count: float, own: float, layers: int, heads: int, width: int,
    context: int, vocabulary: int, read: str,
) -> dict[str, str]:  # fmt: skip
    return {
        "model": name,
        "year": year,
        "parameters": f"{count:,.0f}",
        "times this model": words.times(count, own),
        "layers": str(layers),
        "heads": str(heads),
        "width C": f"{width:,}",
        "context": f"{context:,}",
        "vocabulary V": f"{vocabulary:,}",
        "tokens read": read,
    }
