import json
from functools import partial

import pytest

from gpt_core.bundled import bundled_run_path
from gpt_core.interpret.embeddings import nearest
from gpt_core.interpret.positions import predict_at, shifted
from gpt_core.training.run import Run
from pages.embeddings.map import label_of
from pages.embeddings.words import OTHER, SAME
from tests.helpers import metrics, said
from ui.show.tokens import visible

PROMPT = "OTTO: A duck?"


@pytest.fixture
def open_embeddings(open_lesson):
    return partial(open_lesson, "embeddings", prompt=PROMPT)


def test_a_searched_token_is_found_and_its_neighbours_are_the_tables_own(open_embeddings):
    run = Run.open(bundled_run_path())
    tokenizer, table = run.tokenizer(), run.load_model().wte.weight.detach()
    app = open_embeddings()
    assert app.selectbox(key="emb_token").options[0] == label_of(
        tokenizer, tokenizer.encode(PROMPT)[0]
    )
    app.text_input(key="emb_search").set_value("monday").run()
    options = app.selectbox(key="emb_token").options
    (monday,) = tokenizer.encode(" Monday")
    assert label_of(tokenizer, monday) in options
    app.selectbox(key="emb_token").set_value(label_of(tokenizer, monday)).run()
    assert not app.exception
    assert f"is row {monday} of the table" in said(app)
    near = [tokenizer.token_text(i) for i, _ in nearest(table, monday, 8)]
    figures = [json.loads(chart.proto.spec) for chart in app.main.get("plotly_chart")]
    labels = [figure["layout"].get("yaxis", {}).get("ticktext") for figure in figures]
    assert [f"<b>{visible(name)}</b>" for name in near] in labels
    app.text_input(key="emb_search").set_value("qqqq").run()
    assert not app.exception
    assert "No token of this model holds" in said(app)


def test_rotary_positions_may_be_shifted_and_the_page_says_so(open_embeddings):
    app = open_embeddings()
    assert not app.metric
    app.radio(key="emb_guess_rope").set_value(OTHER).run()
    assert not app.exception
    assert f"The answer here: {SAME}" in app.warning[0].value
    assert metrics(app)["Probability that moved"] == "0.00%"
    app.segmented_control(key="emb_how").set_value("removed").run()
    assert not app.exception
    run = Run.open(bundled_run_path())
    moved = predict_at(run.load_model(), run.tokenizer().encode(PROMPT), None)
    assert metrics(app)["Loss before"] == f"{moved.effect.loss_before:.3f}"
    assert metrics(app)["Loss after"] == f"{moved.effect.loss_after:.3f}"
    assert metrics(app)["Loss after"] != metrics(app)["Loss before"]


@pytest.mark.parametrize(
    ("kind", "truth"), [("learned", OTHER), ("sinusoidal", OTHER), ("rope", SAME), ("none", SAME)]
)
def test_every_kind_of_positions_is_told_truthfully(open_embeddings, tmp_path, kind, truth):
    app = open_embeddings(design={"position": kind}, **{f"emb_guess_{kind}": truth})
    assert "**Right.**" in app.success[0].value
    run = Run.open(tmp_path / "0000000a")
    ids = run.tokenizer().encode(PROMPT)
    moved = predict_at(run.load_model(), ids, shifted(len(ids), 10))
    assert metrics(app)["Loss after"] == f"{moved.effect.loss_after:.3f}"
    assert ("Your model has no such table" in said(app)) == (kind != "learned")
    assert said(app).count("this model's]") == (kind != "none")
    for how in ("farther apart", "removed"):
        app.segmented_control(key="emb_how").set_value(how).run()
        assert not app.exception
    moved = predict_at(run.load_model(), ids, None)
    assert metrics(app)["Loss after"] == f"{moved.effect.loss_after:.3f}"


def test_the_products_of_the_rotated_pairs_stay_when_both_tokens_move(open_embeddings):
    app = open_embeddings()
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
def test_any_model_and_prompt(open_embeddings, model, prompt):
    kind = model.get("position", "rope" if model.get("preset") else "learned")
    app = open_embeddings(
        prompt=prompt, design=model, **{f"emb_guess_{kind}": SAME}, emb_which="nonsense"
    )
    assert app.header[-1].value == "Try this"


def test_nonsense_in_the_address_is_no_error(open_embeddings):
    app = open_embeddings(
        emb_token="no such token", emb_search="\x00<b>`", emb_how="sideways", emb_query="9999: x",
        emb_guess_rope=SAME,
    )  # fmt: skip
    assert app.header[-1].value == "Try this"
