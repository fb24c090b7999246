import math
from itertools import product

import numpy as np
import pytest

from gpt_core.experiments.landscape import LOOKS
from gpt_core.experiments.search import (
    COARSE,
    METHODS,
    SPACE,
    Lookup,
    OnText,
    Trial,
    best_so_far,
    search,
)
from gpt_core.experiments.stack import Member
from gpt_core.jobs import JobError, find_job
from gpt_core.jobs.search_lookup import table

CHOICES = [*product(*SPACE)]
BEST = (0.008, 64, 2, 8)


def curves_of(noise=0.0):
    """A bowl around BEST; three seeds; the looks come down to the end."""
    draw = np.random.default_rng(0)
    found = {}
    for rate, width, layers, batch in CHOICES:
        apart = abs(math.log2(rate / BEST[0])) + abs(math.log2(width / 64)) + abs(layers - 2)
        apart += abs(math.log2(batch / 8)) / 2
        ends = 2 + 0.1 * apart + noise * draw.normal(size=(3, 1))
        found[rate, width, layers, batch] = ends + np.array([0.6, 0.4, 0.2, 0.0])
    return found


@pytest.mark.parametrize("method", METHODS)
def test_a_search_keeps_to_its_budget_and_to_its_space(method):
    trials = [*search(method, Lookup(curves_of()), 10, seed=1)]
    assert 9 < sum(trial.cost for trial in trials) <= 10
    space = COARSE if method == "grid" else SPACE
    assert all(v in values for t in trials for v, values in zip(t.choice, space, strict=True))
    assert any(trial.pruned for trial in trials) == (method == "halving")
    assert all(trial.cost == 1 for trial in trials if not trial.pruned)
    assert trials == [*search(method, Lookup(curves_of()), 10, seed=1)]


def test_a_grid_ends_when_all_of_it_is_tried():
    trials = [*search("grid", Lookup(curves_of()), 1000, seed=1)]
    assert {trial.choice for trial in trials} == {*product(*COARSE)}
    assert len(trials) == 24


def test_tpe_finds_a_bowl_s_bottom_and_halving_tries_more_settings_for_the_same():
    curves = curves_of()
    ends = {}
    for method in ("random", "TPE"):
        worths = []
        for seed in range(10):
            lookup = Lookup(curves, seed)
            found = best_so_far([*search(method, lookup, 24, seed)], lookup.worth, 24)
            worths.append(found[-1])
        ends[method] = np.mean(worths)
    assert ends["TPE"] < ends["random"]
    tried = [len([*search(method, Lookup(curves), 16, 0)]) for method in ("halving", "random")]
    assert tried[0] > 1.5 * tried[1]


def test_what_was_found_is_told_by_the_runs_spent():
    trials = [
        Trial(BEST, 1.0, 3.0, False),
        Trial(CHOICES[0], 0.5, 1.0, True),  # given up: it is no answer
        Trial(CHOICES[1], 1.0, 2.0, False),
    ]
    worth = {BEST: 3.1, CHOICES[1]: 2.1}
    assert best_so_far(trials, worth.__getitem__, 4) == [3.1, 3.1, 2.1, 2.1]
    assert best_so_far([], worth.__getitem__, 2) == [math.inf, math.inf]


def test_a_text_is_learned_from_and_judged_on_its_end():
    runs = OnText("abcd" * 800 + "😀" * 400, read=2_048, seed=1)
    # Five characters and one for those that never come up.
    assert runs.vocab_size == 6 and len(set(runs.held_out.tolist())) == 1
    assert runs.held_out[0] not in runs.train[:3_200]
    looks = [*runs((0.016, 16, 1, 8))]
    assert len(looks) == LOOKS and all(map(math.isfinite, looks))
    *_, (one, two) = runs.train_members((0.016, 16, 1, 8), [Member(0.016, 1), Member(0.016, 2)])
    assert one == pytest.approx(looks[-1], abs=1e-3) and one != two
    many = OnText("".join(map(chr, range(0x4E00, 0x4E00 + 3_000))), read=512, seed=1)
    assert many.vocab_size <= 256
    with pytest.raises(ValueError, match="has 3 characters"):
        OnText("abc", read=100, seed=1)


def test_the_job_tells_percentiles_over_its_repeats():
    curves = [curves_of(0.1)[choice].tolist() for choice in CHOICES]
    settings = {"curves": curves, "repeats": 3, "budget": 4, "seed": 5}
    *_, last = find_job("search_lookup")(None, settings)
    assert last.done == last.total == 3
    value = last.value
    lookup = Lookup(table(curves))
    assert value["best"] == pytest.approx(min(map(lookup.worth, CHOICES)), abs=1e-4)
    random = []
    for seed in (5, 6, 7):
        own = Lookup(table(curves), seed)
        random.append(best_so_far([*search("random", own, 4, seed)], own.worth, 4)[-1])
    shown = value["methods"]["random"]
    assert shown["middle"][-1] == pytest.approx(sorted(random)[1], abs=1e-4)
    assert shown["low"][-1] <= shown["middle"][-1] <= shown["high"][-1]
    assert shown["tried"] == 4


@pytest.mark.parametrize("wrong", [None, [], [[1.0]], "x", [[[math.nan] * 4] * 3] * 126])
def test_the_job_refuses_what_is_no_table(wrong):
    settings = {"curves": wrong, "repeats": 1, "budget": 1, "seed": 1}
    with pytest.raises(JobError, match="curves must be numbers"):
        next(find_job("search_lookup")(None, settings))


def test_a_search_on_a_text_checks_what_it_found_with_new_seeds(monkeypatch):
    from gpt_core.jobs import search_text

    monkeypatch.setattr(search_text, "BUDGET", 2)
    monkeypatch.setattr(search_text, "READ", 2_048)
    settings = {"text": "To be, or not to be. " * 200, "method": "random", "seed": 1}
    *_, last = find_job("search_text")(None, settings)
    value = last.value
    assert last.done == last.total and len(value["trials"]) == 2
    assert len(value["check"]["found"]) == len(value["check"]["usual"]) == 3
    best = min(value["trials"], key=lambda trial: trial["bits"])
    assert value["best"] == best["choice"]
    with pytest.raises(JobError, match="has 5 characters"):
        next(find_job("search_text")(None, settings | {"text": "short"}))
