"""The link to what is seen: it says everything, and opens the same."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from corpus import from_paste, from_upload
from tests.helpers import long_after, said, sent, write_run
from ui.app.chosen_text import NOT_HERE, NOT_IN_LINK, Upload
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


# ---- The text ----


@pytest.mark.parametrize("lesson", ["data", "tokenization", "surprise", "training", "tuning"])
def test_a_generated_text_is_in_the_link(open_at, lesson):
    app = open_at("data", text_source="The sitcom, generated", scenes="100", text_seed="7")
    app.button(key="use_sitcom").click().run()
    assert app.query_params["text"] == "sitcom-100-7"
    chosen = app.session_state["chosen_corpus"]
    app.switch_page(f"../pages/{lesson}/page.py").run()
    assert link_of(app)["text"] == "sitcom-100-7"
    fresh = open_at(lesson, text="sitcom-100-7")
    assert fresh.session_state["chosen_corpus"].text == chosen.text
    assert NOT_HERE not in said(fresh)


def test_the_bundled_text_is_in_it_too_and_where_no_text_is_shown_none(open_at):
    assert link_of(open_at("data"))["text"] == "bundled"
    assert "text" not in link_of(open_at("layernorm"))


def test_a_text_of_ones_own_is_in_no_link_and_both_ends_say_so(open_at):
    app = open_at("data", text_source="Paste a text")
    app.text_area(key="pasted_text").set_value("A duck sat down in the dryer. " * 100)
    app.button[[b.label for b in app.button].index("Use this text")].click().run()
    assert not app.exception and NOT_IN_LINK in said(app)
    app.switch_page("../pages/surprise/page.py").run()
    assert re.fullmatch("own-[0-9a-f]{8}", link_of(app)["text"])
    assert NOT_IN_LINK in sent(app, "copied_link")["copied"]
    assert NOT_IN_LINK in sent(app, "copied_link")["by_hand"]
    assert NOT_HERE not in said(app)
    assert NOT_HERE in said(open_at("surprise", text="own-01234567"))


@pytest.mark.parametrize("text", ["sitcom-999999-1", "sitcom-100-1x", "tiny-shakespeare", "../own"])
def test_a_text_that_is_not_to_be_had_is_said_to_be_missing(open_at, monkeypatch, tmp_path, text):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    app = open_at("surprise", text=text)
    assert NOT_HERE in said(app)
    assert "chosen_corpus" not in app.session_state


def test_ones_own_text_is_there_again_after_a_links(open_at):
    app = open_at("surprise", text="bundled")
    own = from_paste("A duck sat down in the dryer. " * 100)
    app.session_state["own_text"] = "own-01234567", own, None
    app.query_params["text"] = "own-01234567"
    app.run()
    assert app.session_state["chosen_corpus"] is own
    assert NOT_HERE not in said(app)


def test_a_file_whose_encoding_was_guessed_gives_way_to_a_links_text(open_at):
    app = open_at("data")
    data = ("Ein Schwan saß im Trockner, größer als ein Stuhl. " * 100).encode("cp1252")
    app.session_state["chosen_corpus"] = guessed = from_upload("a.txt", data)
    app.session_state["chosen_upload"] = Upload("1", "a.txt", data)
    app.session_state["chosen_name"] = "own-01234567"
    assert guessed.readings
    app.query_params["text"] = "sitcom-100-7"
    app.query_params["text_source"] = "The sitcom, generated"
    app.run()
    assert not app.exception
    assert app.session_state["chosen_corpus"].text != guessed.text


def test_what_a_teacher_shows_is_on_the_teachers_text(open_at):
    """Who was on another text is back on the bundled one."""
    app = open_at("surprise", text="sitcom-100-7")
    long_after(app)
    app.query_params["text"] = "bundled"
    app.run()
    assert app.session_state["chosen_corpus"] is None
