"""This visitor's runs side by side: a table, and their validation curves on one plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from pages.training import words
from pages.training.panel import bits_per_character, title
from pages.training.recorded import recorded_view
from ui.app import address, widgets
from ui.app.visitor import visitor_id
from ui.app.watch import watch
from ui.services.runs import RunView
from ui.services.training import training_service
from ui.show.curves import Line, curves, show
from ui.show.duration import duration
from ui.show.names import plain
from ui.show.tables import show_frame

_AXES = ("steps", "seconds", "tokens")
_MOST_LINKED = 20
_TICK = 3.0  # seconds between two looks at runs that train
_WAITING = 10.0  # and at some that wait


def compare_runs() -> None:
    """Draw the table and the plot; they redraw themselves while a run is active."""
    st.header("Runs compared")
    views = _views()
    left, right = st.columns([2, 1])
    with left:
        _choose_runs(views)
    widgets.segmented_control("Over", _AXES, "steps", key="over", container=right)
    watch(_views, _comparison, _seconds)
    st.caption(words.COMPARED)


def _seconds(views: list[RunView]) -> float | None:
    """Between two looks. A run that waits for its turn has nothing new until it begins."""
    states = {view.state for view in views}
    return _TICK if "running" in states else _WAITING if "queued" in states else None


def _choose_runs(views: list[RunView]) -> None:
    names = {view.run_id: title(view) for view in views}
    widgets.of_address("compare")
    if "compare" not in st.session_state:
        st.session_state["compare"] = [key for key in _linked() if key in names] or alike(views)
    else:  # a run may have been deleted
        kept = [key for key in st.session_state["compare"] if key in names]
        st.session_state["compare"] = kept
    chosen = st.multiselect(
        "Runs to compare", list(names), format_func=names.__getitem__, key="compare"
    )
    address.write({"compare": ",".join(chosen)})


def alike(views: Sequence[RunView], most: int = 3) -> list[str]:
    """The newest run and those of a like length, none ten times as long or as short as it.

    Beside a run of 20,000 steps one of 50 is a point at the left edge.
    """
    newest = views[0].setup.steps
    like = [view for view in views if newest / 10 <= view.setup.steps <= 10 * newest]
    return [view.run_id for view in like[:most]]


def _linked() -> list[str]:
    """The runs that the address names; strangers write addresses, so no more than a few."""
    return list(dict.fromkeys(address.text_of("compare").split(",", _MOST_LINKED)))[:_MOST_LINKED]


def _views() -> list[RunView]:
    """The visitor's runs, those that the URL names, and the recorded one."""
    service = training_service()
    views = service.runs(visitor_id())
    own = {view.run_id for view in views}
    linked = _linked()
    if run_id := st.session_state.get("run"):
        linked.append(run_id)
    found = (service.find(key) for key in dict.fromkeys(linked) if key not in own)
    views += [view for view in found if view]
    return [*views, recorded_view()]


def _comparison(views: list[RunView]) -> None:
    chosen = st.session_state["compare"]
    axis = st.session_state["over"]
    lines = [
        Line(title(view), *_curve(view, axis), color=number, markers=True)
        for number, view in enumerate(v for v in views if v.run_id in chosen)
    ]
    figure = curves(
        lines, x_title=axis, y_title="validation loss (bits per character)", from_zero=True
    )
    show(figure, "comparison_figure", words.comparison_alt(axis))
    show_frame([_row(view) for view in views], "runs_table", "The runs")


def _curve(view: RunView, axis: str) -> tuple[np.ndarray, np.ndarray]:
    points = view.curves.evaluations
    x = np.array([point.elapsed if axis == "seconds" else point.step for point in points])
    if axis == "tokens":
        x = x * view.setup.tokens_per_step
    return x, np.array([bits_per_character(point.val_loss, view) for point in points])


def _row(view: RunView) -> dict[str, Any]:
    points = view.curves.evaluations
    best = min((bits_per_character(p.val_loss, view) for p in points), default=None)
    last = bits_per_character(points[-1].val_loss, view) if points else None
    elapsed = view.curves.elapsed
    unfinished = "" if view.state == "finished" else f" of {view.setup.steps:,}, {view.state}"
    return {
        "run": title(view),
        "bits per character": last and round(last, 3),
        "best": best and round(best, 3),
        "steps": f"{view.step:,}{unfinished}",
        "time": duration(elapsed[-1]) if elapsed else "–",
        "text": plain(view.setup.corpus_name),
        "model": view.setup.design,
        "parameters": f"{view.setup.parameters:,}",
    }
