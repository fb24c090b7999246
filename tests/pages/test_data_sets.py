"""Fetching a well-known text in the Data lesson, from a server on this machine."""

import hashlib
from dataclasses import replace

import pytest

from corpus import datasets
from tests.loopback import loopback

TEXT = "First Citizen:\nBefore we proceed any further, hear me speak.\n" * 400


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("GPT_CACHE", str(tmp_path / "cache"))
    content = TEXT.encode()
    with loopback() as server:
        small = replace(
            datasets.TINY_SHAKESPEARE,
            url=f"{server.address}/input.txt",
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
        )
        monkeypatch.setitem(datasets.DATA_SETS, small.name, small)
        server.files["/input.txt"] = content
        yield server


def choose(open_lesson):
    app = open_lesson("data")
    return app.radio(key="text_source").set_value("A well-known text").run()


def test_it_is_fetched_only_when_asked_for_and_then_kept(open_lesson, server):
    app = choose(open_lesson)
    assert app.button(key="fetch_data_set").label == "Fetch Tiny Shakespeare"
    assert server.requests == []
    app.button(key="fetch_data_set").click().run()
    assert not app.exception and not app.error
    assert "Tiny Shakespeare" in app.success[0].value and f"{len(TEXT):,}" in app.success[0].value
    assert app.metric[0].value == f"{len(TEXT):,}"
    assert app.button(key="fetch_data_set").label == "Use Tiny Shakespeare"
    assert server.requests == ["/input.txt"]


@pytest.mark.parametrize("fault", ["gone", "changed", "offline"])
def test_what_goes_wrong_is_one_sentence_and_the_text_stays(open_lesson, server, fault):
    if fault == "gone":
        server.files.clear()
    elif fault == "changed":
        server.files["/input.txt"] = b"other"
    else:
        name = "Tiny Shakespeare"
        url = "http://127.0.0.1:9/input.txt"
        datasets.DATA_SETS[name] = replace(datasets.DATA_SETS[name], url=url)
    app = choose(open_lesson)
    app.button(key="fetch_data_set").click().run()
    assert not app.exception
    words = {"gone": "answered 404", "changed": "not the published file", "offline": "go online"}
    assert [words[fault] in error.value for error in app.error] == [True]
    assert "The Spin Cycle" in app.success[0].value
