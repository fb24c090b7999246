"""The question before a run is deleted: what goes, what can be kept, and that it is for good."""

from __future__ import annotations

import streamlit as st

from ui.app.visitor import visitor_id
from ui.services.runs import RunView, TrainingError
from ui.services.training import training_service
from ui.show.names import as_text, sentence
from ui.show.numbers import counted


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
        st.info("This run is training again. Stop it first.")
        return
    st.markdown(what_goes(view, snapshots))
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


def what_goes(view: RunView, snapshots: int) -> str:
    """The run by its name, and all that is lost with it."""
    setup, kept = view.setup, counted(snapshots, "snapshot")
    return (
        f"**{as_text(view.about.name)} · {view.run_id[:4]}**, on “{as_text(setup.corpus_name)}”\n\n"
        f"Its weights after step {view.step:,} of {setup.steps:,}, {kept}, its curves and its copy "
        "of the text are removed from this server. Links to it stop working. "
        "**This can't be undone.**\n\n"
        "Press *Download* first to keep a copy, without snapshots and what more training needs."
    )
