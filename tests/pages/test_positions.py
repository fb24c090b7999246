import math
from functools import partial

import pytest
import torch

from gpt_core.bundled import bundled_run_path
from gpt_core.interpret.attention import Ablation
from gpt_core.interpret.positions import Moved, predict_at, shifted
from gpt_core.training.run import Run
from pages.positions import words
from pages.positions.words import OTHER, SAME
from tests.helpers import metrics, said, tables

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
    ("kind", "truth"), [("learned", OTHER), ("sinusoidal", OTHER), ("rope", SAME)]
)
def test_every_kind_of_positions_is_told_truthfully(open_positions, tmp_path, kind, truth):
    app = open_positions(design={"position": kind}, **{f"emb_guess_{kind}": truth})
    assert "**Right.**" in app.success[0].value
    run = Run.open(tmp_path / "0000000a")
    ids = run.tokenizer().encode(PROMPT)
    moved = predict_at(run.load_model(), ids, shifted(len(ids), 10))
    assert metrics(app)["Loss after"] == in_bits(moved.effect.loss_after)
    assert ("Your model has no such table" in said(app)) == (kind != "learned")
    assert said(app).count("this model's]") == 1
    for how in ("farther apart", "removed"):
        app.segmented_control(key="emb_how").set_value(how).run()
        assert not app.exception
    moved = predict_at(run.load_model(), ids, None)
    assert metrics(app)["Loss after"] == in_bits(moved.effect.loss_after)


@pytest.mark.parametrize(
    ("design", "truth", "why"),
    [
        ({"n_layer": 1}, SAME, "With one layer"),
        ({"n_layer": 2}, OTHER, "Later layers read those"),
        ({"n_layer": 2, "causal": False}, SAME, "without a mask"),
        ({"n_layer": 1, "ngrams": 2}, OTHER, "vectors for runs of tokens"),
    ],
)
def test_without_positions_it_is_asked_what_a_swap_changes(
    open_positions, tmp_path, design, truth, why
):
    app = open_positions(design={"position": "none"} | design)
    (question,) = app.radio
    assert "no position" not in question.label and "change places" in said(app)
    question.set_value(SAME).run()
    assert not app.exception
    run = Run.open(tmp_path / "0000000a")
    model, ids = run.load_model(), run.tokenizer().encode(PROMPT)
    other = [ids[1], ids[0], *ids[2:]]  # O and T of OTTO
    one, two = (model(torch.tensor([each]))[0][0, -1].softmax(-1) for each in (ids, other))
    share = (one - two).abs().sum().item() / 2
    assert (share >= words.NOTICED) == (truth == OTHER)
    told = (app.success or app.warning)[0].value
    assert ("**Right.**" in told) == (truth == SAME)
    assert f"{100 * share:.2f}% of the probability moved" in told
    assert why in told
    assert "Shift or stretch" not in said(app)  # there is nothing to shift


def test_a_model_is_sent_to_a_preset_with_other_positions_than_its_own():
    assert "*modern*" in words.to_try("learned")[-1]
    assert "*classic*" in words.to_try("rope")[-1]
    assert len(words.to_try("none")) == 2


def test_a_loss_that_stays_does_not_go_from_a_number_to_the_same():
    def told(after):
        return words.loss_in_words(Moved(Ablation(None, None, 1.0, after), 0.0), 9)

    assert "stays at **1.443** bits" in told(1.0)
    assert "goes from **1.443** to **1.587**" in told(1.1)
    assert "goes from **1.443** to **1.44·10⁷**" in told(1e7)


def test_the_products_of_the_rotated_pairs_stay_when_both_tokens_move(open_positions):
    app = open_positions()
    table = tables(app)[0]
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
