from functools import partial

import pytest

from tests.helpers import said, sent
from tests.pages.conftest import OWN

PROMPT = "Who put a duck?"


@pytest.fixture
def open_attention(open_at):
    """The lesson on a small random model."""
    return partial(open_at, "attention", {}, prompt=PROMPT)


def test_the_lesson_tells_the_shape_of_the_model_and_the_prompt(open_attention):
    app = open_attention()
    assert "2 layers of 2 heads" in said(app)
    assert "T = 15" in said(app)
    assert sent(app, "attention_map")["tokens"][3] == "␣"


@pytest.mark.parametrize(
    "shape",
    [
        {"n_layer": 1, "n_head": 1, "preset": "notebook", "dropout": 0.0},
        {"n_layer": 12, "n_head": 12, "n_embd": 48, "preset": "modern"},
        {"causal": False},
        {"tokenizer": "bpe"},
        {"tokenizer": "word"},
    ],
    ids=str,
)
def test_every_shape_of_model_is_drawn(open_at, shape):
    picture = sent(open_at("attention", shape, prompt=PROMPT), "attention_map")
    assert (picture["layers"], picture["heads"]) == (
        shape.get("n_layer", 2),
        shape.get("n_head", 2),
    )


def test_a_prompt_of_one_token_has_no_loss_but_a_picture(open_attention):
    app = open_attention(prompt="W")
    assert sent(app, "attention_map")["outcome"]["loss_before"] is None
    assert "the only position it may see" in said(app)


def test_an_empty_prompt_gets_one_sentence(open_attention):
    app = open_attention(prompt="")
    assert "The prompt is empty" in app.info[0].value


def test_a_long_prompt_is_cut_and_says_so(open_attention):
    app = open_attention(prompt="duck " * 10)
    assert len(sent(app, "attention_map")["tokens"]) == 32
    assert "32 tokens at a time; the prompt's first 18 are cut" in app.info[0].value


def test_the_url_decides_what_is_locked_and_knocked_out(open_attention, open_at):
    plain = sent(open_attention(), "attention_map")["outcome"]
    chosen = {"head": "1.0", "off": "0.1,1.1", "cell": "4.2"}
    app = open_at("attention", model=OWN, prompt=PROMPT, **chosen)
    picture = sent(app, "attention_map")
    assert picture["selection"] == {"head": [1, 0], "off": [[0, 1], [1, 1]], "cell": [4, 2]}
    assert picture["outcome"]["loss_before"] == pytest.approx(plain["loss_before"])
    assert picture["outcome"]["loss_after"] != pytest.approx(plain["loss_after"])


def test_a_prediction_is_answered_with_what_happened(open_attention):
    app = open_attention()
    assert not app.success
    app.radio[0].set_value("It stays about the same").run()
    assert not app.exception
    (told,) = [*app.success, *app.warning]
    assert "nats per token" in told.value
