import math
from functools import partial

import pytest

from gpt_core.bundled import bundled_run_path
from gpt_core.interpret.positions import predict_at, shifted
from gpt_core.training.run import Run
from pages.positions import words
from pages.positions.words import OTHER, SAME
from tests.helpers import metrics, said

PROMPT = "OTTO: A duck?"


@pytest.fixture
def open_positions(open_lesson):
    return partial(open_lesson, "positions", prompt=PROMPT)


def in_bits(nats):
    return f"{nats / math.log(2):.3f}"


def test_rotary_positions_may_be_shifted_and_the_page_says_so(open_positions):
    app = open_positions()
    assert not app.metric
    app.radio(key="emb_guess_rope").set_value(OTHER).run()
    assert not app.exception
    assert f"The answer here: {SAME}" in app.warning[0].value
    assert metrics(app)["Probability that moved"] == "0.00%"
    app.segmented_control(key="emb_how").set_value("removed").run()
    assert not app.exception
    run = Run.open(bundled_run_path())
    moved = predict_at(run.load_model(), run.tokenizer().encode(PROMPT), None)
    assert metrics(app)["Loss before, bits per token"] == in_bits(moved.effect.loss_before)
    assert metrics(app)["Loss after"] == in_bits(moved.effect.loss_after)
    assert metrics(app)["Loss after"] != metrics(app)["Loss before, bits per token"]


@pytest.mark.parametrize(
    ("kind", "truth"), [("learned", OTHER), ("sinusoidal", OTHER), ("rope", SAME), ("none", SAME)]
)
def test_every_kind_of_positions_is_told_truthfully(open_positions, tmp_path, kind, truth):
    app = open_positions(design={"position": kind}, **{f"emb_guess_{kind}": truth})
    assert "**Right.**" in app.success[0].value
    run = Run.open(tmp_path / "0000000a")
    ids = run.tokenizer().encode(PROMPT)
    moved = predict_at(run.load_model(), ids, shifted(len(ids), 10))
    assert metrics(app)["Loss after"] == in_bits(moved.effect.loss_after)
    assert ("Your model has no such table" in said(app)) == (kind != "learned")
    assert said(app).count("this model's]") == (kind != "none")
    for how in ("farther apart", "removed"):
        app.segmented_control(key="emb_how").set_value(how).run()
        assert not app.exception
    moved = predict_at(run.load_model(), ids, None)
    assert metrics(app)["Loss after"] == in_bits(moved.effect.loss_after)


def test_the_products_of_the_rotated_pairs_stay_when_both_tokens_move(open_positions):
    app = open_positions()
    table = app.table[0].value
    one, two = (list(table[name]) for name in table if name.startswith("q·k"))
    q, moved = (list(table[name]) for name in table if name.startswith("q at"))
    assert one == two and q[0] != moved[0]
    shown = [float(value.replace("−", "-")) for value in one]
    assert sum(shown[:-1]) == pytest.approx(shown[-1], abs=0.05)


@pytest.mark.parametrize(
    "model",
    [
        {"n_layer": 1, "n_head": 1, "tie_weights": False, "norm_position": "post"},
        {"n_head": 32, "position": "learned", "norm": "none"},
        {"preset": "modern", "causal": False},
        {"block_size": 1, "position": "none"},
        {"block_size": 2, "position": "learned"},
    ],
)
@pytest.mark.parametrize("prompt", ["N", "OTTO: It was wet, and it wanted warmth. " * 4])
def test_any_model_and_prompt(open_positions, model, prompt):
    kind = model.get("position", "rope" if model.get("preset") else "learned")
    app = open_positions(prompt=prompt, design=model, **{f"emb_guess_{kind}": SAME})
    assert app.header[-1].value == "Test yourself"


def test_nonsense_in_the_address_is_no_error(open_positions):
    app = open_positions(emb_how="sideways", emb_query="9999: x", emb_guess_rope=SAME)
    assert app.header[-1].value == "Test yourself"


def test_an_old_link_to_embeddings_leads_here():
    from course.lessons import MOVED

    assert MOVED["embeddings", "emb_how"] == "positions"
    assert ("embeddings", "emb_token") not in MOVED


@pytest.mark.parametrize("causal", [True, False])
def test_only_a_mask_is_said_to_hint_at_the_order(open_positions, causal):
    told = said(open_positions(design={"causal": causal, "position": "none"}))
    assert ("weak hint" in told) == causal
    assert ("all order would be lost" in told) == (not causal)


def test_two_tokens_that_were_not_moved_are_not_said_to_have_changed():
    assert "brackets change" not in words.products(1.0, 1.0, 5, 2, 0)
    assert "brackets change" in words.products(1.0, 1.0, 5, 2, 3)
