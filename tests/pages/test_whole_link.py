"""The link to what is seen: it says everything, and opens the same."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.helpers import app_at, write_run
from ui.app.whole_link import OTHER_WEIGHTS, weights_of
from ui.services.caches import RESULTS
from ui.services.models import load

MODEL = "0000000a"


@pytest.fixture
def open_at(tmp_path, monkeypatch):
    monkeypatch.setenv("GPT_RUNS", str(tmp_path))
    write_run(tmp_path, MODEL)

    def open_(lesson, **query):
        app = app_at(lesson)
        app.query_params.update(query)
        app.run()
        assert not app.exception
        return app

    return open_


def link_of(app):
    app.button(key="whole_link").click().run()
    assert not app.exception
    (code,) = [block.value for block in app.code if "weights=" in block.value]
    return {name: texts[0] for name, texts in parse_qs(urlsplit(code).query).items()}


def captions(app):
    return " ".join(caption.value for caption in app.caption)


@pytest.mark.parametrize("lesson", ["layernorm", "embeddings", "training", "averaging"])
def test_the_link_says_the_value_of_every_widget_and_opens_the_same(open_at, lesson):
    app = open_at(lesson, model=MODEL, prompt="NADIA: Who put")
    said = link_of(app)
    assert said["model"] == MODEL
    assert said["prompt"] == "NADIA: Who put"
    kinds = (app.slider, app.select_slider, app.selectbox, app.number_input, app.toggle)
    bound = {w.key for kind in kinds for w in kind if w.key and w.proto.query_param_key}
    assert len(bound) > 1
    assert bound - {"model"} <= set(said)
    assert link_of(open_at(lesson, **said)) == said


def test_what_was_chosen_is_in_it(open_at):
    app = open_at("layernorm", model=MODEL, prompt="NADIA: Who put")
    app.select_slider(key="norm_token").set_value(2).run()
    assert link_of(app)["norm_token"] == "2"


def test_a_link_made_with_other_weights_says_so(open_at, tmp_path):
    app = open_at("layernorm", model=MODEL, prompt="NADIA: Who put")
    said = link_of(app)
    assert OTHER_WEIGHTS not in captions(open_at("layernorm", **said))
    write_run(tmp_path / "other", MODEL, seed=1)
    new = tmp_path / "other" / MODEL / "model.safetensors"
    new.replace(tmp_path / MODEL / "model.safetensors")
    app = open_at("layernorm", **said)
    assert OTHER_WEIGHTS in captions(app)
    app.selectbox(key="model").set_value("bundled").run()
    assert OTHER_WEIGHTS not in captions(app)


def test_a_run_that_was_deleted_meanwhile_is_no_error(open_at, tmp_path):
    said = {"model": MODEL, "prompt": "NADIA: Who put", "weights": "0" * 12}
    open_at("layernorm", **said)
    loaded = load(MODEL)
    RESULTS.clear()
    (tmp_path / MODEL / "model.safetensors").unlink()
    assert weights_of(loaded) == ""


def test_the_same_weights_elsewhere_are_the_same(open_at, tmp_path):
    said = link_of(open_at("layernorm", model=MODEL, prompt="NADIA: Who put"))
    (tmp_path / MODEL).rename(tmp_path / "0000000b")
    app = open_at("layernorm", **said | {"model": "0000000b"})
    assert OTHER_WEIGHTS not in captions(app)
