"""A text with a hostile name, and a run that learned it: no lesson gives the name to Markdown."""

import shutil

import pytest

from corpus import Corpus, bundled
from gpt_core.bundled import bundled_run_path
from gpt_core.run import read_json, write_json

NAME = "![x](https:somewhere.example) :red[www.y.example]"
LESSONS = ["home", "data", "sitcom", "tokenization", "embeddings", "averaging", "attention"]
LESSONS += ["heads", "residual", "mlp", "layernorm", "normalization", "training", "one_step"]
LESSONS += ["head_born", "sample"]
PLAIN = ("selectbox", "multiselect", "arrow_data_frame", "code", "text_area", "text_input")


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


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_lesson_gives_it_to_markdown(lesson, open_lesson, root, monkeypatch):
    monkeypatch.setenv("GPT_RUNS", str(root))
    chosen = Corpus(NAME, bundled().text[:5000])
    app = open_lesson(lesson, "OTTO: Hm.", model="a.run", chosen_corpus=chosen)
    shown = [
        (element.type, text)
        for element in app
        if element.type not in PLAIN and getattr(element, "proto", None) is not None
        for text in texts(element.proto)
        if "x.example" in text.replace("\u2060", "") or "https:s" in text or "![x]" in text
    ]
    assert not shown
