"""Delete asks first, says what goes, and is about one run whatever else is pressed meanwhile."""

import pytest

from tests.helpers import said
from tests.ui.test_training import request
from ui.services.training import training_service
from ui.services.worker import MachineLock

VISITOR = "0" * 32


@pytest.fixture
def two_runs(open_lesson, monkeypatch):
    """The visitor's two runs, stopped before they began."""
    monkeypatch.setattr(MachineLock, "acquire", lambda self, held=None: None)  # nothing trains
    training_service.reset()
    service = training_service()
    runs = [service.submit(VISITOR, request()) for _ in range(2)]
    for run in runs:
        service.stop(VISITOR, run)
    yield runs
    training_service.reset()


@pytest.fixture
def open_run(open_lesson):
    return lambda run: open_lesson("training", visitor_id=VISITOR, run=run)


def test_nothing_is_deleted_before_the_answer(two_runs, open_run):
    kept, other = two_runs
    app = open_run(kept)
    app.button(key="delete_run").click().run()
    text = said(app)
    for word in ("tiny", kept[:4], "test text", "step 0 of 10", "0 snapshots", "can't be undone"):
        assert word in text
    assert "Download" in text
    app.button(key="keep_run").click().run()
    assert training_service().knows(kept) and training_service().knows(other)
    app.button(key="delete_run").click().run()
    app.button(key="delete_for_good").click().run()
    assert not training_service().knows(kept) and training_service().knows(other)
    assert not app.exception and "for good" not in said(app)


def test_another_run_that_is_chosen_meanwhile_is_not_the_one_deleted(two_runs, open_run):
    asked, other = two_runs
    app = open_run(asked)
    app.button(key="delete_run").click().run()
    app.selectbox(key="run").set_value(other).run()
    assert "delete_for_good" not in [button.key for button in app.button]
    assert training_service().knows(asked) and training_service().knows(other)


def test_a_run_that_another_tab_resumed_or_deleted(two_runs, open_run):
    resumed, deleted = two_runs
    app = open_run(resumed)
    training_service().resume(VISITOR, resumed)
    app.button(key="delete_run").click().run()
    assert training_service().knows(resumed)
    assert "delete_for_good" not in [button.key for button in app.button]
    app = open_run(deleted)
    app.button(key="delete_run").click().run()
    training_service().delete(VISITOR, deleted)
    app.button(key="delete_for_good").click().run()
    assert not app.exception and "no such run" in said(app)


def test_a_stopped_run_can_go_on(two_runs, open_run):
    app = open_run(two_runs[0])
    app.button(key="resume_run").click().run()
    assert training_service().view(two_runs[0]).state == "queued"
