"""Training's form for a run that goes on from the model at the top."""

from dataclasses import replace

import pytest

import corpus
from gpt_core.adapters.ways import count_trained
from gpt_core.model.config import GPTConfig
from gpt_core.training.config import TrainConfig
from pages.training import words
from pages.training.preparing import Known
from tests.helpers import TEXT, said
from tests.pages.conftest import OWN
from ui.services.runs import PUBLIC_LIMITS, Limits, RunRequest, Setup, TrainingError
from ui.services.training import training_service


@pytest.fixture(autouse=True)
def own_service(open_lesson):
    """A service of this test's own folder."""
    training_service.reset()
    yield
    training_service.reset()


def from_this_model(open_lesson, text=TEXT, **state):
    state.setdefault("design", {"text": TEXT})
    return open_lesson(
        "training", chosen_corpus=corpus.from_paste(text), train_from="this model", **state
    )


def test_the_model_s_design_and_tokenizer_are_kept(open_lesson):
    app = from_this_model(open_lesson)
    assert f"Folder: {OWN}" in said(app) and "char, " in said(app)
    keys = {w.key for w in (*app.number_input, *app.button_group)}
    assert {"tune", "tune_steps", "tune_learning_rate"} <= keys
    assert not {"train_tokenizer", "design", "layers", "train_steps"} & keys
    assert not app.button(key="start_run").disabled and not app.error


def test_what_is_asked_for_is_what_is_submitted(open_lesson, monkeypatch):
    asked = []

    def submit(visitor, request, guest=False):
        asked.append(request)
        raise ValueError("The queue is full; try again in a minute.")

    monkeypatch.setattr(training_service(), "submit", submit)
    app = from_this_model(open_lesson)
    app.button_group(key="tune").set_value("lora").run()
    app.number_input(key="tune_rank").set_value(3).run()
    app.number_input(key="tune_steps").set_value(40).run()
    app.button(key="start_run").click().run()
    (request,) = asked
    assert request.start.name == f"Folder: {OWN}" and request.text == TEXT
    train = request.train
    assert (train.tune, train.lora_rank, train.steps, train.optimizer) == ("lora", 3, 40, "adamw")
    assert request.model == request.start.model.config
    trained = count_trained(request.model, "lora", 3)
    assert f"of which **{trained:,}** are trained" in said(app)


def test_what_it_does_not_know_is_said_before_anything_runs(open_lesson):
    app = from_this_model(open_lesson, TEXT + "ΩΩΩ")
    (warning,) = app.warning
    assert "`Ω` (3 times)" in warning.value and not app.button(key="start_run").disabled
    app = from_this_model(open_lesson, "Ωμέγα και άλφα " * 300, model=OWN, design=None)
    assert words.TOO_MUCH_UNKNOWN in app.error[0].value
    assert app.button(key="start_run").disabled


def test_unknown_characters_in_words():
    few = words.unknown_characters(Known((("é", 2),), 0.001))
    assert "`é` (2 times)." in few and "0.1% of" in few
    many = words.unknown_characters(Known(tuple((c, 1) for c in "abcdefgh"), 0.01))
    assert "`e` (1 times) and 3 others." in many


@pytest.fixture
def ask(open_lesson):
    """ask(limits, tune) is the service's refusal of a GPT-2, or None."""
    gpt2 = GPTConfig(50_257, block_size=1024, n_layer=12, n_head=12, n_embd=768)

    def ask(limits, tune):
        train = TrainConfig(steps=100, batch_size=1, tune=tune)
        request = RunRequest(
            "tuned", "text", TEXT, None, gpt2, train, 124_439_808, start="whatever is not None"
        )
        service = training_service()
        service.limits = limits
        try:
            service.check(request)
        except TrainingError as error:
            return str(error)
        return None

    return ask


def test_limits_go_by_what_is_trained(ask, monkeypatch):
    monkeypatch.setattr("ui.services.training.free_memory", lambda: None)
    large = Limits(memory_bytes=16e9)
    assert "124,439,808 parameters would be trained; at most 50,000,000" in ask(large, "all")
    assert ask(large, "last") is None and ask(large, "lora") is None
    assert "7,089,408 parameters would be trained" in ask(PUBLIC_LIMITS, "last")


def test_missing_memory_is_said_as_a_number(ask, monkeypatch):
    monkeypatch.setattr("ui.services.training.free_memory", lambda: None)
    refused = ask(replace(Limits(), memory_bytes=1.0e9), "lora")
    assert (
        refused.startswith("This would take about 3.7 GB") and "there are 1.0 GB for it" in refused
    )
    assert "GB are missing." in refused
    monkeypatch.setattr("ui.services.training.free_memory", lambda: 500_000_000)
    assert "there are 0.5 GB for it" in ask(Limits(memory_bytes=16e9), "lora")


def test_a_tuned_run_says_what_it_went_on_from():
    model, train = GPTConfig(50), TrainConfig(tune="lora", lora_rank=2)
    told = words.tuned(Setup(model=model, train=train, start="*odd*"))
    assert "goes on from “\\*odd\\*”: LoRA" in told
    assert f"{count_trained(model, 'lora', 2):,} numbers trained" in told
    assert words.tuned(Setup(model=model, train=train)) == ""
