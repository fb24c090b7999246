import math

import pytest
import torch
import torch.nn.functional as F

import gpt_core.jobs.tokenizer_race as job
from corpus import bundled
from gpt_core.experiments import tokenizer_race
from gpt_core.experiments.ladder import CONTEXT, Ladder
from gpt_core.experiments.tokenizer_race import (
    RACERS,
    RUNG,
    bits_per_character,
    cut,
    race,
    spelling_cost,
)
from gpt_core.jobs import JobError

TRAIN, VAL = bundled().text[:12_000], bundled().text[12_000:14_000]


@pytest.mark.parametrize("racer", RACERS, ids=lambda racer: racer.name)
def test_every_racer_has_the_same_characters_to_predict(racer):
    found = cut(racer, TRAIN, VAL)
    first = found.tokenizer.tokenize(VAL)[0]
    assert found.characters == len(VAL) - first.end
    lossless = found.tokenizer.decode(found.val.tolist()) == VAL
    assert lossless == (found.spelled == 0)


def test_unknown_words_are_spelled_out_by_hand():
    # 3 a, 1 b, 2 words, one for all other letters: 7 in all
    assert spelling_cost(["ab"], "aa ab") == pytest.approx(
        -math.log2(3 / 7) - math.log2(1 / 7) - math.log2(2 / 7)
    )
    assert spelling_cost(["é"], "aa ab") == pytest.approx(-math.log2(1 / 7) - math.log2(2 / 7))
    assert spelling_cost([], "aa ab") == 0


def test_bits_are_those_of_one_window_after_the_other():
    racer = cut(RACERS[0], TRAIN, VAL[:200])
    model = Ladder(RUNG, racer.tokenizer.vocab_size, seed=0)
    ids = torch.tensor(racer.val.astype(int))
    total = 0.0
    for at in range(0, len(ids) - 1, CONTEXT):
        x, y = ids[at : at + CONTEXT], ids[at + 1 : at + CONTEXT + 1]
        total += F.cross_entropy(model(x[None, : len(y)])[0], y, reduction="sum").item()
    assert bits_per_character(model, racer) == pytest.approx(total / math.log(2) / 199, rel=1e-4)


def test_training_helps_and_stops_in_time():
    racer = cut(RACERS[0], TRAIN, VAL)
    *on_the_way, (used, model) = race(racer, 1.0, seed=1)
    assert 1.0 <= used < 3
    assert all(each is None for _, each in on_the_way)
    untrained = Ladder(RUNG, racer.tokenizer.vocab_size, seed=1)
    assert bits_per_character(model, racer) < bits_per_character(untrained, racer) - 1


def test_the_job_runs_every_racer_with_every_seed(monkeypatch):
    def quick(model, tokens, seconds, seed):
        yield float(seconds)

    monkeypatch.setattr(tokenizer_race, "climb", quick)
    monkeypatch.setattr(job, "RACERS", RACERS[:2])
    *steps, last = job.tokenizer_race(None, {"seconds": 1, "seeds": 2})
    assert last.done == last.total == 4
    assert all(step.done < step.total for step in steps)
    assert [racer["name"] for racer in last.value["racers"]] == ["characters", "words"]
    assert all(len(racer["bits"]) == 2 for racer in last.value["racers"])
    characters, words = last.value["racers"]
    assert characters["unknown"] == 0 < words["unknown"]
    assert characters["per_token"] == 1 < words["per_token"]
    with pytest.raises(JobError):
        list(job.tokenizer_race(None, {"seconds": 0, "seeds": 1}))
