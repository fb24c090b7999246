"""A run's snapshots on the screen: the film, its progress, the prediction, who took which role."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import streamlit as st

from gpt_core.interpret.snapshots import Fall, SnapshotView, snapshots_of
from gpt_core.training.run import Run
from gpt_core.training.run_files import ACTIVE, RunError
from pages.head_born import figures, words
from pages.head_born.film import Probe, draw, step_in_url
from pages.head_born.results import Film, film_of, tokens_in_use
from ui.app import widgets
from ui.app.ending import end_page
from ui.app.glossary import prose
from ui.app.lesson import ask
from ui.app.links import page_of
from ui.app.seat import place_in_class
from ui.app.told import tell
from ui.app.visitor import visitor_id
from ui.app.watch import progress, watch
from ui.services.models import BUNDLED, COPYING
from ui.services.runs import RunView
from ui.services.study import Study, study_of
from ui.services.training import training_service
from ui.show.curves import show
from ui.show.duration import duration
from ui.show.names import as_text, sentence

FILLING = 0.5  # seconds between two looks at a run whose snapshots are being looked at
LIVE = 2.0  # and at one that trains
_WAITING = 1.0  # and at one that has no weights yet


def chosen_run(study: Study) -> Study:
    """Whose past is shown: of the bundled model's two runs the one that learned to copy."""
    if study.run_key != BUNDLED:
        return study
    key = widgets.segmented_control(
        "Which recorded run",
        (COPYING, BUNDLED),
        COPYING,
        key="film_run",
        format_func=words.RUNS.__getitem__,
    )
    return study if key == BUNDLED else study_of(key, study.prompt)


def open_run(study: Study) -> Run:
    """The study's run. One without snapshots ends the page with a sentence that says what to do."""
    if study.loaded.imported:
        st.info(words.IMPORTED)
        end_page()
    run = study.loaded.run
    if not snapshots_of(run) and not is_active(study, run):
        st.info(words.WITHOUT_SNAPSHOTS)
        st.page_link(
            page_of("training"),
            label="Training: make a run of your own",
            icon=":material/trending_down:",
        )
        end_page()
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

    def look() -> Film:
        return film_of(run, is_active(study, run), probe.ids, step_in_url())

    def every(film: Film) -> float | None:
        if film.missing and not _stopped(study, probe):
            return FILLING
        return LIVE if film.active else None

    watch(look, lambda film: _panel(study, run, probe, film), every)


def _panel(study: Study, run: Run, probe: Probe, film: Film) -> None:
    with st.container():  # always there, so that the film keeps its place when the run has ended
        _live(film)
    name = as_text(str(run.corpus.get("name", "")))
    steps, kept = run.train_config.steps, len(film.snapshots)
    start = None if run.start is None else as_text(run.start)
    st.caption(words.whose(study.run_key, name, steps, kept, start))
    above = st.container()
    _progress(study, probe, film)
    for damage in film.damaged:
        told = words.damaged(sentence(damage))
        st.warning(told, icon=":material/broken_image:")
    if len(film.views) < 2 and not film.missing:
        st.info(words.few(len(film.views), film.active))
    revealed = _ask(study, film)
    with above:
        draw(study, film, probe, revealed)
    if revealed and (restless := words.restless(film.views)):
        with st.expander("Which head changed most?"):
            st.markdown(f"{restless}\n\n{words.measured(len(probe.ids))}")


def _stopped(study: Study, probe: Probe) -> bool:
    return st.session_state.get("film_stopped") == (study.run_key, probe.ids)


def _progress(study: Study, probe: Probe, film: Film) -> None:
    """How many snapshots were looked at, and a Stop; below the film, which stays still."""
    state, missing = st.session_state, film.missing
    if not missing:
        state.pop("film_started", None)
        return
    total = len(film.snapshots)
    if _stopped(study, probe):
        left, right = st.columns([5, 1], vertical_alignment="center")
        left.info(words.stopped(missing, total))
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


def _live(film: Film) -> None:
    """How far a run is that trains."""
    if not film.active:
        return
    try:
        status = film.run.status()
    except RunError as error:
        st.warning(sentence(error), icon=":material/warning:")
        return
    step, steps = status.step, film.run.train_config.steps
    newest = film.snapshots[-1].step if film.snapshots else -1
    upcoming = next((due for due in film.run.snapshot_steps() if due > newest), steps)
    st.markdown(words.live(status.state, step, steps, len(film.snapshots), upcoming))


def _ask(study: Study, film: Film) -> bool:
    """The prediction, and once it is made, what happened. Whether roles may be shown."""
    views, fall = film.views, film.fall
    found = words.births(views, fall) if views else []
    asked = next((birth for birth in found if birth.role == words.ASKED), None)
    if asked is None or fall is None or len(views) < 2:
        return True
    so_far = film.active or film.missing > 0
    revealed = ask(
        f"film_guess_{study.run_key}",
        words.QUESTION,
        words.GUESSES,
        lambda choice: words.answer(choice, asked, views, fall, so_far),
    )
    if revealed:
        _show_births(film.run, views, found, fall, so_far)
    return revealed


def _show_births(
    run: Run,
    views: Sequence[SnapshotView],
    found: Sequence[words.Birth],
    fall: Fall,
    so_far: bool,
) -> None:
    """The copy test beside the loss, and who took which role."""
    if any(view.copying for view in views):
        st.header("The copy test, step by step")
        prose(words.COPY_TEST)
        left, right = st.columns(2)
        with left:
            show(figures.copy_test(views, fall), "film_copying", words.COPY_TEST_ALT)
        with right:
            show(figures.shares(views), "film_shares", words.SHARES_ALT)
        guessing, ngrams = math.log2(len(tokens_in_use(run))), run.model_config.ngrams
        st.markdown(words.copied(views, guessing, ngrams, so_far))
    st.subheader("Who took which role, and when?")
    st.markdown(words.told(found, so_far))
    st.markdown(words.caution(views))


def waiting_runs(study: Study) -> None:
    """A line about a run of the visitor's own, or their class's, that isn't shown nor finished."""
    if _unfinished(study):
        watch(lambda: _unfinished(study), _waiting, _WAITING)


def _unfinished(study: Study) -> RunView | None:
    views = training_service().runs(visitor_id())
    if place := place_in_class():
        views = [*training_service().runs_of_class(place[0]), *views]
    return next((view for view in views if view.active and view.run_id != study.run_key), None)


def _waiting(view: RunView | None) -> None:
    if view is None:
        return
    left, right = st.columns([3, 1], vertical_alignment="center")
    name, of_class = as_text(view.about.name), bool(view.about.class_id and not view.about.member)
    left.info(words.waiting(name, view.place, view.step, view.setup.steps, of_class))
    if right.button(
        "Watch it here",
        key="film_watch",
        icon=":material/movie:",
        disabled=not view.has_model,
        on_click=_watch,
        args=(view.run_id,),
    ):
        st.rerun()  # the bar stands outside of this fragment


def _watch(run_id: str) -> None:
    tell("model", run_id)  # the bar's own choice
