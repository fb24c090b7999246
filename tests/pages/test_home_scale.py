"""The end of Home: the ladder says only what its seeds bear out, and the parameters add up."""

import pytest

from gpt_core.bundled.record import load
from gpt_core.training.run import Run
from pages.home.scale import words
from pages.home.scale.panel import SETTINGS
from tests.helpers import said, tables, write_run


def test_a_step_is_called_better_only_where_all_seeds_bear_it_out():
    before = [3.0, 3.1, 2.9]
    assert words.step(before, [2.5, 2.6, 2.41]).startswith("better by 0.497\u00a0±\u00a00.0")
    assert words.step(before, [3.5, 3.6, 3.4]).startswith("worse by 0.500")
    # Better on average, but the seeds don't agree.
    assert words.step(before, [2.5, 3.2, 2.9]).startswith("no difference beyond the noise")
    assert "the noise is not known" in words.step([3.0], [2.0])


def test_the_interval_is_students():
    # Differences -0.4, -0.5, -0.6: standard deviation 0.1, so 4.303 · 0.1 / √3 = 0.248.
    assert words.step([1.0, 1.0, 1.0], [0.6, 0.5, 0.4]) == "better by 0.500\u00a0±\u00a00.248"


def test_depth_is_said_not_to_pay_only_where_it_did_not():
    deep = {"seconds": 30, "rungs": [{"bits": [2.2, 2.3]}, {"bits": [2.7, 2.8]}]}
    assert "far less text" in words.depth(deep)
    assert words.depth(deep | {"rungs": deep["rungs"][::-1]}) == ""


def test_the_recorded_ladder_is_the_one_that_is_shown(open_lesson):
    recorded = load("ladder")
    assert (recorded["job"], recorded["settings"]) == ("ladder", SETTINGS)
    names = [rung["name"] for rung in recorded["value"]["rungs"]]
    assert names == list(words.PARTS) == list(words.LESSONS)
    app = open_lesson("home")
    (table,) = [t for t in tables(app) if "against the one before" in t]
    assert list(table["model"]) == names
    first = recorded["value"]["rungs"][0]["bits"]
    assert table["bits"].iloc[0] == f"{sum(first) / len(first):.2f}"


@pytest.mark.parametrize("design", [None, {"preset": "modern", "n_layer": 1, "n_head": 1}])
def test_the_parameters_on_screen_add_up(open_lesson, tmp_path, design):
    state = {}
    if design:
        write_run(tmp_path, "0000000a", **design)
        state["model"] = "0000000a"
    app = open_lesson("home", **state)
    (table,) = [t for t in tables(app) if "each" in t]
    total = sum(int(count.replace(",", "")) for count in table["all"])
    assert f"Together: **{total:,}** parameters." in said(app)
    if design:
        assert total == Run.open(tmp_path / "0000000a").load_model().num_parameters()
    else:
        assert total == 1_055_488
