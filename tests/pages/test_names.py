"""A text with a hostile name, and a run that learned it: no lesson gives the name to Markdown."""

import shutil
from dataclasses import replace

import pytest

from corpus import Corpus, bundled
from gpt_core.bundled import bundled_run_path
from gpt_core.training.run import read_json, write_json
from tests.ui.test_training import request
from ui.services.training import training_service
from ui.services.worker import MachineLock

NAME = "![x](https:somewhere.example) :red[www.y.example]"
LESSONS = ["home", "data", "sitcom", "tokenization", "embeddings", "averaging", "attention"]
LESSONS += ["heads", "residual", "mlp", "layernorm", "normalization", "training", "one_step"]
LESSONS += ["head_born", "sample", "surprise", "scrape", "glossary", "patching"]
LESSONS += ["positions"]
LESSONS += ["head_importance"]
# A chart's words are drawn, not read as Markdown.
PLAIN = (
    *("selectbox", "multiselect", "arrow_data_frame", "code", "text_area", "text_input"),
    "vega_lite_chart",
)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder of runs with one whose text has a hostile name, and with two of its snapshots."""
    root = tmp_path_factory.mktemp("runs")
    run = root / "a.run"
    shutil.copytree(bundled_run_path(), run)
    for snapshot in sorted((run / "snapshots").iterdir())[2:]:
        snapshot.unlink()
    config = read_json(run / "config.json")
    config["corpus"]["name"] = NAME
    write_json(run / "config.json", config)
    return root


def texts(message):
    """All texts in a protobuf message and in those inside it."""
    for field, value in message.ListFields():
        for each in value if isinstance(value, (list, tuple)) or field.is_repeated else [value]:
            if isinstance(each, str):
                yield each
            elif hasattr(each, "ListFields"):
                yield from texts(each)


def given_to_markdown(app):
    """What an app shows that holds the name, elsewhere than in places that show plain text."""
    return [
        (element.type, text)
        for element in app
        if element.type not in PLAIN and getattr(element, "proto", None) is not None
        for text in texts(element.proto)
        if "https:s" in text or "![x]" in text or "www.y.example" in text
    ]


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_lesson_gives_it_to_markdown(lesson, open_lesson, root, monkeypatch):
    monkeypatch.setenv("GPT_RUNS", str(root))
    chosen = Corpus(NAME, bundled().text[:5000])
    app = open_lesson(lesson, "OTTO: Hm.", model="a.run", chosen_corpus=chosen)
    assert not given_to_markdown(app)


def test_a_run_of_a_text_of_that_name_is_shown_and_can_be_deleted(open_lesson, monkeypatch):
    monkeypatch.setattr(MachineLock, "acquire", lambda self, held=None: None)  # nothing trains
    open_lesson("home")
    training_service.reset()
    run = training_service().submit("a" * 32, replace(request(), corpus_name=NAME, name=NAME))
    app = open_lesson("training", visitor_id="b" * 32, run=run)
    assert any("somewhere" in element.value for element in app.caption)
    assert not given_to_markdown(app)
    training_service().stop("a" * 32, run)
    app = open_lesson("training", visitor_id="a" * 32, run=run)
    app.button(key="delete_run").click().run()
    assert not given_to_markdown(app)
    training_service.reset()
