"""A job on a page: its button, its progress and Stop, and what it found.

A few results come with the repo, recorded by `python -m gpt_core.bundled.record`, so that no lesson
starts with an empty panel.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from functools import cache
from hashlib import sha256
from typing import Any

import streamlit as st

from ui.app.client import is_guest
from ui.app.visitor import visitor_id
from ui.app.watch import progress, watch
from ui.services.jobs import JobService, JobView, Key, job_service, longest_job
from ui.services.models import run_folder
from ui.services.study import Study
from ui.show.duration import duration
from ui.show.names import show_error

_EVERY = 0.5  # seconds between two looks at a job that runs
_LONGEST_NAME = 120  # characters


def job_key(name: str, study: Study | None, settings: dict[str, Any]) -> Key:
    """What a job's result is kept under: the job, the weights, the settings."""
    return name, study.fingerprint if study else "", json.dumps(settings, sort_keys=True)


def known_result(
    name: str, settings: dict[str, Any], study: Study | None = None, recorded: str | None = None
) -> dict[str, Any] | None:
    """What `job_panel` with these arguments shows as the result; None while there is none."""
    view = job_service().view(job_key(name, study, settings))
    if view is not None and view.state == "finished":
        return view.value
    if view is not None and view.value is not None:  # a panel shows what is known so far
        return None
    return recorded_result(recorded)["value"] if recorded else None


def job_panel(
    name: str,
    settings: dict[str, Any],
    draw: Callable[[dict[str, Any], bool], None],
    *,
    label: str,
    study: Study | None = None,
    recorded: str | None = None,
    needs: float = 0.0,
    service: Callable[[], JobService] = job_service,
    result_first: bool = False,
) -> None:
    """A button that starts a job; then its progress, elapsed time and Stop; then what it found.

    draw(value, finished) draws what is known: many times while the job goes on, then the result.
    study: whose model the job is about. recorded: the name of a recorded result of exactly this
    job and these settings, shown until the visitor runs it. needs: seconds that it takes at least;
    it is not offered to who may not have them. service: whose queue the job waits in. result_first:
    what was found stands above the button.
    """
    key = job_key(name, study, settings)
    widget = _short("_".join(key))

    def panel(view: JobView | None) -> None:
        for part in (result_of, controls) if result_first else (controls, result_of):
            part(view)

    def controls(view: JobView | None) -> None:
        if view is not None and view.active:
            _show_progress(view, service(), key, widget)
            return
        if view is not None:
            _show_how_it_ended(view)
        again = label if recorded is None else f"{label}, now"
        if view is not None and view.state == "finished":
            return
        if needs > (allowed := longest_job(is_guest())):
            st.caption(_too_long(needs, allowed))
        elif st.button(again, key=f"start {widget}", icon=":material/play_arrow:"):
            folder = run_folder(study.run_key) if study else None
            service().start(key, folder, visitor_id(), is_guest())
            st.rerun()

    def result_of(view: JobView | None) -> None:
        if view is not None and view.value is not None:
            draw(view.value, view.state == "finished")
            if view.state == "finished":
                st.caption(f"Computed here in {duration(view.seconds)}.")
        elif recorded is not None:
            result = recorded_result(recorded)
            said = f":material/history: {result['said']}"
            if not result_first:
                st.caption(said)
            draw(result["value"], True)
            if result_first:
                st.caption(said)

    watch(lambda: service().view(key), panel, _EVERY, name=widget)


def _short(name: str) -> str:
    """A name of a widget: settings may hold a whole text."""
    if len(name) <= _LONGEST_NAME:
        return name
    digest = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return name[:40] + digest


def _show_how_it_ended(view: JobView) -> None:
    if view.state == "failed":
        show_error(view.error)
    if view.state == "stopped":
        st.info("Stopped. Start it again whenever you like.")


def _show_progress(view: JobView, service: JobService, key: Key, widget: str) -> None:
    if view.state == "queued":
        before = "one other computation" if view.place == 1 else f"{view.place} others"
        text = f"Waiting for {before} to end …" if view.place else "Next in line …"
    else:
        steps = f"{view.done:,} of {view.total:,}" if view.total else "Starting a process for it"
        text = f"{steps}, {duration(view.seconds)}"
    stop, asked = service.stop, (key, visitor_id())
    progress(view.done, view.total, text, stop=stop, args=asked, key=f"stop {widget}")


@cache
def recorded_result(name: str) -> dict[str, Any]:
    """A recorded result: {"said": what it is and when it was made, "value", …}."""
    from gpt_core.bundled.record import load

    result = load(name)
    return result | {"said": _recorded(result)}


def _too_long(needs: float, allowed: float) -> str:
    return (
        f"To compute it again takes at least {duration(needs)}, and a computation may take "
        f"{duration(allowed)} here. On your own computer you can."
    )


def _recorded(result: dict[str, Any]) -> str:
    of = " about the bundled model" if result["model"] else ""
    made = date.fromisoformat(result["created"])
    when, took = f"{made.day} {made:%B %Y}", duration(result["seconds"])
    return f"Recorded{of} on {when}; it took {took}."
