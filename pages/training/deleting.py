"""The question before a run is deleted: what goes, what can be kept, and that it is for good."""

from __future__ import annotations

import streamlit as st

from pages.training import words
from ui.app.visitor import visitor_id
from ui.services.runs import TrainingError
from ui.services.training import training_service
from ui.show.names import sentence


@st.dialog("Delete this run?", icon=":material/delete:")
def ask_to_delete(run_id: str) -> None:
    """Ask about this one run, whatever is chosen on the page meanwhile; delete it if told to."""
    if st.session_state.get("delete_for_good"):  # pressed: `_delete` has been called
        st.rerun()
    service = training_service()
    try:
        view = service.view(run_id)
        snapshots = len(service.open(run_id).snapshots())
    except TrainingError as error:  # deleted in another tab
        st.info(sentence(error))
        return
    except ValueError:  # damaged: one more reason to delete it
        snapshots = 0
    if view.active:
        st.info(words.TRAINING_AGAIN)
        return
    st.markdown(words.what_goes(view, snapshots))
    row = st.container(horizontal=True)
    if row.button("Keep it", key="keep_run", icon=":material/undo:"):
        st.rerun()
    row.button(
        "Delete it for good",
        key="delete_for_good",
        type="primary",
        icon=":material/delete_forever:",
        on_click=_delete,
        args=(run_id,),
    )


def _delete(run_id: str) -> None:
    try:
        training_service().delete(visitor_id(), run_id)
    except TrainingError as error:
        st.session_state["training_error"] = str(error)
