"""A page with nothing but a run's model; the line about a run that goes on; a guest's pages."""

import pytest

from pages.play.words import WRITE
from tests.helpers import app_at, said, write_run
from ui.services.classes.service import ClassService
from ui.services.runs import PUBLIC_LIMITS
from ui.services.training import training_service


@pytest.fixture
def played(tmp_path, monkeypatch):
    monkeypatch.setenv("GPT_RUNS", str(tmp_path))
    write_run(tmp_path, "0000000a")

    def open_(**query):
        app = app_at("play")
        app.query_params.update(query)
        app.run()
        assert not app.exception
        return app

    return open_


def write(app):
    next(button for button in app.button if button.label == WRITE).click().run()


def test_a_model_writes_on_and_says_what_it_cannot_read(played):
    app = played(run="0000000a")
    app.text_input(key="play_prompt").set_value("NADIA: <b>Who")
    write(app)
    assert not app.exception and "never seen “\\<”, “\\>”. Write" in app.error[0].value
    app.text_input(key="play_prompt").set_value("NADIA: Who")
    write(app)
    (text,) = [e.proto.body for e in app.get("html") if "NADIA: Who<b>" in e.proto.body]
    assert len(text) > 100 and not app.error
    app.text_input(key="play_prompt").set_value("")
    write(app)
    assert app.error[0].value == "Type a few characters first."


@pytest.mark.parametrize("run", ["nobody", "../0000000a", "👩‍👩‍👧", "9" * 400])
def test_an_address_without_a_model_gets_a_sentence(played, run):
    app = played(run=run)
    assert "no model under this address" in app.info[0].value
    assert [box for box in app.text_input if box.key == "play_prompt"] == []


def test_a_run_that_goes_on_is_one_line_on_other_pages(open_lesson, monkeypatch):
    monkeypatch.setattr(training_service(), "going", lambda visitor: ("0000000a", 3))
    labels = [link.label for link in open_lesson("glossary").get("page_link")]
    assert "Your run is number 3 in the queue: look" in labels
    labels = [link.label for link in open_lesson("training").get("page_link")]
    assert not [label for label in labels if label.startswith("Your run")]


def test_a_guest_s_pages(open_lesson, monkeypatch):
    monkeypatch.setattr("ui.app.client.is_own_address", lambda address: False)
    monkeypatch.setattr(ClassService, "is_any_open", lambda self: True)
    app = open_lesson("training")
    assert app.number_input(key="train_steps").max == PUBLIC_LIMITS.steps
    assert any("switched off" in info.value for info in open_lesson("scrape").info)
    app = open_lesson("teach")
    app.toggle(key="teach_ready").set_value(True).run()
    assert "Processors to use" in said(app)
    assert [box.key for box in app.toggle] == ["teach_ready"]


def test_the_owner_s_page_lists_queue_and_sessions(open_lesson):
    app = open_lesson("teach")
    assert "runs waiting" not in said(app)
    app.toggle(key="teach_owner").set_value(True).run()
    assert "No run trains; 0 runs waiting" in said(app)
    app.toggle(key="teach_ready").set_value(True).run()
    app.button(key="teach_measure").click().run()
    assert not app.exception and "steps a second" in said(app)
