"""The race: contenders that differ in nothing but their norm."""

import json
import math
from dataclasses import replace

import pytest
import torch

from gpt_core.experiments.norm_race import (
    NORMS,
    PIECE,
    Lane,
    Race,
    held_out_losses,
    make_trainer,
    packed,
    text_of_the_race,
    unpacked,
)
from gpt_core.jobs import JobError
from gpt_core.jobs.norms_race import norms_race
from gpt_core.model.norms import _Norm, freeze_gain_and_bias
from gpt_core.training.config import TrainConfig
from gpt_core.training.data import TokenData
from gpt_core.training.trainer import Trainer

SMALL = Race(n_layer=2, n_embd=32, block_size=16, batch_size=4, steps=4)
SETTINGS = {
    "norm_position": "pre",
    "n_layer": 2,
    "learning_rate": 3e-3,
    "warmup_steps": 0,
    "learned": "free",
    "seed": 1,
    "steps": 2,
}


def run(lane):
    for _ in range(lane.race.steps):
        lane.step()
    return lane


def gains_and_biases(model):
    norms = [module for module in model.modules() if isinstance(module, _Norm)]
    gains = torch.cat([norm.weight.detach() for norm in norms])
    biases = [norm.bias.detach() for norm in norms if norm.bias is not None]
    return gains, torch.cat(biases) if biases else torch.zeros(1)


def test_all_begin_with_the_same_weights_and_read_the_same_batches():
    trainers = [make_trainer(norm, SMALL) for norm in NORMS]
    states = [trainer.model.state_dict() for trainer in trainers]
    shared = set.intersection(*(set(state) for state in states))
    assert {"wte.weight", "blocks.1.mlp.down.weight"} <= shared
    for state in states[1:]:
        assert all(torch.equal(state[name], states[0][name]) for name in shared)
    x = [trainer.batch("train", 3)[0] for trainer in trainers]
    assert all(torch.equal(x[0], each) for each in x[1:])


@pytest.mark.parametrize("norm", NORMS)
def test_the_seed_alone_decides(norm):
    torch.manual_seed(99)
    first = run(Lane(norm, SMALL))
    torch.manual_seed(100)
    again, other = run(Lane(norm, SMALL)), run(Lane(norm, replace(SMALL, seed=2)))
    assert first.losses == again.losses and first.depths == again.depths
    assert first.losses != other.losses


def test_without_a_norm_pre_and_post_are_the_same_model():
    pre, post = (run(Lane("none", replace(SMALL, norm_position=p))) for p in ("pre", "post"))
    assert pre.losses == post.losses


def test_taking_turns_and_being_watched_change_nothing():
    lanes = [Lane(norm, SMALL) for norm in NORMS]
    for _ in range(SMALL.steps):
        for lane in lanes:
            lane.step()
    for lane in lanes:
        alone = [told.loss for told in make_trainer(lane.norm, SMALL)]
        assert lane.losses == alone


@pytest.mark.parametrize("norm", ["layernorm", "rmsnorm", "batchnorm"])
@pytest.mark.parametrize("position", ["pre", "post"])
def test_frozen_gains_stay_1_and_biases_0_while_the_rest_learns(norm, position):
    race = replace(SMALL, norm_position=position)
    before = make_trainer(norm, race).model.wte.weight.clone()
    frozen, free = (run(Lane(norm, replace(race, frozen=f))).model for f in (True, False))
    gains, biases = gains_and_biases(frozen)
    assert torch.equal(gains, torch.ones_like(gains))
    assert torch.equal(biases, torch.zeros_like(biases))
    assert not torch.equal(gains_and_biases(free)[0], gains)
    assert not torch.equal(frozen.wte.weight, before)


@pytest.mark.parametrize("norm", NORMS)
def test_weights_come_back_as_they_were_but_for_half_precision(norm):
    model = run(Lane(norm, SMALL)).model.eval()
    again = unpacked(norm, SMALL, packed(model))
    x = torch.arange(16)[None]
    torch.testing.assert_close(again(x)[0], model(x)[0], rtol=0.01, atol=0.01)
    if norm == "batchnorm":
        assert not (again.norm_f.running_mean == 0).all()


def test_muon_leaves_what_is_frozen_alone_too():
    trainer = make_trainer("layernorm", SMALL)
    freeze_gain_and_bias(trainer.model)
    config = TrainConfig.from_preset("modern", steps=2, batch_size=4, precision="float32")
    muon = Trainer(trainer.model, TokenData(**trainer.splits), config)
    before = trainer.model.wte.weight.clone()
    list(muon)
    gains, biases = gains_and_biases(trainer.model)
    assert (gains == 1).all() and (biases == 0).all()
    assert not torch.equal(trainer.model.wte.weight, before)


def test_contenders_of_all_seeds_are_judged_on_the_same_text_piece_by_piece():
    lane = run(Lane("batchnorm", SMALL))
    text = text_of_the_race()[2]
    assert len(lane.pieces) == (len(text) - 1) // PIECE > 30
    assert lane.evaluations[-1] == (SMALL.steps, pytest.approx(sum(lane.pieces) / len(lane.pieces)))
    model = lane.model.eval()
    ids = torch.from_numpy(text[PIECE : 2 * PIECE + 1].astype("int64"))
    x, y = ids[:-1].view(-1, SMALL.block_size), ids[1:].view(-1, SMALL.block_size)
    assert lane.pieces[1] == pytest.approx(model(x, y)[1].item(), rel=1e-5)
    other = make_trainer("batchnorm", replace(SMALL, seed=2)).model
    other.load_state_dict(model.state_dict())
    assert held_out_losses(other.train()) == pytest.approx(lane.pieces) and other.training


def test_sizes_by_depth_are_those_of_the_first_batch():
    lane = run(Lane("layernorm", SMALL))
    look = lane.depths[0]
    fresh = make_trainer("layernorm", SMALL)
    model, (x, y) = fresh.model, fresh.batch("train", 0)
    embedded = model.wte(x) + model.wpe(torch.arange(16))
    assert look["step"] == 1
    assert look["stream"][0] == pytest.approx(embedded.square().mean().sqrt().item(), rel=1e-5)
    assert len(look["stream"]) == 5 and len(look["gradient"]) == 4
    model(x, y)[1].backward()
    mlp = model.blocks[1].mlp
    length = math.sqrt(sum(w.grad.square().sum().item() for w in (mlp.up.weight, mlp.down.weight)))
    assert look["gradient"][-1] == pytest.approx(length, rel=1e-4)


def test_one_that_diverges_ends_alone_and_says_why():
    lanes = {norm: Lane(norm, SMALL) for norm in NORMS}
    lanes["none"].model.blocks[1].mlp.down.weight.data[0, 0] = math.inf
    for _ in range(SMALL.steps):
        for lane in lanes.values():
            lane.step()
    assert "diverged at step 1" in lanes["none"].reason
    assert lanes["none"].losses == [] and lanes["none"].evaluations == []
    for norm in ("layernorm", "rmsnorm", "batchnorm"):
        assert not lanes[norm].reason and len(lanes[norm].losses) == SMALL.steps


def test_a_frozen_contender_that_diverges_says_why_too():
    lane = Lane("layernorm", replace(SMALL, frozen=True))
    lane.model.lm_head.weight.data[0, 0] = math.nan
    lane.step()
    assert "diverged at step 1" in lane.reason


def test_the_job_tells_all_of_it_as_plain_json():
    steps = list(norms_race(None, SETTINGS))
    value = json.loads(json.dumps(steps[-1].value, allow_nan=False))
    assert (steps[-1].done, steps[-1].total) == (2, 2)
    assert list(value["norms"]) == list(NORMS)
    for norm, told in value["norms"].items():
        assert len(told["losses"]) == 2 and len(told["evaluations"]) == 1
        assert (told["learned"]["gain"] is None) == (norm == "none")
    learned = value["norms"]["rmsnorm"]["learned"]
    assert learned["places"][-1] == "norm_f" and learned["bias"] is None
    assert all(low <= mean <= high for low, mean, high in learned["gain"])


def test_partial_results_grow_together():
    part = next(norms_race(None, SETTINGS | {"steps": 10}))
    assert part.done == 5
    assert {len(told["losses"]) for told in part.value["norms"].values()} == {5}
    assert part.value["norms"]["layernorm"]["learned"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_layer": 40},
        {"steps": 100_000},
        {"steps": 100, "n_layer": 12},
        {"learning_rate": 5},
        {"norm_position": "both"},
        {"seed": 0},
        {"learned": True},
        {"warmup_steps": None},
    ],
)
def test_what_a_visitor_may_ask_for_is_bounded(wrong):
    with pytest.raises(JobError):
        next(norms_race(None, SETTINGS | wrong))
