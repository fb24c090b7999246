"""The link to what is seen: it says everything, and opens the same."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.helpers import said, sent, write_run
from ui.app.whole_link import OTHER_WEIGHTS, weights_of
from ui.services.caches import RESULTS
from ui.services.models import load

MODEL = "0000000a"


@pytest.fixture(autouse=True)
def run(tmp_path):
    write_run(tmp_path, MODEL)


def link_of(app):
    app.button(key="whole_link").click().run()
    assert not app.exception
    link = sent(app, "copied_link")["link"]
    assert "weights=" in link
    return {name: texts[0] for name, texts in parse_qs(urlsplit(link).query).items()}


@pytest.mark.parametrize(
    "lesson", ["layernorm", "embeddings", "positions", "training", "averaging"]
)
def test_the_link_says_the_value_of_every_widget_and_opens_the_same(open_at, lesson):
    app = open_at(lesson, model=MODEL, prompt="NADIA: Who put")
    query = link_of(app)
    assert query["model"] == MODEL
    assert query["prompt"] == "NADIA: Who put"
    kinds = (app.slider, app.select_slider, app.selectbox, app.number_input, app.toggle)
    bound = {w.key for kind in kinds for w in kind if w.key and w.proto.query_param_key}
    assert bound
    assert bound - {"model"} <= set(query)
    assert link_of(open_at(lesson, **query)) == query


def test_what_was_chosen_is_in_it(open_at):
    app = open_at("layernorm", model=MODEL, prompt="NADIA: Who put")
    app.select_slider(key="norm_token").set_value(2).run()
    assert link_of(app)["norm_token"] == "2"


def test_a_link_made_with_other_weights_says_so(open_at, tmp_path):
    app = open_at("layernorm", model=MODEL, prompt="NADIA: Who put")
    query = link_of(app)
    assert OTHER_WEIGHTS not in said(open_at("layernorm", **query))
    write_run(tmp_path / "other", MODEL, seed=1)
    new = tmp_path / "other" / MODEL / "model.safetensors"
    new.replace(tmp_path / MODEL / "model.safetensors")
    app = open_at("layernorm", **query)
    assert OTHER_WEIGHTS in said(app)
    app.selectbox(key="model").set_value("bundled").run()
    assert OTHER_WEIGHTS not in said(app)


def test_a_run_that_was_deleted_meanwhile_is_no_error(open_at, tmp_path):
    query = {"model": MODEL, "prompt": "NADIA: Who put", "weights": "0" * 12}
    open_at("layernorm", **query)
    loaded = load(MODEL)
    RESULTS.clear()
    (tmp_path / MODEL / "model.safetensors").unlink()
    assert weights_of(loaded) == ""


def test_the_same_weights_elsewhere_are_the_same(open_at, tmp_path):
    query = link_of(open_at("layernorm", model=MODEL, prompt="NADIA: Who put"))
    (tmp_path / MODEL).rename(tmp_path / "0000000b")
    app = open_at("layernorm", **query | {"model": "0000000b"})
    assert OTHER_WEIGHTS not in said(app)
