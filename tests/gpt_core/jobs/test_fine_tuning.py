"""A second text learned in four ways: what the job tells, against the models themselves."""

import math

import pytest
import torch

from corpus.lists import lists
from gpt_core.adapters.ways import count_trained
from gpt_core.jobs import JobError
from gpt_core.jobs import fine_tuning as job
from gpt_core.training.data import encode_to_array, split
from tests.helpers import TEXT, write_run

SETTINGS = {"text": job.LISTS, "steps": 6, "seeds": 3}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    text = TEXT + lists(2, 30)  # so that its characters are known
    return write_run(tmp_path_factory.mktemp("runs"), "run", text=text, block_size=16)


@pytest.fixture(scope="module")
def steps(run):
    with pytest.MonkeyPatch.context() as patched:
        for name, value in (("STEPS", (6,)), ("TOKENS", 64), ("PIECES", 3), ("WRITTEN", 5)):
            patched.setattr(job, name, value)
        patched.setattr(job, "CHARACTERS", 4_000)
        patched.setattr(job, "RATES", dict.fromkeys(job.WAYS, 1e-3))  # its weights are random
        return list(job.fine_tuning(run, SETTINGS))


@pytest.fixture(scope="module")
def found(steps):
    return steps[-1].value


def test_progress_ends_at_its_end(steps):
    assert [p.done for p in steps] == [*range(1, 72), 71, 72]
    assert all(p.total == 72 and (p.value is None) == (p.done < 72) for p in steps)


def test_before_the_first_step_all_but_the_new_model_are_the_same(run, found):
    model, tokenizer = run.load_model(), run.tokenizer()
    _, val = split(encode_to_array(tokenizer, job._new_text(job.LISTS)[:4_000]))
    rows = [torch.tensor(val[i : i + 16].astype(int)) for i in (0, (len(val) - 16) // 2)]
    with torch.no_grad():
        losses = [model(row[None, :-1], row[None, 1:])[1].item() for row in rows]
        last = torch.tensor(val[-16:].astype(int))
        losses.append(model(last[None, :-1], last[None, 1:])[1].item())
    expected = sum(losses) / 3
    for way in ("all", "last", "lora"):
        for curve in found["curves"][way]["new"]:
            assert curve[0] == pytest.approx(expected, abs=1e-4)
    starts = [curve[0] for curve in found["curves"]["new"]["new"]]
    guessing = math.log(tokenizer.vocab_size)
    assert len(set(starts)) == 3 and all(abs(s - guessing) < 0.5 for s in starts)


def test_each_way_learns_and_seeds_differ(found):
    for way in job.WAYS:
        ends = [curve[-1] for curve in found["curves"][way]["new"]]
        assert all(c[-1] < c[0] for c in found["curves"][way]["new"])
        assert len(set(ends)) == 3 and found["points"] == [0, 1, 2, 3, 4, 6]


def test_what_is_told_of_the_changes(run, found):
    config = run.model_config
    assert found["trained"]["lora"] == count_trained(config, "lora", job.RANK)
    assert set(found["changes"]) == {"all", "last", "lora"}
    changed = {
        way: {(c["part"], c["layer"]) for c in told if c["relative"] > 0}
        for way, told in found["changes"].items()
    }
    assert {layer for _, layer in changed["last"]} == {config.n_layer - 1}
    assert {layer for _, layer in changed["lora"]} == set(range(config.n_layer))
    assert ("token embeddings", None) in changed["all"]
    for c in found["changes"]["lora"]:
        if c["relative"] > 0:
            assert c["rank"] <= job.RANK
            assert all(v < 1e-3 * c["values"][0] for v in c["values"][job.RANK :])


def test_what_is_written_begins_alike(found):
    assert set(found["written"]) == {"before", *job.WAYS}
    assert all(len(told) == 5 for told in found["written"]["all"].values())  # characters
    assert found["unknown"] == 0.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": "the web"}, "text is 'the web'; choose one of Tiny Shakespeare"),
        ({"steps": 7}, "choose one of 30, 90"),
        ({"seeds": 2}, "choose one of 1, 3"),
    ],
)
def test_other_settings_are_refused(run, change, message):
    with pytest.raises(JobError, match=message):
        next(job.fine_tuning(run, SETTINGS | {"steps": 30} | change))


def test_a_text_that_the_model_has_learned_is_no_second_one(tmp_path, run):
    own = write_run(tmp_path, "0000000b", text=lists(1, 300))
    with pytest.raises(JobError, match="shopping lists is this model's own text"):
        next(job.fine_tuning(own, SETTINGS | {"steps": 30}))
    next(job.fine_tuning(run, SETTINGS | {"steps": 30}))


def test_a_large_model_is_sent_to_training(run, monkeypatch):
    monkeypatch.setattr(job, "MOST_FLOPS", 1e6)
    with pytest.raises(JobError, match="12 times 30 steps would take too long here"):
        next(job.fine_tuning(run, SETTINGS | {"steps": 30}))


def test_a_text_that_cannot_be_fetched_is_a_sentence(run, monkeypatch, tmp_path):
    monkeypatch.setenv("GPT_CACHE", str(tmp_path))
    monkeypatch.setattr("corpus.datasets.download", refuse)
    with pytest.raises(JobError, match="No network"):
        next(job.fine_tuning(run, SETTINGS | {"steps": 30, "text": job.SHAKESPEARE}))


def refuse(*_, **__):
    from corpus.download import DownloadError

    raise DownloadError("No network here; try again later.")
