"""The lesson on tuning: what it says of its recorded runs, and of others that say otherwise."""

import json
import math
from dataclasses import replace
from statistics import fmean

import numpy as np
import pytest

from corpus import Corpus
from gpt_core.bundled.record import RECORDED, load
from gpt_core.evaluation.paired import Difference
from gpt_core.experiments.scaling_law import Law
from gpt_core.experiments.search import Trial
from pages.tuning import figures, words
from pages.tuning.results import MAPS, Map, Noise, Once, Scaling, map_of, noise_of, search_once
from tests.helpers import app_at, said


def rows_of(name):
    """A recorded part as the test reads it: one flat dict for each run."""
    groups = json.loads((RECORDED / f"{name}.json").read_text())["value"]["groups"]
    return [
        group["shape"] | dict(zip(group["columns"], row, strict=True))
        for group in groups
        for row in group["rows"]
    ]


def best_rate_at(width):
    runs = [
        run
        for run in rows_of(f"landscape_grid_{width}")
        if run["n_layer"] == 2 and run["batch_size"] == 8
    ]
    rates = {run["learning_rate"] for run in runs}
    means = {
        rate: fmean(run["bits"][-1] for run in runs if run["learning_rate"] == rate)
        for rate in rates
    }
    return min(means, key=means.get)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GPT_RUNS", str(tmp_path_factory.mktemp("runs")))
        app = app_at("tuning", timeout=150).run()
        first = said(app)
        radios = {radio.key: radio for radio in app.radio}
        radios["tuning_rate"].set_value(words.SMALLER)
        app.run()
        {radio.key: radio for radio in app.radio}["tuning_search"].set_value("grid")
        app.run()
        yield app, first


def test_it_asks_where_the_best_rate_goes_before_it_tells(page):
    app, first = page
    assert not app.exception
    narrow, wide = best_rate_at(16), best_rate_at(64)
    told = f"At width 16 the best of the seven is {narrow:g}, at width 64 it is {wide:g}"
    assert told not in first and "By a factor" not in first
    assert told in said(app)
    mark = "✓ **Right.** " if wide < narrow else "✗ **Not quite.** "
    assert mark + told in said(app)


def test_the_search_s_question_is_judged_by_the_recorded_repeats(page):
    app, first = page
    methods = json.loads((RECORDED / "search_lookup.json").read_text())["value"]["methods"]
    ends = {name: each["middle"][-1] for name, each in methods.items()}
    told = ", ".join(f"{name} {end:.3f}" for name, end in ends.items())
    assert told not in first
    right = ends["grid"] == min(ends.values())
    assert ("✓ **Right.** " if right else "✗ **Not quite.** ") + "Middle of the repeats" in said(
        app
    )
    assert told in said(app)


def test_the_noise_is_that_of_the_recorded_seeds(page):
    app, _ = page
    runs = rows_of("landscape_seeds")
    one, two = (
        [run["bits"][-1] for run in runs if run["learning_rate"] == rate] for rate in (0.008, 0.016)
    )
    spread = max(np.std(one, ddof=1), np.std(two, ddof=1))
    assert f"scatter by {spread:.3f} bits" in said(app)
    # Student's t with 7 degrees of freedom: 2.365.
    alone = 2.365 * math.sqrt(2) * np.std(one, ddof=1) / math.sqrt(3)
    pairs = 2.365 * np.std(np.array(one) - two, ddof=1) / math.sqrt(3)
    found = noise_of()
    assert found.alone[3] == pytest.approx(alone, rel=1e-3)
    assert found.in_pairs[3] == pytest.approx(pairs, rel=1e-3)
    table = words.noise_table(found)
    assert table["different seeds"][1] == f"{alone:.3f} bits"


@pytest.mark.parametrize("name", MAPS)
def test_every_map_frames_its_lowest_mean_and_says_how_many_runs_it_has(name):
    found = map_of(name)
    if found is None:
        pytest.skip("this part of the landscape isn't recorded")
    assert found.mean[found.best] == np.nanmin(found.mean)
    assert found.count == len(found.rows) * len(found.columns) * 3
    assert f"Recorded: {found.count} runs, 3 seeds each" in words.recorded_map(found)


def test_a_text_that_is_too_short_to_search_on_is_said_to_be(open_lesson):
    app = open_lesson("tuning", chosen_corpus=Corpus("tiny", "👩 abc\n" * 10))
    assert "This text has 60 characters; a search needs at least 2,000." in said(app)
    assert not [button for button in app.button if button.label == "Search on this text"]


def made_map(*means, scatter=0.001):
    seeds = np.array([-1.0, 0.0, 1.0]) * scatter
    results = np.array(means)[:, :, None] + seeds * np.array([1.0, -1.0, 1.0])[None, None]
    rates = tuple(0.001 * 2**i for i in range(results.shape[1]))
    return Map(tuple(16 * 2**i for i in range(results.shape[0])), rates, results, (300,))


def test_a_best_rate_that_stays_or_rises_is_not_said_to_fall():
    falls = made_map([3, 2, 1], [1, 2, 3])
    stays = made_map([3, 1, 2], [2, 1, 3])
    assert words.moved(falls, words.SMALLER).right and not words.moved(falls, words.SAME).right
    assert words.moved(stays, words.SAME).right
    assert words.moved(made_map([1, 2, 3], [3, 2, 1]), words.LARGER).right
    assert "does what it is made for" in words.mup_found(falls, stays)
    assert "doesn't hold" in words.mup_found(stays, falls)
    assert "It moves less far" in words.mup_found(falls, made_map([3, 2, 1], [2, 1, 3]))
    assert "don't show" in words.mup_found(falls, falls)


def test_that_a_best_rate_moves_is_not_said_to_be_proved_where_seeds_can_t_tell():
    clear = made_map([3, 2, 1.9, 1.8], [1.8, 1.9, 2, 3])
    scatter = np.array([[1, -1, 0], [-1, 0, 1], [0, 1, -1], [0, 0, 0]]) * 0.3
    blurred = Map(clear.rows, clear.columns, clear.results + scatter, clear.steps)
    rates = words.in_both(blurred)
    assert rates and rates == [r for r in blurred.level(0) if r in blurred.level(1)]
    answer = words.moved(blurred, words.SMALLER)
    assert answer.right and "the seeds don't prove that it moves" in answer.why
    assert words.moved(blurred, words.SAME).right is None
    assert not words.moved(blurred, words.LARGER).right
    stays = made_map([3, 1, 2, 3], [3, 1, 2, 3])
    assert "too few to show it" in words.mup_found(blurred, stays)
    # With a scatter of 0.001 each rate is told from each.
    assert not words.in_both(clear) and "don't prove" not in words.moved(clear, words.SMALLER).why


def test_a_law_whose_floor_may_be_zero_says_so():
    found = scaling_with(2.0)
    assert "The band of E reaches 0" not in words.law_found(found)
    low = replace(found, laws=[replace(found.law, E=0.0), *found.laws])
    assert "The band of E reaches 0" in words.law_found(low)


def test_a_best_setting_is_only_called_so_where_the_seeds_bear_it_out():
    labels = (["16", "32"], ["a", "b"])
    clear = made_map([1.0, 2.0], [3.0, 4.0])
    assert "no interval holds 0" in words.map_found("rate_width", clear, labels)
    draw = np.random.default_rng(0)
    blurred = Map(clear.rows, clear.columns, draw.normal(size=(2, 2, 3)), (300,))
    assert "can't be told from it" in words.map_found("rate_width", blurred, labels)


def around(*bits):
    rates = (0.001, 0.003, 0.01, 0.03, 0.1)
    return [{"rate": rate, "bits": each} for rate, each in zip(rates, bits, strict=True)]


def test_the_range_test_is_called_right_only_where_no_rate_is_better():
    bad, good, same = [4.0, 4.1, 4.2], [3.0, 3.1, 3.2], [3.05, 3.0, 3.15]
    assert "the test was **right**" in words.around_found(around(bad, bad, good, bad, bad), 100)
    lowest = words.around_found(around(bad, [3.2, 3.1, 3.1], good, bad, bad), 100)
    assert "can't tell 0.003 from it" in lowest and "right**" not in lowest
    wrong = words.around_found(around(bad, good, [3.5, 3.6, 3.7], bad, bad), 100)
    assert "not the best rate" in wrong
    unsure = words.around_found(around(bad, same, [3.1, 3.0, 3.2], bad, bad), 100)
    assert "as right as these runs can tell" in unsure
    broke = words.around_found(around(bad, bad, [3.0, None, 3.0], bad, bad), 100)
    assert "did not survive" in broke
    value = {"broke": None, "point": 1.0, "rates": [10.0]}
    assert "has not broken" in words.range_found(value)
    assert "It breaks at a rate of **0.2**" in words.range_found(value | {"broke": 0.2})


@pytest.mark.parametrize("steps", [1, 4, 200])
def test_the_axes_of_a_range_test_have_ticks_at_every_moment(steps):
    value = load("range_test")["value"]
    told = value | {name: value[name][:steps] for name in ("rates", "losses", "smooth")}
    layout = figures.range_curve(told | {"broke": value["broke"] if steps > 100 else None})[
        "layout"
    ]
    low, high = layout["xaxis"]["range"]
    assert high - low > 1  # a decade has a tick
    low, high = (10**end for end in layout["yaxis"]["range"])
    assert low < min(told["losses"]) and max(told["losses"]) < high
    assert any(low < tick < high for tick in layout["yaxis"]["tickvals"])


def test_what_matters_most_is_said_to_depend_on_the_range_only_where_it_does():
    wide = {("rate",): 0.6, ("batch",): 0.3, ("seed",): 0.1}
    near = {("rate",): 0.1, ("batch",): 0.8, ("seed",): 0.1}
    assert "“what matters most” is a question about a **range**" in words.shares_found(wide, near)
    same = {("rate",): 0.4, ("batch",): 0.5, ("seed",): 0.1}
    told = words.shares_found(same, near)
    assert "The first place is the same" in told and "what matters most" not in told
    assert "doesn't make the rate matter less" in words.shares_found(near, wide)


def test_eight_seeds_show_a_difference_or_they_don_t():
    shown = Noise((1, 2), ([1.0, 1.1], [2.0, 2.1]), {1: 1.0}, {1: 0.1}, Difference(-1, -1.1, -0.9))
    assert "Eight pairs show a difference" in words.noise_found(shown)
    assert shown.lies == 0 and "**Use the same seeds" in words.noise_rule(shown)
    none = Noise((1, 2), ([1.0, 2.0], [1.1, 1.9]), {1: 0.1}, {1: 0.2}, Difference(0, -1, 1))
    assert "don't show which one" in words.noise_found(none)
    assert "gain nothing" in words.noise_rule(none)


def test_a_search_can_be_repeated_with_other_luck_in_a_moment():
    found = search_once(3)
    assert set(found) == {"grid", "random", "TPE", "halving"}
    table = words.once_table(found, ("rate", "width", "layers", "batch"))
    best = min((t for t in found["TPE"].trials if not t.pruned), key=lambda trial: trial.loss)
    assert table["rate"][2] == f"{best.choice[0]:g}"
    runs = [run for width in (16, 32, 64) for run in rows_of(f"landscape_grid_{width}")]
    names = ("learning_rate", "n_embd", "n_layer", "batch_size", "seed")
    own = {tuple(run[name] for name in names): run["bits"][-1] for run in runs}
    worth = fmean(own[(*best.choice, seed)] for seed in (1, 2, 3))
    assert table["worth, over three seeds"][2] == f"{worth:.3f}"


def test_a_search_that_found_nothing_better_does_not_say_so():
    usual = {"rate": 0.016, "width": 32, "layers": 2, "batch": 8}
    other = usual | {"width": 64}
    value = {
        "usual": usual,
        "best": other,
        "check": {"found": [1, 1.1, 1.2], "usual": [2, 2.1, 2.2]},
    }
    assert "it is **better**" in words.check_found(value)
    swapped = {"found": value["check"]["usual"], "usual": value["check"]["found"]}
    assert "it is **worse**" in words.check_found(value | {"check": swapped})
    blurred = {"found": [1.0, 1.2, 1.1], "usual": [1.1, 1.15, 1.12]}
    assert "can't tell them apart" in words.check_found(value | {"check": blurred})
    assert "They are the same" in words.check_found(value | {"best": usual})
    broken = {"found": [None, 1.0, 1.0], "usual": [1.0, 1.0, 1.0]}
    assert "nothing can be said" in words.check_found(value | {"check": broken})


def scaling_with(left_bits):
    """Eight pairs of size and length with three seeds each, as far above the law as below it."""
    sizes, read = np.repeat([1e4, 1e5], 12), np.tile(np.repeat([1e4, 3e4, 1e5, 3e5], 3), 2)
    law = Law(1.0, 0.3, 0.5, 0.5, 0.3)
    bits = law.bits(sizes, read) + 0.01 * np.array([1, -1, 0] * 8)
    laws = [Law(1.0 + 0.001 * i, 0.3, 0.5, 0.5, 0.3) for i in range(-5, 6)]
    left = (4e5, 3e5, 6 * 4e5 * 3e5, left_bits)
    return Scaling(sizes, read, 6 * sizes * read, bits, law, laws, left, np.repeat([16, 32], 12), 3)


def test_a_prediction_is_said_to_hold_only_where_it_did():
    expected = float(Law(1.0, 0.3, 0.5, 0.5, 0.3).bits(4e5, 3e5))
    assert "**within** the predicted band" in words.left_out(scaling_with(expected))
    assert "**outside** the predicted band" in words.left_out(scaling_with(expected + 0.5))
    found = scaling_with(expected)
    # By hand: 0.3 · (48^-0.5 − 96^-0.5) is the gain of twice the parameters.
    gain = 0.3 * (48**-0.5 - 96**-0.5)
    assert f"twice the parameters, the same text: **{gain:.3f}** bits" in words.notebook_found(
        found
    )


def known(held, loss, move, scatter=0.1, counting=4.7):
    looks = [{"held_out": h, "loss": t, "move": m, "norm": 1.0, "read": i}
             for i, (h, t, m) in enumerate(zip(held, loss, move, strict=True))]  # fmt: skip
    return {"looks": looks, "scatter": scatter, "counting": counting}


def test_a_reason_is_given_where_the_run_shows_it_and_no_further():
    good = known([5.0, 4.0, 3.0], [5.0, 4.0, 3.0], [0.01] * 3)
    fast = known([5.0, 4.6, 4.6], [5.0, 4.6, 4.6], [0.2] * 3)
    assert "throws over" in words.reason("rate_large", fast, good)
    slow = known([5.0, 4.0, 3.5], [5.0, 4.0, 3.5], [0.001] * 3)
    assert "doesn't explain it" in words.reason("rate_large", slow, good)
    assert "it is **slow**" in words.reason("rate_small", slow, good)
    assert "no more" in words.reason("rate_small", fast, good)
    rough = known([5.0, 4.0, 3.5], [5.0, 4.0, 3.5], [0.01] * 3, scatter=0.3)
    assert "as much at this one piece" in words.reason("batch_1", rough, good)
    assert "hardly explains" in words.reason("batch_1", slow, good)
    learned = known([5.0, 3.8, 4.0], [5.0, 3.0, 2.0], [0.01] * 3)
    assert "**by heart**" in words.reason("short_text", learned, good)
    assert "no overfitting" in words.reason("short_text", slow, good)
    counting = known([5.0, 4.7, 4.7], [5.0, 4.7, 4.7], [0.1] * 3)
    assert "**nothing else**" in words.reason("post_cold", counting, good)
    assert "only behind" in words.reason("post_cold", slow, good)
    assert "**no worse**" in words.reason("rate_small", good, good)
    assert "**broke**" in words.reason("rate_large", known([None], [None], [0.1]), good)


def test_once_is_judged_by_what_its_search_saw():
    once = Once([Trial((0.1, 16, 1, 2), 1, 3.0, False)], [2.5], (0.1, 16, 1, 2))
    table = words.once_table({"random": once}, ("rate", "width", "layers", "batch"))
    assert table["its own run"] == ["3.000"] and table["worth, over three seeds"] == ["2.500"]


def test_luck_is_only_counted_where_a_winner_looked_better_than_it_is():
    choice = (0.1, 16, 1, 2)
    lucky = Once([Trial(choice, 1, 2.0, False)], [2.5], choice)
    honest = Once([Trial(choice, 1, 3.0, False)], [2.5], choice)
    assert "In 1 of 1 searches" in words.winners({"random": lucky})
    assert "picks luck, too" in words.winners({"random": lucky})
    assert "In 0 of 1 searches" in words.winners({"random": honest})
    assert "Try another seed" in words.winners({"random": honest})


def test_runs_further_off_than_luck_explains_are_not_said_to_follow_the_law():
    found = scaling_with(2.0)
    # Sixteen runs of 24 are 0.01 off a law of five numbers.
    assert found.error == pytest.approx(0.01 * math.sqrt(16 / 19))
    assert not found.misses and "the law **fits** these runs" in words.fit_found(found)
    assert "In 0 of 8 pairs" in words.fit_found(found)
    assert "guess" not in words.notebook_found(found)
    off = replace(found, bits=found.bits + np.array([0.3] * 3 + [0.0] * 6 + [-0.1] * 6 + [0.0] * 9))
    assert off.misses and "**not quite the shape of these runs**" in words.fit_found(off)
    assert "In 3 of 8 pairs" in words.fit_found(off)
    assert "16 wide after 10,000 characters, by +0.300, 95%" in words.fit_found(off)
    assert "more than a guess" in words.notebook_found(off)
    # One seed alone far off is luck's doing, not the law's.
    lucky = replace(found, bits=found.bits + np.array([0.6] + [0.0] * 23))
    assert not lucky.misses and lucky.error > 0.1
    assert "fewer than three seeds" in words.fit_found(replace(found, seeds=1))
