import json
import random

import pytest

from gpt_core.evaluation.held_out import held_out
from gpt_core.evaluation.training_text import cached_path, training_text
from gpt_core.jobs import JobError
from gpt_core.jobs.copying import GIVEN, LENGTHS, copying
from gpt_core.training.run import Run
from tests.helpers import write_run

SETTINGS = {"temperature": 0.8, "seed": 1}


def words(seed, count):
    dice = random.Random(seed)
    return "".join("".join(dice.choices("abcdefgh", k=5)) + " " for _ in range(count))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GPT_CACHE", str(tmp_path / "cache"))


def last(run, settings=SETTINGS):
    *steps, end = copying(run, settings)
    assert end.done == end.total
    assert all(step.done < step.total for step in steps)
    json.dumps(end.value, allow_nan=False)
    return end.value


def test_held_out_text_that_stands_in_the_training_text_is_found_and_other_is_not(tmp_path):
    text = words(1, 600)
    fresh = write_run(tmp_path, "0000000a", text=text + words(2, 66), block_size=64)
    value = last(fresh)
    assert len(value["shares"]["real"]) > 3
    assert not any(sum(share) for share in value["shares"]["real"])
    twice = write_run(tmp_path, "0000000b", text=text + text[:400], block_size=64)
    value = last(twice)
    assert all(share[:3] == [1, 1, 1] for share in value["shares"]["real"])
    # The model is not trained: it writes nothing of 16 characters that the text has.
    assert not any(share[2] for share in value["shares"]["written"])
    assert value["lengths"] == list(LENGTHS)


def test_stretches_stand_where_it_is_said(tmp_path, monkeypatch):
    text = words(1, 700)
    run = write_run(tmp_path, "0000000a", text=text, block_size=64)
    train = run.tokenizer().decode(run.tokens()[0].tolist())

    def copies(model, tokenizer, pieces, given, config):
        from gpt_core.evaluation.continuations import Continuation

        yield Continuation("x", "nothing of it", "zz" + train[300:350] + "zz" + train[1000:1020])

    monkeypatch.setattr("gpt_core.jobs.copying.continuations", copies)
    value = last(run)
    first, second = value["samples"][0]["stretches"]
    assert (first["start"], first["end"], first["tokens"]) == (2, 52, 50)
    assert first["place"] == pytest.approx(300 / len(train), abs=1e-6)
    assert first["before"] == train[220:300] and first["after"] == train[350:430]
    assert (second["start"], second["end"]) == (54, 74)
    assert value["shares"]["written"] == [[round(70 / 74, 4)] * 3 + [round(50 / 74, 4), 0]]


def test_a_generated_text_is_kept_on_disk_and_the_second_time_read_from_there(
    tmp_path, monkeypatch, cache
):
    from corpus.sitcom import whole_text

    text = whole_text(3, 40)
    made = write_run(tmp_path, "0000000b", text=text, tokenizer="bpe", block_size=64)
    (made.path / "corpus.txt").unlink()
    sitcom = Run.open(made.path)
    sitcom.corpus["sitcom"] = {"seed": 3, "scenes": 40}
    size = int(0.9 * len(text))
    assert b"".join(training_text(sitcom).pieces) == text.encode()[:size]
    assert cached_path(sitcom).read_bytes() == text.encode()[:size]
    value = last(sitcom)
    monkeypatch.setattr("corpus.sitcom.generate", None)
    assert b"".join(training_text(sitcom).pieces) == text.encode()[:size]
    assert value["bytes"] == value["read"] == size


def test_who_stops_on_the_way_leaves_no_half_text(tmp_path, cache):
    from corpus.sitcom import whole_text

    made = write_run(tmp_path, "0000000b", text=whole_text(3, 40), tokenizer="bpe", block_size=64)
    (made.path / "corpus.txt").unlink()
    sitcom = Run.open(made.path)
    sitcom.corpus["sitcom"] = {"seed": 3, "scenes": 40}
    pieces = training_text(sitcom).pieces
    next(pieces)
    pieces.close()
    assert not cached_path(sitcom).exists()
    left = cached_path(sitcom).with_name(f".{cached_path(sitcom).name}.x.tmp")
    left.write_text("of somebody who was killed")
    list(training_text(sitcom).pieces)
    assert [path.name for path in left.parent.iterdir()] == [cached_path(sitcom).name]


def test_beginnings_are_those_of_held_out_pieces(tmp_path):
    run = write_run(tmp_path, "0000000a", block_size=32)
    value = last(run)
    pieces = held_out(run, 8, 32).pieces
    assert [s["beginning"] for s in value["samples"]] == [p.text[:GIVEN] for p in pieces]
    assert value == last(run)


@pytest.mark.parametrize("settings", [{}, {"temperature": 9, "seed": 1}, SETTINGS | {"seed": 0}])
def test_settings_are_checked(tmp_path, settings):
    with pytest.raises(JobError):
        list(copying(write_run(tmp_path, "0000000a"), settings))
    with pytest.raises(JobError, match="Choose a model"):
        list(copying(None, SETTINGS))
