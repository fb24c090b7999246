import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from corpus.lists import lists
from gpt_core.bundled import copying_run_path
from gpt_core.interpret.induction import random_tokens, repeat_test
from gpt_core.interpret.snapshots import (
    Copying,
    roles_of,
    texts_of,
    tokens_in_use,
)
from gpt_core.model.gpt import GPT
from gpt_core.training.run import Run
from gpt_core.training.run_files import IMPORTED, Record
from pages.head_born import film as history_film
from pages.head_born import panel as history_panel
from pages.head_born import results as histories
from pages.head_born import words
from tests.helpers import said, write_run
from ui.components import film
from ui.services.caches import PASSES, RESULTS, SNAPSHOTS

RUN = "0000000a"
GUESS = f"film_guess_{RUN}"


def keep(run, *steps):
    """Snapshots with random weights, and a curve that falls."""
    for step in steps:
        torch.manual_seed(step)
        run.save_snapshot(GPT(run.model_config), step)
        run.append_metrics(Record(step, train_loss=4 - step / 50, val_loss=4 - step / 50))


@pytest.fixture(autouse=True)
def nothing_remembered():
    """All runs here have one name, and two may be made in the same second."""
    for pool in (PASSES, RESULTS, SNAPSHOTS):
        pool.clear()


@pytest.fixture
def films(monkeypatch):
    """The header of every film that a page has sent, the newest last, and how long its rest is."""
    sent = []

    def pack(*drawn):
        message = film.pack_film(*drawn)
        end = 4 + int.from_bytes(message[:4], "little")
        sent.append(json.loads(message[4:end]) | {"weights": len(message) - end})
        return message

    monkeypatch.setattr(history_film, "pack_film", pack)
    monkeypatch.setattr(histories, "AT_ONCE", 60.0)
    RESULTS.clear()
    return sent


def steps_of(header):
    return [frame["step"] for frame in header["frames"]]


@pytest.fixture
def open_run(open_lesson, tmp_path):
    """The lesson on a run with snapshots of some steps."""

    def open_(*steps, prompt="OTTO: A duck?", state="finished", reason=None, design=None, **more):
        run = write_run(tmp_path, RUN, **(design or {}))
        keep(run, *steps)
        run.set_status(state, max(steps, default=1), reason)
        return open_lesson("head_born", prompt=prompt, model=RUN, **more)

    return open_


def captions(app):
    return " ".join(each.value for each in app.caption)


def guess(app, option):
    app.radio[0].set_value(app.radio[0].options[option]).run()
    assert not app.exception
    return app


def test_the_run_that_learned_to_copy_is_shown_first(open_lesson, films):
    app = open_lesson("head_born", prompt="GUS: Six stops")
    assert "lists that are read out twice" in captions(app)
    assert "This is not the model at the top" in captions(app)
    header = films[-1]
    assert steps_of(header)[0] == 0 and len(header["frames"]) >= 24
    assert "The copy test" not in " ".join(each.value for each in app.header)
    guess(app, 0)
    text = said(app)
    run = Run.open(copying_run_path())
    test = repeat_test(run.load_model(), random_tokens(run.load_model(), 0, tokens_in_use(run)))
    first, second = test.first / math.log(2), test.second / math.log(2)
    assert f"costs {second:.1f} bits per token there, the first {first:.1f}: copying" in text
    assert test.passed().any() and "**No induction head" not in text
    assert "A previous-token head came first: layer 0, head 2, clear since step 300" in text
    assert second > math.log2(len(tokens_in_use(run)))
    assert "Both are more than guessing would cost, 7.6" in text
    # The role that this head has on lists is below twice chance, so nobody took it.
    role = roles_of(run.load_model(), texts_of(run))["after copies"]
    share, chance = role.share[1, 0].item(), role.chance[1, 0].item()
    assert not role.clear().any() and share < 2 * chance
    assert f"gives {share:.0%} of its attention to the token after an earlier copy" in text
    assert f"but {chance:.0%} to other tokens as far away" in text


def test_copies_that_cost_less_than_guessing_are_not_said_to_be_dear():
    share = np.array([[0.0], [0.5]])
    tested = Copying(4.0, 1.0, share, share > 0.1)
    view = SimpleNamespace(step=9, copying=tested, roles={})
    assert "more than guessing" not in words.copied([view], 8.0)
    assert "Both are more than guessing would cost, 1.0" in words.copied([view], 1.0)
    assert "no clear role" not in words.copied([view], 8.0)


def test_the_end_is_not_spoken_of_while_there_is_more_to_see():
    share = np.array([[0.0], [0.5]])
    view = SimpleNamespace(step=9, copying=Copying(4.0, 1.0, share, share > 0.1), roles={})
    assert "At the end it is" in words.copied([view], 8.0)
    part = words.copied([view], 8.0, so_far=True)
    assert "At the end" not in part and "In the last one seen it is layer 1, head 0" in part
    none = SimpleNamespace(step=9, copying=Copying(4.0, 4.0, share, share > 1), roles={})
    assert "in this run so far.**" in words.copied([none], 8.0, so_far=True)


def test_the_head_that_copies_at_the_end_is_one_that_passes():
    share = np.array([[0.6], [0.5]])  # the first layer's doesn't pass
    view = SimpleNamespace(
        step=9, copying=Copying(4.0, 1.0, share, np.array([[False], [True]])), roles={}
    )
    assert "At the end it is layer 1, head 0 with 50%" in words.copied([view], 8.0)


def test_a_single_layer_is_said_to_be_too_few():
    def without(layers):
        share = np.full((layers, 2), 0.02)
        copying = Copying(6.0, 6.0, share, share > 1)
        return words.copied([SimpleNamespace(step=9, copying=copying, roles={})], 6.0)

    assert "this model has one layer" in without(1)
    assert "one layer" not in without(2) and "No induction head" in without(2)


def test_it_is_said_on_how_much_text_roles_rest():
    view = SimpleNamespace(roles={"itself": SimpleNamespace(texts=10)})
    assert "measured on 10 pieces of text" in words.caution([view])
    assert words.caution([SimpleNamespace(roles={})]) == words.CAUTION


def test_the_recorded_runs_are_small_and_show_what_they_claim():
    run = Run.open(copying_run_path())
    size = sum(path.stat().st_size for path in run.path.rglob("*") if path.is_file())
    assert size < 5_000_000
    assert len(run.snapshots()) >= 24 and run.status().state == "finished"
    assert run.model_config.residual_init == "scaled"
    assert run.train_config.rare_token_weight == 1.0 and not run.has_text()
    assert run.text() == lists(1, 20_000)


def test_the_sitcom_s_run_is_there_at_once_however_slow_the_machine(
    open_lesson, films, monkeypatch
):
    monkeypatch.setattr(histories, "AT_ONCE", -1.0)
    app = open_lesson("head_born", film_run="bundled")
    frames, steps = films[-1]["frames"], steps_of(films[-1])
    assert steps[0] == 0
    assert steps[-1] > steps[-2]
    assert frames[0]["loss"] > 2 * frames[-1]["loss"]
    assert not frames[0]["roles"]
    assert "when you have made your prediction" in films[-1]["role_words"]
    guess(app, 3)
    assert [row["role"] for row in films[-1]["frames"][0]["roles"]][:1] == ["previous token"]
    assert "Who took which role" in " ".join(h.value for h in app.subheader)
    assert "**previous token**" in said(app) or "*previous token*" in said(app)
    assert "Recorded: the training run of the bundled model" in captions(app)
    assert "that it copies what it sees was built in" in captions(app)
    assert "what they copy is built in" in frames[0]["said"]


def test_the_run_of_lists_can_be_chosen_in_the_bar(open_lesson, films):
    app = open_lesson("head_born", model="copying")
    assert "lists that are read out twice" in captions(app)
    assert not [each for each in app.segmented_control if each.key == "film_run"]


def test_a_run_of_one_s_own_has_no_built_in_anything(open_run):
    app = open_run(0, 10)
    assert "The run that is chosen at the top" in captions(app)
    assert "built in" not in captions(app)


@pytest.mark.parametrize(
    "design",
    [
        {"preset": "modern", "norm": "none"},
        {"norm_position": "post", "position": "sinusoidal"},
        {"n_layer": 1, "n_head": 1, "norm": "batchnorm", "position": "none"},
        {"causal": False, "block_size": 2},
    ],
)
@pytest.mark.parametrize("probe", history_film.PROBES)
def test_any_design_has_a_film(open_run, films, design, probe):
    app = open_run(0, 10, 20, design=design, film_probe=probe)
    header, first = films[-1], films[-1]["frames"][0]
    assert steps_of(header) == [0, 10, 20]
    T = len(header["tokens"])
    assert 1 <= T <= design.get("block_size", 32)
    cells = T * (T + 1) // 2 if header["causal"] else T * T
    assert header["weights"] == 3 * header["layers"] * header["heads"] * cells
    assert len(first["spread"]) == len(header["norms"])
    assert (first["gain"] is None) == (design.get("norm") == "none")
    if app.radio:
        guess(app, 0)
    assert "The largest change between two snapshots" in said(app)


@pytest.mark.parametrize("prompt", ["x", "🦆 <b>`*_$[", "word " * 400])
def test_any_prompt_is_a_probe(open_run, films, prompt):
    open_run(0, 10, prompt=prompt)
    assert 1 <= len(films[-1]["tokens"]) <= 48


def test_a_run_without_snapshots_says_what_to_do(open_run):
    assert "kept no snapshots" in said(open_run())


def test_an_imported_model_has_no_past(open_run):
    assert "already trained" in said(open_run(reason=IMPORTED))


def test_one_snapshot_is_shown_and_told_apart_from_a_film(open_run, films):
    app = open_run(5)
    assert steps_of(films[-1]) == [5]
    assert "only one snapshot" in said(app)
    assert not app.radio


def test_a_damaged_snapshot_leaves_the_others(open_lesson, tmp_path, films):
    run = write_run(tmp_path, RUN)
    keep(run, 0, 10, 20)
    run.weights_path(10).write_bytes(b"nothing")
    run.set_status("finished", 20)
    app = open_lesson("head_born", model=RUN)
    assert steps_of(films[-1]) == [0, 20]
    assert len(app.warning) == 1
    assert "step_000010" in app.warning[0].value


def test_snapshots_are_looked_at_one_after_the_other_and_can_be_stopped(
    open_run, films, monkeypatch
):
    monkeypatch.setattr(histories, "AT_ONCE", -1.0)
    monkeypatch.setattr(histories, "AT_LEAST", 1)
    PASSES.clear()
    app = open_run(0, 10, 20, 30)
    assert steps_of(films[-1]) == [0]
    app.button(key="film_stop").click().run()
    seen = len(films[-1]["frames"])
    assert f"{4 - seen} of 4 snapshots were not looked at" in said(app)
    app.button(key="film_go_on").click().run()
    for _ in range(3):
        app.run()
    assert not app.exception
    assert steps_of(films[-1]) == [0, 10, 20, 30]
    assert not any(button.key in ("film_stop", "film_go_on") for button in app.button)


def test_a_run_whose_text_is_gone_has_a_film_without_roles(open_lesson, tmp_path, films):
    run = write_run(tmp_path, RUN)
    keep(run, 0, 10)
    (run.path / "corpus.txt").unlink()
    run.set_status("finished", 10)
    app = open_lesson("head_born", model=RUN)
    assert "text is gone" in films[-1]["role_words"]
    assert not app.radio


def test_a_run_that_trains_grows(open_run, tmp_path, films):
    app = open_run(0, 10, state="running")
    assert "**is training**" in said(app)
    assert steps_of(films[-1]) == [0, 10]
    assert films[-1]["follow"]  # it follows the newest
    run = Run.open(tmp_path / RUN)
    keep(run, 20)
    app.query_params["film_follow"] = "false"
    app.run()
    assert not app.exception
    assert steps_of(films[-1]) == [0, 10, 20]
    assert films[-1]["follow"] is False
    run.set_status("finished", 20)
    app.run()
    assert "**is training**" not in said(app)
    assert films[-1]["follow"] is None  # no more will come


def test_a_run_that_waits_says_so(open_run):
    assert "waits for its turn" in said(open_run(state="queued"))


@pytest.mark.parametrize("asked", ["20", "-1", "x", "²", "9" * 30, ""])
def test_a_step_in_the_address_is_where_the_film_begins(open_lesson, tmp_path, films, asked):
    run = write_run(tmp_path, RUN)
    keep(run, 0, 20)
    run.set_status("finished", 20)

    app = open_lesson("head_born", model=RUN)
    app.query_params["step"] = asked
    app.query_params["head"] = "9.9"
    del app.session_state["film_begins"]
    app.run()
    assert not app.exception
    assert films[-1]["selection"]["step"] == (20 if asked == "20" else 0)


def test_a_run_of_one_s_own_that_isn_t_shown_can_be_watched(open_lesson, monkeypatch, tmp_path):
    write_run(tmp_path, RUN)
    view = SimpleNamespace(
        run_id=RUN,
        active=True,
        has_model=False,
        place=2,
        step=0,
        about=SimpleNamespace(class_id=""),
    )
    view.about.name, view.setup = "mine", SimpleNamespace(steps=300)
    service = SimpleNamespace(
        runs=lambda visitor: [view], names=lambda visitor: {}, find=lambda key: None
    )
    monkeypatch.setattr(history_panel, "training_service", lambda: service)
    app = open_lesson("head_born")
    assert "Your run “mine” is number 2 in the queue" in said(app)
    assert app.button(key="film_watch").disabled
    view.has_model, view.place, view.step = True, None, 25
    app.run()
    assert "Your run “mine” is training: step 25 of 300." in said(app)
    app.button(key="film_watch").click().run()
    assert app.session_state["model"] == RUN
    assert "kept no snapshots" in said(app)
    view.active = False
    app.run()
    assert not app.exception
    assert "mine" not in said(app)


def test_a_class_s_run_can_be_watched_by_each_of_its_members(open_lesson, monkeypatch, tmp_path):
    write_run(tmp_path, RUN)
    about = SimpleNamespace(name="ours", class_id="c", member=0)
    view = SimpleNamespace(run_id=RUN, active=True, has_model=True, place=None, step=25)
    view.about, view.setup = about, SimpleNamespace(steps=300)
    service = SimpleNamespace(
        runs=lambda visitor: [],
        runs_of_class=lambda class_id: [view] if class_id == "c" else [],
        names=lambda visitor: {},
        find=lambda key: None,
    )
    monkeypatch.setattr(history_panel, "training_service", lambda: service)
    assert "ours" not in said(open_lesson("head_born"))
    monkeypatch.setattr(history_panel, "place_in_class", lambda: ("c", 3))
    app = open_lesson("head_born")
    assert "The class's run “ours” is training: step 25 of 300." in said(app)
    app.button(key="film_watch").click().run()
    assert app.session_state["model"] == RUN
