"""What the Sample lesson says about the bundled model is what the files of measurements say."""

from copy import deepcopy

import pytest

from gpt_core.bundled import bundled_run_path
from gpt_core.bundled.train import SCENES, SEED
from gpt_core.model.config import GPTConfig
from gpt_core.training.config import TrainConfig
from gpt_core.training.run import Run
from pages.sample import measured, words

SCENES_FILE, RACE = measured.read("scenes"), measured.read("race")


def test_the_numbers_are_those_of_the_model_that_is_bundled():
    run, settings = Run.open(bundled_run_path()), SCENES_FILE["settings"]
    assert settings["parameters"] == run.load_model().num_parameters()
    assert settings["corpus"]["sitcom"] == {"seed": SEED, "scenes": SCENES}
    assert settings["scenes"] == 500 and settings["step"] is None
    assert RACE["rows"][0]["parameters"] == settings["parameters"]
    assert RACE["sitcom"] == {"seed": SEED, "scenes": SCENES}


def test_the_model_stands_between_its_bounds():
    model, real, ngram = (SCENES_FILE["columns"][key]["measures"] for key in measured.COLUMNS)
    assert ngram["passed"]["high"] < model["passed"]["low"]
    assert real["passed"]["value"] == 1
    assert ngram["passed"]["value"] < 0.05
    assert model["passed"]["value"] >= 0.9
    assert model["words"]["low"] >= 0.995
    assert model["verbatim"]["high"] < 0.02


def test_the_notebooks_model_does_worse_in_the_same_time():
    bundled, notebook = RACE["rows"][0], RACE["rows"][1]
    assert (bundled["name"], notebook["name"]) == ("bundled design", "notebook preset")
    assert abs(bundled["seconds"] - notebook["seconds"]) < 0.1 * bundled["seconds"]
    assert bundled["bits"]["high"] < notebook["bits"]["low"]


def test_the_table_of_scenes():
    first, *_, last = measured.scene_table(SCENES_FILE["columns"])
    assert [*first][1:] == list(measured.COLUMNS.values())
    passed = SCENES_FILE["columns"]["model"]["measures"]["passed"]
    assert first[""] == "scenes that pass the checker"
    assert first["bundled model"].startswith(f"{100 * passed['value']:.1f}% (")
    assert first["scenes it never saw"].startswith("100.0%")
    assert last["scenes it never saw"] == "–"  # real scenes need no bits of anybody


def test_the_table_of_the_race_has_every_racer_and_its_cost():
    table, row = measured.race_table(RACE["rows"]), RACE["rows"][0]
    assert len(table) == len(RACE["rows"])
    assert table[0]["model"] == "the bundled design"
    assert table[0]["parameters"] == f"{row['parameters']:,}"
    assert table[0]["tokens read"] == f"{row['steps'] * row['tokens']:,}"
    counting = [*table[-1].values()]  # it has no parameters and no steps
    assert counting[1:5] == ["–"] * 4


@pytest.mark.parametrize("row", RACE["rows"], ids=measured.full_name)
def test_each_name_is_told_from_the_others_and_says_what_it_learned(row):
    names = [measured.full_name(other) for other in RACE["rows"]]
    assert names.count(measured.full_name(row)) == 1
    assert ("shakespeare" in measured.full_name(row).lower()) == (row["text"] != "sitcom")


def test_failed_scenes_are_accounted_for():
    said = words.how_made(SCENES_FILE)
    broken = SCENES_FILE["columns"]["model"]["measures"]["broken"]
    assert all(f"{n} × " in said for n in sorted(broken.values())[-3:])
    assert "500 scenes" in said and "temperature 0.7" in said


def test_a_share_that_all_have_is_left_out_and_said_so():
    columns = deepcopy(SCENES_FILE["columns"])
    assert len({round(c["measures"]["words"]["value"], 3) for c in columns.values()}) == 1
    assert not any("occur in" in row[""] for row in measured.scene_table(columns))
    assert "100.0% of them" in measured.left_out(columns)
    columns["model"]["measures"]["words"]["value"] = 0.9
    assert any("occur in the training text" in row[""] for row in measured.scene_table(columns))
    assert measured.left_out(columns) == ""


def test_what_was_built_in_is_said_of_the_model_that_has_it():
    run = Run.open(bundled_run_path())
    told = words.owed(run.model_config, run.train_config)
    assert "heads that copy" in told and "10 times in the loss" in told
    assert "65.0% (49.5 to 77.9)" in told  # Wilson's interval of 26 in 40
    plain = words.owed(GPTConfig(vocab_size=9), TrainConfig())
    assert "Nothing was built in" in plain and "copy" not in plain


def test_who_is_ahead_of_the_bundled_design_is_named():
    told = words.about_race(RACE, SCENES_FILE)
    best = RACE["rows"][0]["bits"]["value"]
    for row in RACE["rows"][1:-1]:
        ahead = row["text"] == "sitcom" and row["bits"]["value"] < best
        assert (f"*{row['name']}*" in told.partition("What was built in")[0]) == ahead
    assert "One run each" in told
    alone = deepcopy(RACE)
    alone["rows"][0]["bits"]["value"] = 0.1
    assert "Nobody on that text is ahead of it" in words.about_race(alone, SCENES_FILE)


def test_scenes_that_were_copied_are_counted():
    assert "None is copied whole" in words.introduction(SCENES_FILE, RACE)
    copied = deepcopy(SCENES_FILE)
    copied["columns"]["model"]["measures"]["verbatim"]["value"] = 0.1
    assert "10.0% are copied whole" in words.introduction(copied, RACE)
