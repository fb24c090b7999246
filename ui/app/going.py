"""“Your run is still going”: one line in the sidebar, also after a reload or a lost connection."""

from __future__ import annotations

import streamlit as st

from ui.app.course import lesson_here
from ui.app.links import page_of
from ui.app.visitor import visitor_id
from ui.services.training import training_service


def still_going() -> None:
    """A link to the visitor's run that trains or waits; nothing where it is shown anyway."""
    found = training_service().going(visitor_id())
    if found is None or lesson_here().name == "training":
        return
    run_id, place = found
    with st.sidebar:
        st.page_link(
            page_of("training"),
            label=said(place),
            icon=":material/trending_down:",
            query_params={"run": run_id},
        )


def said(place: int) -> str:
    """place: in the queue; 0 while the run trains."""
    if place == 0:
        return "Your run is still going: look"
    ahead = "next" if place == 1 else f"number {place} in the queue"
    return f"Your run is {ahead}: look"
