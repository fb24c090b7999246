"""Settings that are known to be bad, each beside a good one, with what the run itself shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.tuning import figures, words
from ui.app import widgets
from ui.app.glossary import prose
from ui.app.job_panel import job_panel, recorded_result
from ui.components.chart import show


@st.fragment
def show_known() -> None:
    """Buttons; then both runs and the reason."""
    from gpt_core.bundled.record import names

    recorded = names()
    cases = [case for case in words.CASES if {f"known_{case}", _good(case)} <= {*recorded}]
    case = widgets.segmented_control(
        "Setting", cases, cases[0], key="tuning_case", format_func=lambda each: words.CASES[each]
    )
    good = recorded_result(_good(case))

    def draw(value: Mapping[str, Any], finished: bool) -> None:
        looks = {
            words.GOOD[_good(case).removeprefix("known_")]: good["value"]["looks"],
            words.CASES[case]: value["looks"],
        }
        chart = figures.run_curves(looks, value["counting"], words.COUNTING)
        show(chart, "tuning_known", words.KNOWN_ALT)
        if finished:
            prose(words.reason(case, value, good["value"]))

    label, name = "Run it", f"known_{case}"
    job_panel("known_setting", {"case": case}, draw, label=label, recorded=name)


def _good(case: str) -> str:
    from gpt_core.jobs.known_setting import BESIDE

    return f"known_{BESIDE.get(case, 'good')}"
