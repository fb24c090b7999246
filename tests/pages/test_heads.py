"""The Multi-head lesson on models of many designs, and what its words say against the numbers."""

from functools import partial

import pytest

import ui.services.jobs
from gpt_core.bundled import bundled_run_path
from gpt_core.bundled.record import load
from gpt_core.interpret.attention import trace_attention
from gpt_core.interpret.head_roles import sharpest
from gpt_core.interpret.output_projection import KEPT, output_step
from gpt_core.model import recording
from gpt_core.training.run import Run
from pages.heads.words import PLACES
from tests.helpers import said
from tests.pages.conftest import OWN


@pytest.fixture
def open_heads(open_at):
    return partial(open_at, "heads", prompt="OTTO: A duck?")


def test_the_hand_calculation_shows_the_models_own_number(open_heads, tmp_path):
    app = open_heads(design={"n_head": 4}, heads_layer="1", heads_token="3")
    run = Run.open(tmp_path / OWN)
    model, ids = run.load_model(), run.tokenizer().encode("OTTO: A duck?")
    step = output_step(model, recording.run(model, ids, *KEPT), 1, 3)
    channel = int(step.attn_out.abs().argmax())
    shown = [float(number.replace("−", "-")) for number in app.table[0].value["adds"]]
    assert shown[:4] == pytest.approx(step.parts[:, channel].tolist(), abs=6e-6)
    assert shown[-1] == pytest.approx(step.attn_out[channel].item(), abs=6e-6)
    assert shown[-2] == pytest.approx(shown[-1], abs=2e-5)
    assert f"**number {channel}**" in said(app)
    assert "4 × 8 = 32" in said(app)


def test_recorded_results_are_labelled_and_told(open_heads):
    app = open_heads()
    text = said(app)
    roles, healed = load("head_roles"), load("heal")
    assert text.count("Recorded about the bundled model") == 2  # the values wait for an answer
    clear = sum(head["role"] is not None for head in roles["value"]["heads"])
    assert f"{clear} of 16 heads" in text
    cut = healed["value"]["curve"]
    assert f"**{cut['healed'][0] - cut['twin'][0]:.4f}** nats" in text
    assert "Choose an answer first" in text


@pytest.mark.parametrize("guess", PLACES)
def test_the_answer_comes_from_the_measured_values(open_heads, guess):
    app = open_heads()
    ids = Run.open(bundled_run_path()).tokenizer().encode("OTTO: A duck?")
    model = Run.open(bundled_run_path()).load_model()
    sharp = sharpest(trace_attention(model, ids).pattern)
    (question,) = [radio for radio in app.radio if radio.key.startswith("heads_guess")]
    assert question.key.endswith(f"{sharp[0]}_{sharp[1]}")
    question.set_value(guess).run()
    assert not app.exception
    measured = load("head_value")["value"]["heads"]
    order = sorted(measured, key=lambda head: -head["zero"][0])
    place = [tuple(head["head"]) for head in order].index(sharp)
    truth = PLACES[0] if place == 0 else PLACES[1] if place < 8 else PLACES[2]
    text = said(app)
    assert f"It is {truth}: place {place + 1} of 16" in text
    assert ("✓ **Right.**" in text) == (guess == truth)
    assert ("✗ **Not quite.**" in text) == (guess != truth)
    assert f"**{order[0]['zero'][0]:.4f}** nats per token" in text


DESIGNS = {
    "one head in one layer": {"n_layer": 1, "n_head": 1},
    "modern": {"preset": "modern"},
    "post-norm, not causal": {"norm_position": "post", "causal": False, "norm": "batchnorm"},
    "no positions, no norm": {"position": "none", "norm": "none", "tie_weights": False},
    "many heads, short context": {"n_layer": 6, "n_head": 16, "block_size": 3},
}


@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS)
@pytest.mark.parametrize("prompt", ["OTTO: A duck?", "O"], ids=["words", "one token"])
def test_the_lesson_opens_on_every_design(open_heads, design, prompt):
    app = open_heads(prompt=prompt, design=design)
    single = design.get("n_head") == 1
    assert bool(app.radio) != single
    assert ("single head" in said(app)) == single
    assert "Recorded" not in said(app)


def test_nonsense_in_the_address_is_no_error(open_heads):
    app = open_heads(
        heads_layer="9", heads_token="-1", head="99.99", heads_gone="7.7", heads_steps="1e9",
        heads_seed="x", heads_draw="-5", heads_kind="nobody",
    )  # fmt: skip
    assert "layer 0, head 0" in said(app).lower()


def test_a_model_of_ones_own_is_measured_by_a_button(open_heads, monkeypatch):
    started = []
    monkeypatch.setattr(
        ui.services.jobs.JobService, "start", lambda self, key, folder, visitor: started.append(key)
    )
    app = open_heads(design={})
    (button,) = [button for button in app.button if button.label == "Find roles"]
    button.click().run()
    assert not app.exception
    assert started[0][0] == "head_roles"


def test_a_sequence_said_twice_may_be_the_prompt(open_heads):
    app = open_heads(prompt="OTTO OTTO", design={}, heads_kind="your prompt")
    assert "The first time these tokens cost" in said(app)
