import json
import struct

import pytest
import torch

from tests.helpers import app_at, write_run


@pytest.fixture
def open_lesson(tmp_path, monkeypatch):
    """Run the lesson through the main script on a small run of its own."""
    torch.set_num_threads(1)
    monkeypatch.setenv("GPT_RUNS", str(tmp_path))

    def run(prompt="Who put a duck?", **options):
        params = options.pop("params", {})
        if not (tmp_path / "00000001").exists():
            write_run(tmp_path, "00000001", **options)
        app = app_at("attention")
        for name, value in {"model": "00000001", "prompt": prompt, **params}.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception, app.exception
        return app

    return run


def words(app):
    return "\n".join(element.value for element in app.markdown)


def header(app):
    """The JSON header of the message that the picture was sent."""
    (picture,) = [
        node.proto
        for node in app.main.get("bidi_component")
        if node.proto.component_name == "attention_map"
    ]
    (length,) = struct.unpack_from("<I", picture.bytes)
    return json.loads(picture.bytes[4 : 4 + length])


def test_the_lesson_tells_the_shape_of_the_model_and_the_prompt(open_lesson):
    app = open_lesson()
    assert "2 layers of 2 heads" in words(app)
    assert "T = 15" in words(app)
    assert header(app)["tokens"][3] == "␣"


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
def test_every_shape_of_model_is_drawn(open_lesson, shape):
    sent = header(open_lesson(**shape))
    assert (sent["layers"], sent["heads"]) == (shape.get("n_layer", 2), shape.get("n_head", 2))


def test_a_prompt_of_one_token_has_no_loss_but_a_picture(open_lesson):
    app = open_lesson("W")
    assert header(app)["outcome"]["loss_before"] is None
    assert "the only position it may see" in words(app)


def test_an_empty_prompt_gets_one_sentence(open_lesson):
    app = open_lesson("")
    assert "The prompt is empty" in app.info[0].value


def test_a_long_prompt_is_cut_and_says_so(open_lesson):
    app = open_lesson("duck " * 10)
    assert len(header(app)["tokens"]) == 32
    assert "32 tokens at a time; the prompt's first 18 are cut" in app.info[0].value


def test_the_url_decides_what_is_locked_and_knocked_out(open_lesson):
    plain = header(open_lesson())
    sent = header(open_lesson(params={"head": "1.0", "off": "0.1,1.1", "cell": "4.2"}))
    assert sent["selection"] == {"head": [1, 0], "off": [[0, 1], [1, 1]], "cell": [4, 2]}
    assert sent["outcome"]["loss_before"] == pytest.approx(plain["outcome"]["loss_before"])
    assert sent["outcome"]["loss_after"] != pytest.approx(plain["outcome"]["loss_after"])


def test_a_prediction_is_answered_with_what_happened(open_lesson):
    app = open_lesson()
    assert not app.success
    app.radio[0].set_value("It stays about the same").run()
    assert not app.exception
    (told,) = [*app.success, *app.warning]
    assert "nats per token" in told.value
