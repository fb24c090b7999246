"""Data sets and downloads, from a server on this machine."""

import hashlib
from dataclasses import replace

import pytest

from corpus import CorpusError
from corpus.datasets import DATA_SETS, TINY_SHAKESPEARE, load
from corpus.download import DownloadError, cache_folder, download
from tests.loopback import loopback

TEXT = "First Citizen:\nBefore we proceed any further, hear me speak.\n" * 3_000


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GPT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def server():
    with loopback() as server:
        server.files["/input.txt"] = TEXT.encode()
        yield server


@pytest.fixture
def small(server):
    """A data set as the real one is described, but published by our server."""
    content = TEXT.encode()
    return replace(
        TINY_SHAKESPEARE,
        url=f"{server.address}/input.txt",
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
    )


def left_behind(cache):
    return [path.name for path in cache.rglob("*") if path.is_file()]


def test_fetched_once_then_from_the_cache(small, server, cache):
    seen = []
    assert not small.cached
    first = load(small, lambda size, total: seen.append((size, total)))
    assert first.text == TEXT and first.name == "Tiny Shakespeare"
    assert seen[-1] == (small.size, small.size) and len(seen) > 1
    assert [size for size, _ in seen] == sorted(size for size, _ in seen)
    assert small.cached and left_behind(cache) == [small.path.name]
    server.files.clear()
    assert load(small) == first
    assert server.requests == ["/input.txt"]


def test_a_changed_cache_is_fetched_again(small, server):
    load(small)
    small.path.write_text("something else")
    assert load(small).text == TEXT
    assert len(server.requests) == 2


def test_another_file_is_thrown_away(small, server, cache):
    server.files["/input.txt"] = TEXT.encode()[:-1] + b"!"
    with pytest.raises(CorpusError, match=r"not the published file .*sha256.*thrown away"):
        load(small)
    assert left_behind(cache) == []


def test_a_file_that_never_ends_is_given_up(small, server, cache):
    server.endless.add("/input.txt")
    with pytest.raises(CorpusError, match="larger than the 0.2 MB that were expected"):
        load(small)
    assert left_behind(cache) == []


def test_a_slow_file_is_given_up(small, server, cache):
    server.endless.add("/input.txt")
    with pytest.raises(DownloadError, match="too long"):
        download(small.url, cache / "x", max_bytes=10**9, seconds=0.05)
    assert left_behind(cache) == []


def test_a_file_that_breaks_off(small, server, cache):
    server.short.add("/input.txt")
    with pytest.raises(CorpusError, match="broke off after"):
        load(small)
    assert left_behind(cache) == []


def test_a_file_that_is_gone(small, server, cache):
    server.files.clear()
    with pytest.raises(CorpusError, match="answered 404"):
        load(small)
    assert left_behind(cache) == []


def test_offline_is_one_sentence(small, cache):
    small = replace(small, url="http://127.0.0.1:9/input.txt")
    with pytest.raises(CorpusError) as error:
        load(small)
    assert str(error.value) == (
        "Tiny Shakespeare can't be fetched because 127.0.0.1:9 can't be reached from here"
        " (Connection refused): go online and try again."
    )
    assert left_behind(cache) == []


def test_a_host_without_a_name(cache):
    with pytest.raises(DownloadError, match="can't be reached from here"):
        download("http://no-such-host.invalid/x", cache / "x", max_bytes=10)


def test_a_cache_that_cannot_be_written(small, cache):
    cache.write_text("a file in its place")
    with pytest.raises(CorpusError, match="can't be written .*: set GPT_CACHE"):
        load(small)


def test_what_is_offered():
    assert list(DATA_SETS) == ["Tiny Shakespeare"]
    for data_set in DATA_SETS.values():
        assert data_set.url.startswith("https://")
        assert len(data_set.sha256) == 64 and data_set.size < 5_000_000


def test_the_cache_is_the_platforms(monkeypatch):
    monkeypatch.delenv("GPT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    monkeypatch.setattr("sys.platform", "linux")
    assert str(cache_folder()) == "/somewhere/gpt-from-scratch-live"
    monkeypatch.setattr("sys.platform", "darwin")
    assert cache_folder().parts[-3:] == ("Library", "Caches", "gpt-from-scratch-live")
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    assert str(cache_folder()) == "/local/gpt-from-scratch-live"
