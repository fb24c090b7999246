"""The Training lesson without a browser, and without training: only what it says and refuses."""

import json
from statistics import median

import pytest

import corpus
from gpt_core.bundled import bundled_run_path
from gpt_core.training.run import Run
from tests.helpers import said
from ui.services.runs import PUBLIC_LIMITS
from ui.services.training import training_service


@pytest.fixture(autouse=True)
def own_service(open_lesson):
    """A service of this test's own folder."""
    training_service.reset()
    yield
    training_service.reset()


def start_button(app):
    return app.button(key="start_run")


def estimate_of(app):
    return next(m.value for m in app.markdown if "tokens to read" in m.value)


def test_the_recorded_run_is_shown_and_labelled(open_lesson):
    app = open_lesson("training")
    assert app.selectbox(key="run").options == ["Recorded: the bundled model"]
    assert [m.label for m in app.metric][:3] == [
        "training loss",
        "validation loss",
        "bits / character",
    ]
    assert float(app.metric[1].value) < 3
    assert "finished" in said(app)
    assert not start_button(app).disabled
    assert app.button(key="start_run").label == "Start training"
    assert "pause_run" not in [b.key for b in app.button]  # nobody can pause a recording


def test_the_speed_is_that_of_all_steps_not_only_of_those_on_record(open_lesson):
    shown = next(m.value for m in open_lesson("training").metric if m.label == "tokens / s")
    records = Run.open(bundled_run_path()).metrics()
    measured = [record.tokens_per_s for record in records if record.tokens_per_s]
    assert float(shown.replace(",", "")) == pytest.approx(median(measured[-50:]), rel=0.2)


def scale_of_the_loss(app):
    """What Vega-Lite is told about the y axis of the first chart."""
    charts = app.main.get("arrow_vega_lite_chart") or app.main.get("vega_lite_chart")
    return json.loads(charts[0].proto.spec)["encoding"]["y"]["scale"].get("type", "linear")


def test_the_loss_can_be_seen_on_either_scale(open_lesson):
    app = open_lesson("training")
    assert scale_of_the_loss(app) == "log"  # the recorded loss falls to a hundredth
    app.toggle(key="logarithmic_bundled").set_value(False).run()
    assert not app.exception
    assert scale_of_the_loss(app) == "linear"


def test_a_number_typed_just_before_the_start_counts(open_lesson, monkeypatch):
    asked = []

    def submit(visitor, request):
        asked.append(request.train.steps)
        raise ValueError("The queue is full; try again in a minute.")

    monkeypatch.setattr(training_service(), "submit", submit)
    app = open_lesson("training")
    app.number_input(key="train_steps").set_value(51)  # and at once, with no rerun between them:
    start_button(app).click().run()
    assert asked == [51]
    assert [e.value for e in app.error] == ["The queue is full; try again in a minute."]


def test_the_estimate_follows_the_sizes(open_lesson):
    app = open_lesson("training")
    before = estimate_of(app)
    app.number_input(key="layers").set_value(8).run()
    assert estimate_of(app) != before


@pytest.mark.parametrize(
    ("key", "value", "word"),
    [("heads", 3, "multiple"), ("width", 1024, "parameters"), ("context", 1024, "tokens")],
)
def test_sizes_that_cannot_work_are_said_and_nothing_can_be_started(
    open_lesson, monkeypatch, key, value, word
):
    monkeypatch.setenv("GPT_PUBLIC", "1")
    app = open_lesson("training")
    app.number_input(key=key).set_value(value).run()
    assert not app.exception
    assert len(app.error) == 1
    assert word in app.error[0].value
    assert start_button(app).disabled


def test_a_text_that_is_too_short_for_the_context(open_lesson):
    text = "OTTO: It hums.\nNADIA: Then hum back, like a person.\n" * 30
    app = open_lesson("training", chosen_corpus=corpus.from_paste(text))
    app.number_input(key="context").set_value(512).run()
    assert "too short" in app.error[0].value
    assert start_button(app).disabled
    app.number_input(key="context").set_value(32).run()
    assert not app.error and not start_button(app).disabled


def test_a_vocabulary_larger_than_the_text_has(open_lesson):
    text = "OTTO: It hums.\nNADIA: Then hum back, like a person.\n" * 60
    app = open_lesson("training", chosen_corpus=corpus.from_paste(text))
    app.button_group(key="train_tokenizer").set_value("bpe").run()
    app.number_input(key="train_vocabulary_bpe").set_value(5000).run()
    assert "vocabulary" in app.error[0].value
    assert start_button(app).disabled


def test_a_preset_brings_its_own_sizes(open_lesson):
    app = open_lesson("training")
    app.button_group(key="design").set_value("notebook").run()
    assert not app.exception
    assert [app.number_input(key=k).value for k in ("layers", "heads", "width")] == [6, 8, 256]
    app.button_group(key="design").set_value("classic").run()
    assert app.number_input(key="layers").value == 4


def test_the_limits_of_a_public_server_are_said(open_lesson, monkeypatch):
    monkeypatch.setenv("GPT_PUBLIC", "1")
    app = open_lesson("training")
    assert app.number_input(key="train_steps").max == PUBLIC_LIMITS.steps
    assert "5 min" in said(app)


def test_an_address_of_a_run_that_is_gone_shows_the_recorded_one(open_lesson):
    app = open_lesson("training", run="../../etc/passwd")
    assert app.selectbox(key="run").value == "bundled"
