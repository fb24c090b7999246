"""“Is it ready?”: two minutes before the lesson; and for the owner, who is on this computer."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from gpt_core.model.config import GPTConfig
from gpt_core.training.config import TrainConfig
from pages.teach import words
from ui.app.client import is_owner
from ui.app.reach import is_this_computer, own_page, pages_in_network
from ui.services import machine
from ui.services.models import runs_root
from ui.services.runs import RunView, TrainingError, is_public
from ui.services.training import training_service
from ui.services.turns import connected
from ui.show.names import as_text, show_error
from ui.show.qr import SMALL, show_qr

_SHAPE, _TRAINING = GPTConfig.from_preset("quick", vocab_size=64), TrainConfig.from_preset("quick")
_SPEED = "teach_speed"


def ready() -> None:
    """What a teacher looks at before the pupils come."""
    with st.container(key="ready"):
        st.header(words.READY)
        # What is looked up is looked up for who wants it.
        if st.toggle(words.READY_OPEN, key="teach_ready"):
            left, right = st.columns([1, 2], gap="large")
            with left:
                _join()
            with right:
                _machine()
                _speed()
        if is_owner() and st.toggle(words.OWNER, key="teach_owner"):
            _owner()


def _join() -> None:
    page = own_page()
    if is_this_computer(page):
        in_network = pages_in_network(page)
        if not in_network:
            st.warning(words.NO_NETWORK, icon=":material/wifi_off:")
            return
        page = in_network[0]
    show_qr(page, SMALL)
    st.markdown(f"**{page}**")
    st.caption(words.join(is_public()))


def _machine() -> None:
    root = runs_root()
    lines = words.machine(
        usable=machine.processors(),
        quota=machine.quota(),
        disk=machine.free_disk(root),
        stays=machine.outlives_restart(root),
        version=machine.version(),
    )
    st.markdown("\n".join(f"- {line}" for line in lines))


def _speed() -> None:
    columns = st.columns(2)
    models = columns[0].number_input(words.MODELS, 1, 500, 30, key="teach_models")
    steps = columns[1].number_input(words.STEPS, 1, 20_000, _TRAINING.steps, key="teach_steps")
    if st.button(words.MEASURE, key="teach_measure", icon=":material/speed:"):
        st.session_state[_SPEED] = machine.steps_per_second(_SHAPE, _TRAINING)
    if speed := st.session_state.get(_SPEED):
        st.markdown(words.speed(speed, int(models), int(steps)))


def _owner() -> None:
    service = training_service()
    st.markdown(words.sessions(connected()))
    now, queue = service.waiting()
    runs = service.all_runs()[: words.MOST_RUNS]
    st.markdown(words.queue(1 if now else 0, len(queue), len(runs)))
    if error := st.session_state.pop("owner_error", None):
        show_error(error)
    for view in runs:
        _run(view)


def _run(view: RunView) -> None:
    row = st.container(horizontal=True, vertical_alignment="center")
    row.markdown(f"{as_text(view.about.name)} · `{view.run_id[:6]}` · {view.state}")
    service = training_service()
    if view.active:
        row.button(
            "Stop", key=f"owner_stop_{view.run_id}", icon=":material/stop:",
            on_click=_act, args=(service.stop_any, view.run_id),
        )  # fmt: skip
    row.button(
        "Delete", key=f"owner_delete_{view.run_id}", icon=":material/delete:",
        on_click=_act, args=(service.delete_any, view.run_id),
    )  # fmt: skip


def _act(action: Callable[[str], None], run_id: str) -> None:
    try:
        if is_owner():  # whoever sends the press
            action(run_id)
    except TrainingError as error:
        st.session_state["owner_error"] = str(error)
