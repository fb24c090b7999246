import pytest

from gpt_core.experiments.stack import Member, Shape
from gpt_core.jobs import JobError, find_job, known_setting
from gpt_core.jobs.known_setting import CASES, LOOKS, Case


def test_a_run_is_looked_at_equally_often_and_says_what_it_did(monkeypatch):
    monkeypatch.setattr(known_setting, "READ", 64 * 8 * 30)
    small = Case(Shape(n_embd=8, n_layer=1), Member(learning_rate=0.01, warmup=0.0))
    monkeypatch.setitem(CASES, "good", small)
    *_, last = find_job("known_setting")(None, {"case": "good"})
    looks = last.value["looks"]
    assert len(looks) == LOOKS and looks[-1]["read"] == 64 * 8 * 30
    assert last.done == last.total
    assert looks[-1]["loss"] < looks[0]["loss"] and looks[-1]["held_out"] < looks[0]["held_out"]
    # Adam's first step moves each weight by about the rate: 0.01 where weights are about 0.02.
    assert 0.05 < looks[0]["move"] < 0.5 and last.value["scatter"] > 0
    assert 4 < last.value["counting"] < 5.5


def test_an_unknown_case_is_refused():
    with pytest.raises(JobError, match="case is 'worse'"):
        next(find_job("known_setting")(None, {"case": "worse"}))
