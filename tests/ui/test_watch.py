"""A task watched from a page: how often it is looked at, and when the whole page runs again."""

import pytest
from streamlit.testing.v1 import AppTest

import ui.app.watch
from ui.app.watch import progress, watch


class Task:
    """What goes on behind a page: it is as far as its last look but counts the looks."""

    def __init__(self, *states):
        self.states = list(states)  # done, of 4, at each look; the last one stays
        self.stopped = []

    def now(self):
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]


def every(done):
    return 0.5 if done < 4 else None


def page(task, drawn, name=""):
    """One run of a page that watches a task."""
    import streamlit as st

    from tests.ui.test_watch import every
    from ui.app.watch import progress, watch

    def draw(done):
        drawn.append(done)
        stop = task.stopped.append if done < 4 else None
        progress(done, 4, f"{done} of 4", stop=stop, args=("me",), key="stop_task")

    drawn.append("page")
    st.write("above")
    watch(task.now, draw, every, name=name)


def open_page(task, name=""):
    drawn = []
    app = AppTest.from_function(page, args=(task, drawn, name))
    return app, drawn


@pytest.fixture
def paces(monkeypatch):
    """The seconds that each fragment was told to wait, None for those that wait for nothing."""
    told, fragment = [], ui.app.watch.st.fragment

    def keep(function, run_every=None):
        told.append(run_every)
        return fragment(function, run_every=run_every)

    monkeypatch.setattr(ui.app.watch.st, "fragment", keep)
    return told


def bars(app):
    return [(bar.proto.value, bar.proto.text) for bar in app.get("progress")]


def test_what_goes_on_is_looked_at_again_and_what_has_ended_isn_t(paces):
    app, drawn = open_page(Task(1))
    app.run()
    assert paces == [0.5] and drawn == ["page", 1]
    assert bars(app) == [(25, "1 of 4")]
    app, drawn = open_page(Task(4))
    app.run()
    assert paces == [0.5, None] and drawn == ["page", 4]
    assert bars(app) == [(100, "4 of 4")]
    assert not app.button


def test_stop_is_passed_on_before_the_page_is_drawn():
    task = Task(1)
    app, _ = open_page(task)
    app.run()
    app.button(key="stop_task").click().run()
    assert not app.exception
    assert task.stopped == ["me"]


@pytest.mark.parametrize(("name", "runs"), [("", 1), ("task", 2)])
def test_what_ended_while_the_page_was_drawn_makes_a_named_one_run_again(name, runs):
    app, drawn = open_page(Task(1, 4), name)
    app.run()
    drawn.clear()
    app.run()  # what stands above may have been drawn before the end
    assert drawn == ["page"] * runs + [4]
    drawn.clear()
    app.run()
    assert drawn == ["page", 4]


def test_a_named_task_that_begins_costs_no_second_run():
    app, drawn = open_page(Task(4, 1), "task")
    app.run()
    app.run()
    assert drawn == ["page", 4, "page", 1]


def looked_at(monkeypatch, task, **more):
    """What a fragment's own looks do, one after the other: what each draws, "page" for a rerun."""
    seen, looks = [], []

    class Rerun(Exception):
        pass

    def rerun():
        raise Rerun

    monkeypatch.setattr(ui.app.watch.st, "session_state", {})
    monkeypatch.setattr(ui.app.watch.st, "rerun", rerun)
    monkeypatch.setattr(
        ui.app.watch.st, "fragment", lambda look, run_every: lambda: looks.append(look)
    )
    watch(task.now, seen.append, every, **more)

    def look():
        try:
            looks[0]()
        except Rerun:
            seen.append("page")
        return seen

    return look


def test_the_page_runs_again_when_it_ends_and_not_before(monkeypatch):
    look = looked_at(monkeypatch, Task(0, 1, 2, 3, 4), name="task")
    for _ in range(5):
        seen = look()
    assert seen == [0, 1, 2, 3, "page"]


def test_the_page_runs_again_when_what_it_depends_on_changes(monkeypatch):
    look = looked_at(monkeypatch, Task(0, 1, 2, 3), page=lambda done: done > 1)
    for _ in range(3):
        seen = look()
    assert seen == [0, 1, "page"]


def test_a_task_without_a_known_end_has_an_empty_bar(monkeypatch):
    shown = []
    monkeypatch.setattr(ui.app.watch.st, "progress", lambda share, text: shown.append(share))
    for done, total in ((0, 0), (3, 0), (1, 2), (5, 2)):
        progress(done, total, "", stop=None, args=(), key="")
    assert shown == [0.0, 0.0, 0.5, 1.0]
