"""A run's past on the screen: the film, its progress, the prediction, who took which role when."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import streamlit as st

from gpt_core.training.run_files import ACTIVE, RunError
from pages.head_born import words
from pages.head_born.film import Probe, Reel, draw, reel_of
from ui.app import widgets
from ui.app.lesson import predict
from ui.app.links import page_of
from ui.app.visitor import visitor_id
from ui.app.watch import progress, watch
from ui.services.models import BUNDLED
from ui.services.runs import RunView
from ui.services.study import Study
from ui.services.training import training_service
from ui.show.duration import duration
from ui.show.names import as_text, sentence

if TYPE_CHECKING:
    from gpt_core.training.run import Run

FILLING = 0.5  # seconds between two looks at a run whose snapshots are being looked at
LIVE = 2.0  # and at one that trains
_WAITING = 1.0  # and at one that has no weights yet


def open_past(study: Study) -> Run:
    """The study's run. One without a past ends the page with a sentence that says what to do."""
    from gpt_core.interpret.snapshots import moments

    if study.loaded.imported:
        st.info(words.IMPORTED)
        st.stop()
    run = study.loaded.run
    if not moments(run) and not is_active(study, run):
        st.info(words.WITHOUT_SNAPSHOTS)
        st.page_link(page_of("training"), label="Training: make a run of your own", icon="📉")
        st.stop()
    return run


def is_active(study: Study, run: Run) -> bool:
    """Whether the run is being trained, or waits for it."""
    view = training_service().find(study.run_key)
    if view is not None:
        return view.active
    try:
        return run.status().state in ACTIVE
    except RunError:
        return False


def panel(study: Study, run: Run, probe: Probe) -> None:
    """Draw all that follows from the snapshots; it redraws itself while there are more to come."""

    def look() -> Reel:
        return reel_of(study, run, probe, is_active(study, run))

    def every(reel: Reel) -> float | None:
        if reel.history.missing and not _stopped(study, probe):
            return FILLING
        return LIVE if reel.active else None

    watch(look, lambda reel: _panel(study, run, probe, reel), every)


def _panel(study: Study, run: Run, probe: Probe, reel: Reel) -> None:
    with st.container():  # always there, so that the film keeps its place when the run has ended
        follow = _live(reel)
    bundled, steps = study.run_key == BUNDLED, run.train_config.steps
    st.caption(
        words.whose(bundled, as_text(str(run.corpus.get("name", ""))), steps, len(reel.moments))
    )
    film = st.container()
    _progress(study, probe, reel)
    for damage in reel.history.damaged:
        told = f"{sentence(damage)} The other snapshots can be seen."
        st.warning(told, icon=":material/broken_image:")
    if len(reel.history.seen) < 2 and not reel.history.missing:
        st.info(words.few(len(reel.history.seen), reel.active))
    if restless := words.restless(reel.history.seen):
        st.markdown(f"{restless}\n\n{words.measured(len(probe.ids))}")
    revealed = _ask(study, reel)
    with film:
        draw(study, reel, probe, revealed, follow)


def _stopped(study: Study, probe: Probe) -> bool:
    return st.session_state.get("film_stopped") == (study.run_key, probe.ids)


def _progress(study: Study, probe: Probe, reel: Reel) -> None:
    """How many snapshots were looked at, and a Stop; below the film, which stays still."""
    state, missing = st.session_state, reel.history.missing
    if not missing:
        state.pop("film_started", None)
        return
    total = len(reel.moments)
    if _stopped(study, probe):
        left, right = st.columns([5, 1], vertical_alignment="center")
        left.info(f"Stopped: {missing} of {total} snapshots were not looked at.")
        right.button(
            "Go on",
            key="film_go_on",
            icon=":material/play_arrow:",
            on_click=lambda: state.pop("film_stopped", None),
        )
        return
    elapsed = duration(time.monotonic() - state.setdefault("film_started", time.monotonic()))
    text = f"Looking at snapshots: {total - missing} of {total}, {elapsed}"
    progress(total - missing, total, text, stop=_stop, args=(study, probe), key="film_stop")


def _stop(study: Study, probe: Probe) -> None:
    st.session_state["film_stopped"] = (study.run_key, probe.ids)
    st.session_state.pop("film_started", None)


def _live(reel: Reel) -> bool:
    """How far a run is that trains, and whether the newest snapshot is to be followed."""
    if not reel.active:
        return False
    try:
        status = reel.run.status()
    except RunError as error:
        st.warning(sentence(error), icon=":material/warning:")
        return False
    step, steps = status.step, reel.run.train_config.steps
    newest = reel.moments[-1].step if reel.moments else -1
    upcoming = next((due for due in reel.run.snapshot_steps() if due > newest), steps)
    left, right = st.columns([3, 2], vertical_alignment="center")
    with left:
        st.markdown(words.live(status.state, step, steps, len(reel.moments), upcoming))
    return widgets.toggle(
        "Follow: always show the newest snapshot", True, key="film_follow", container=right
    )


def _ask(study: Study, reel: Reel) -> bool:
    """The prediction, and once it is made, what happened. Whether roles may be shown."""
    seen, fall = reel.history.seen, reel.fall
    found = words.births(seen, fall) if seen else []
    asked = next((birth for birth in found if birth.role == words.ASKED), None)
    if asked is None or fall is None or len(seen) < 2:
        return True
    so_far = reel.active or reel.history.missing > 0
    revealed = predict(
        f"film_guess_{study.run_key}",
        words.QUESTION,
        words.GUESSES,
        lambda choice: words.answer(choice, asked, seen, fall, so_far),
    )
    if revealed:
        st.subheader("Who took which role, and when?")
        st.markdown(words.told(found))
        st.markdown(words.CAUTION)
    return revealed


def waiting_runs(study: Study) -> None:
    """A line about a run of the visitor's own that is not the one shown and isn't finished."""
    if _unfinished(study):
        watch(lambda: _unfinished(study), _waiting, _WAITING)


def _unfinished(study: Study) -> RunView | None:
    views = training_service().runs(visitor_id())
    return next((view for view in views if view.active and view.run_id != study.run_key), None)


def _waiting(view: RunView | None) -> None:
    if view is None:
        return
    left, right = st.columns([3, 1], vertical_alignment="center")
    left.info(words.waiting(as_text(view.about.name), view.place, view.step, view.setup.steps))
    if right.button(
        "Watch it here",
        key="film_watch",
        icon=":material/movie:",
        disabled=not view.has_model,
        on_click=_watch,
        args=(view.run_id,),
    ):
        st.rerun()  # the sidebar stands outside of this fragment


def _watch(run_id: str) -> None:
    st.session_state["model"] = run_id  # the sidebar's own choice
