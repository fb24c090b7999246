"""The Training lesson without a browser, and without training: only what it says and refuses."""

import json
import math
import re
from dataclasses import replace
from statistics import median
from types import SimpleNamespace

import pytest

import corpus
from gpt_core.bundled import bundled_run_path
from gpt_core.model.config import GPTConfig
from gpt_core.training.config import TrainConfig
from gpt_core.training.run import Run
from pages.training import words
from pages.training.compare import alike
from pages.training.panel import bars_of, per_token
from pages.training.preparing import prepare, token_bits
from pages.training.recorded import recorded_view
from tests.helpers import TEXT, said
from ui.app import visitor
from ui.services.jobs import job_service
from ui.services.metrics import Evaluation
from ui.services.runs import PUBLIC_LIMITS
from ui.services.scraping import scraping_service
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
    app = open_lesson("training", training_shown=True)
    assert app.selectbox(key="run").options == ["Recorded: the bundled model"]
    assert [m.label for m in app.metric][:3] == [
        "training, bits / token",
        "validation, bits / token",
        "validation, bits / character",
    ]
    last = [r.val_loss for r in Run.open(bundled_run_path()).metrics() if r.val_loss][-1]
    assert float(app.metric[1].value) == pytest.approx(last / math.log(2), abs=6e-4)
    assert "0.045 bits per character, where *Sample* and *Evaluation* find 0.033?" in said(app)
    took = "Recorded: 23,000 steps in "
    assert any(took in caption.value for caption in app.caption)
    assert not start_button(app).disabled
    assert app.button(key="start_run").label == "Start training"
    assert "pause_run" not in [b.key for b in app.button]  # nobody can pause a recording


def test_the_speed_is_that_of_all_steps_not_only_of_those_on_record(open_lesson):
    app = open_lesson("training", training_shown=True)
    name = "tokens per second · "
    shown = next(c.value.removeprefix(name) for c in app.caption if c.value.startswith(name))
    records = Run.open(bundled_run_path()).metrics()
    measured = [record.tokens_per_s for record in records if record.tokens_per_s]
    assert shown.endswith(" million")  # a graphics card's
    millions = float(shown.removesuffix(" million"))
    assert millions == pytest.approx(median(measured[-50:]) / 1e6, rel=0.2)


def scale_of_the_loss(app):
    """What Vega-Lite is told about the y axis of the first chart."""
    charts = app.main.get("arrow_vega_lite_chart") or app.main.get("vega_lite_chart")
    return json.loads(charts[0].proto.spec)["encoding"]["y"]["scale"].get("type", "linear")


def test_the_loss_can_be_seen_on_either_scale(open_lesson):
    app = open_lesson("training", training_shown=True)
    assert scale_of_the_loss(app) == "log"  # the recorded loss falls to a hundredth
    app.toggle(key="logarithmic_bundled").set_value(False).run()
    assert not app.exception
    assert scale_of_the_loss(app) == "linear"


def test_a_number_typed_just_before_the_start_counts(open_lesson, monkeypatch):
    asked = []

    def submit(visitor, request, guest):
        asked.append(request.train.steps)
        raise ValueError("The queue is full; try again in a minute.")

    monkeypatch.setattr(training_service(), "submit", submit)
    app = open_lesson("training")
    app.number_input(key="train_steps").set_value(51)  # and at once, with no rerun between them:
    start_button(app).click().run()
    assert asked == [51]
    assert [e.value for e in app.error] == ["The queue is full; try again in a minute."]


def test_a_run_has_the_name_that_it_was_given(open_lesson, monkeypatch):
    asked = []

    def submit(visitor, request, guest):
        asked.append(request.name)

    monkeypatch.setattr(training_service(), "submit", submit)
    app = open_lesson("training")
    assert app.text_input(key="run_name").placeholder.startswith("modern, char")
    start_button(app).click().run()
    app.text_input(key="run_name").set_value("  two **layers** ").run()
    start_button(app).click().run()
    assert not app.exception
    assert asked[0].startswith("modern, char") and asked[1] == "two **layers**"


def test_a_learning_rate_five_times_the_usual_is_named(open_lesson):
    app = open_lesson("training")
    usual = app.number_input(key="train_rate").value
    app.number_input(key="train_rate").set_value(4.9 * usual).run()
    assert not app.warning
    app.number_input(key="train_rate").set_value(5 * usual).run()
    assert f"5 times the preset's {usual:g}" in app.warning[0].value
    assert not start_button(app).disabled


@pytest.mark.parametrize(
    ("steps", "compared"),
    [((50, 60, 23_000), ["0", "1"]), ((23_000, 50), ["0"]), ((50, 500, 40, 41), ["0", "1", "2"])],
)
def test_the_comparison_begins_with_runs_of_a_like_length(steps, compared):
    views = [
        SimpleNamespace(run_id=str(i), setup=SimpleNamespace(steps=s)) for i, s in enumerate(steps)
    ]
    assert alike(views) == compared


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
    assert "5\N{NO-BREAK SPACE}min" in said(app)


def test_an_address_of_a_run_that_is_gone_shows_the_recorded_one(open_lesson):
    app = open_lesson("training", run="../../etc/passwd")
    assert app.selectbox(key="run").value == "bundled"


def test_after_a_start_the_recorded_run_can_be_chosen_again(open_lesson, monkeypatch):
    app = open_lesson("training")
    own = replace(recorded_view(), run_id="0000000a")
    service = training_service()
    monkeypatch.setattr(service, "submit", lambda *_: own.run_id)
    monkeypatch.setattr(service, "runs", lambda visitor: [own])
    monkeypatch.setattr(service, "find", lambda run_id: own)
    start_button(app).click().run()
    assert app.session_state["run"] == own.run_id
    app.selectbox(key="run").select_index(1).run()
    assert not app.exception
    assert app.session_state["run"] == "bundled"


def test_what_was_started_before_the_browser_said_who_it_is_is_handed_over(
    open_lesson, monkeypatch
):
    """On any page, and all kinds of work."""
    app, told, handed = open_lesson("layernorm"), "0123456789abcdef" * 2, []
    before = app.session_state["visitor_id"]
    for service in (training_service, job_service, scraping_service):
        monkeypatch.setattr(service(), "hand_over", lambda old, new: handed.append((old, new)))
    monkeypatch.setattr(visitor, "known_visitor", lambda proposed: (told, False))
    app.run()
    assert not app.exception and app.session_state["visitor_id"] == told
    assert handed == [(before, told)] * 3


def test_the_curves_wait_for_a_guess(open_lesson):
    app = open_lesson("training")
    assert not app.metric
    begin = per_token(recorded_view().curves.evaluations[0].val_loss)
    app.radio(key="training_start").set_value("near guessing").run()
    assert not app.exception and app.metric
    (told,) = app.success
    assert f"begins at {begin:.2f} bits per token" in told.value
    assert "made to copy" in told.value


@pytest.mark.parametrize(
    ("begin", "right"),
    [(6.1, "near guessing"), (30.0, "far above"), (0.2, "near 0"), (3, "near t")],
)
def test_where_the_loss_begins_is_judged_by_the_run(begin, right):
    options = words.starts(6.0, 3.0)
    model = GPTConfig(vocab_size=64)
    answers = [words.start_answer(option, options, begin, 6.0, model) for option in options]
    (mine,) = [option for option, answer in zip(options, answers, strict=True) if answer.right]
    assert mine.startswith(right)
    assert all("made to copy" not in answer.why for answer in answers)  # nothing was built in


def test_no_bar_lies_above_guessing_and_what_is_hidden_is_named(open_lesson):
    view = recorded_view()
    bars = bars_of(view)
    assert bars[0].y == 11 and all(bar.y < 11 for bar in bars[1:])
    assert "counting tokens" in [bar.label for bar in bars]
    assert view.about.bar_bits[0] * view.about.characters_per_token > 11
    assert "Not drawn: *counting characters*" in said(open_lesson("training"))
    characters = replace(view.about, characters_per_token=1.0, token_bits=None)
    labels = [bar.label for bar in bars_of(replace(view, about=characters))]
    assert labels[1:] == ["counting characters", "counting pairs", "counting triples"]


def test_counting_tokens_is_what_it_says():
    assert token_bits([0, 0, 0], [0], 2) == pytest.approx(math.log2(5 / 4))
    assert token_bits([0, 1], [0, 1, 1], 2) == 1
    assert prepare(TEXT, "char", None).token_bits is None
    assert 0 < prepare(TEXT, "word", 30).token_bits < math.log2(30)


def points(*pairs):
    return [Evaluation(10 * i, 0.0, a * math.log(2), b * math.log(2)) for i, (a, b) in pairs]


@pytest.mark.parametrize(
    ("losses", "sentence"),
    [
        ([(6, 6), (2, 2.05)], "no gap worth speaking of"),
        ([(6, 6), (2, 2.5)], "overfitting has begun"),
        ([(6, 6), (2, 2.5), (1, 3.1)], "lowest at step 10, 2.500, and has risen since"),
    ],
)
def test_whether_the_curves_part_is_said_of_this_run(losses, sentence):
    assert sentence in words.parted(points(*enumerate(losses)))


def test_the_recorded_run_passes_its_bars_and_its_curves_stay_together(open_lesson):
    view = recorded_view()
    text = words.run_shown(view, bars_of(view))
    assert "below *guessing* and" in text and "*guessing: log₂" not in text
    assert "by step 64" in text and "never got below" not in text and "no gap" in text
    assert text.split("**")[2][:40] in said(open_lesson("training"))
    early = replace(view, curves=replace(view.curves, evaluations=view.curves.evaluations[:1]))
    assert "never got below" in words.run_shown(early, bars_of(view))
    going = words.run_shown(replace(early, state="running"), bars_of(view))
    assert "is not yet below" in going and "never" not in going


def test_nothing_is_said_of_the_end_of_a_run_that_goes_on():
    seen = points(*enumerate([(6, 6), (2, 2)]))
    assert "By now the curves are at" in words.parted(seen, active=True)
    assert "They end at" in words.parted(seen)


def test_where_the_loss_begins_is_told_nowhere_while_answers_are_locked(open_at):
    told = ("At **log₂ V** bits", "before the first step;", "at 10.55 to 10.58 bits")
    text = said(open_at("training", lock="reveal"))
    assert not [part for part in told if part in text]
    open_text = said(open_at("training"))
    assert all(part in open_text for part in told)


def test_what_was_built_in_is_said_of_runs_that_have_it(open_lesson):
    run = Run.open(bundled_run_path())
    told = words.built_in(run.model_config, run.train_config)
    assert "*that* it copies was built in" in told and "counted 10 times" in told
    assert "was built in" in said(open_lesson("training"))
    tuned = words.built_in(run.model_config, run.train_config, "My model")
    assert "went on from “My model”" in tuned and "10.55" not in tuned
    plain = words.built_in(GPTConfig(vocab_size=9), TrainConfig())
    assert "Nothing was built into the run shown" in plain and "copy" not in plain
    rare = words.built_in(GPTConfig(vocab_size=9), replace(TrainConfig(), rare_token_weight=5.0))
    assert "counted 5 times" in rare and "copy" not in rare


@pytest.mark.parametrize(
    ("preset", "sentences"),
    [
        ("classic", ["by AdamW", "100 steps of warm-up", "clipping at 1", "cosine, to 10%"]),
        ("modern", ["by Muon", "no warm-up", "no clipping", "from the first step on, to 0"]),
        ("notebook", ["by AdamW", "no warm-up", "never falls"]),
    ],
)
def test_the_recipe_is_the_runs_own(preset, sentences):
    told = words.recipe(TrainConfig.from_preset(preset))
    assert all(sentence in told for sentence in sentences)


def test_the_averages_are_counted():
    train = TrainConfig(eval_batches=2, batch_size=64)
    assert "over 128 pieces of each text (49,152 tokens)" in words.noise(train, 384)
    assert "of the whole of each text" in words.noise(replace(train, eval_batches=0), 384)


def test_vectors_for_runs_are_asked_for_in_the_form(open_lesson):
    app = open_lesson("training")
    assert "run_rows" not in [box.key for box in app.number_input]
    parameters = re.search(r"\*\*([\d,]+)\*\* parameters", estimate_of(app))
    app.selectbox(key="runs").set_value(5).run()
    app.number_input(key="run_rows").set_value(1000).run()
    assert not app.exception and not start_button(app).disabled
    more = 4 * 1000 * app.number_input(key="width").value
    told = re.search(r"\*\*([\d,]+)\*\* parameters", estimate_of(app))
    count = [int(found.group(1).replace(",", "")) for found in (parameters, told)]
    assert count[1] - count[0] == more
    assert f"A table of {more:,} numbers: {4 * more / 1e6:.1f} MB" in said(app)


def test_the_form_s_runs_and_dealing_reach_the_run(open_lesson, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "ui.services.training.TrainingService.submit",
        lambda self, owner, request, guest: asked.append(request) or "0000000b",
    )
    app = open_lesson("training", runs=3, run_rows=64, run_dropout=0.1, run_rate=0.05)
    app.toggle(key="train_deal").set_value(True).run()
    start_button(app).click().run()
    (request,) = asked
    assert (request.model.ngrams, request.model.ngram_rows, request.model.ngram_dropout) == (
        3, 64, 0.1,
    )  # fmt: skip
    assert request.train.ngram_lr == 0.05 and request.train.deal
    assert "runs of 2 to 3" in request.name
