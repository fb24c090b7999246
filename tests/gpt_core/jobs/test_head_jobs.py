"""The jobs about heads on small runs: what they find is what the library finds."""

import copy
import json
import math

import pytest
import torch

from gpt_core.bundled import MEASURED, bundled_run_path
from gpt_core.evaluation.held_out import held_out
from gpt_core.interpret.head_importance import losses_without
from gpt_core.jobs import JobError
from gpt_core.jobs.head_roles import head_roles
from gpt_core.jobs.head_value import head_value
from gpt_core.jobs.heal import heal
from gpt_core.training.evaluate import mean_loss
from gpt_core.training.run import Run
from tests.helpers import write_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("runs"), "0000000a")


def last(progress):
    steps = list(progress)
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert steps[-1].done == steps[-1].total
    assert all(step.done < step.total for step in steps[:-1])
    return steps[-1].value


def test_pieces_are_of_the_validation_split_and_do_not_overlap(run):
    pieces = held_out(run, 6, 20).pieces
    val = run.tokenizer().decode(run.tokens()[1])
    assert len(pieces) == 6
    assert all(piece.text in val and len(piece.ids) == 20 for piece in pieces)
    assert sum(piece.characters for piece in held_out(run, 99, 30).pieces) < len(val)


def test_pieces_of_a_sitcom_are_held_out_scenes(tmp_path):
    from corpus.sitcom import generate, whole_text

    text = whole_text(3, 40)
    made = write_run(tmp_path, "0000000b", text=text, tokenizer="bpe", block_size=64)
    sitcom = Run.open(made.path)
    sitcom.corpus["sitcom"] = {"seed": 3, "scenes": 40}
    found = held_out(sitcom, 3)
    pieces = found.pieces
    # Which is why it isn't the number of whole scenes.
    assert found.what == "the first 64 tokens of 3 scenes that were held out of training"
    scenes = [scene.text for scene in generate(1, 3, held_out=True)]
    assert [piece.text.strip("\n") for piece in pieces] == scenes
    assert all(
        len(piece.ids) == 64 and scene not in text
        for piece, scene in zip(pieces, scenes, strict=True)
    )


def test_a_scene_ends_as_in_a_text_so_its_loss_is_the_one_that_is_told_elsewhere():
    run = Run.open(bundled_run_path())
    found, model, tokenizer = held_out(run, 40), run.load_model(), run.tokenizer()
    pieces = found.pieces
    assert found.what == "40 scenes that were held out of training"
    heading = tokenizer.encode("INT. ")
    around = tokenizer.encode("\n\n\nINT. ")[: -len(heading)]
    assert all(list(piece.ids[-len(around) :]) == around for piece in pieces)
    nats = sum(
        torch.nn.functional.cross_entropy(
            model(torch.tensor([piece.ids[:-1]]))[0][0],
            torch.tensor(piece.ids[1:]),
            reduction="sum",
        ).item()
        for piece in pieces
    )
    bits = nats / math.log(2) / sum(piece.characters for piece in pieces)
    told = json.loads((MEASURED / "scenes.json").read_text())["columns"]["model"]["bits"]
    assert bits == pytest.approx(told["value"], abs=0.001)


def test_head_value_says_the_loss_that_the_model_itself_reports(run):
    result = last(head_value(run, {"texts": 8}))
    pieces = held_out(run, 8, result["tokens"] // 8 + 1).pieces
    model = run.load_model()
    pairs = [torch.tensor([piece.ids]) for piece in pieces]
    assert result["tokens"] == sum(ids.numel() - 1 for ids in pairs)
    assert result["loss"] == pytest.approx(
        mean_loss(model, [(ids[:, :-1], ids[:, 1:]) for ids in pairs]), abs=2e-5
    )
    assert [head["head"] for head in result["heads"]] == [[0, 0], [0, 1], [1, 0], [1, 1]]
    zeroed = copy.deepcopy(model)
    zeroed.blocks[1].attn.proj.weight.data[:, :16] = 0.0
    without = mean_loss(zeroed, [(ids[:, :-1], ids[:, 1:]) for ids in pairs])
    assert result["heads"][2]["zero"][0] == pytest.approx(without - result["loss"], abs=4e-5)


def test_head_roles_has_numbers_for_every_head(run):
    result = last(head_roles(run, {"texts": 8}))
    assert len(result["heads"]) == 4
    assert all(head["repeated"] is False for head in result["heads"])  # it is untrained
    assert {"previous token", "first token", "same token"} <= set(result["roles"])
    for head in result["heads"]:
        assert set(head["scores"]) == set(result["roles"])
        for share, chance, _ in head["scores"].values():
            assert 0 <= share <= 1.0001 and 0 < chance <= 1.0001


def test_healing_trains_what_is_left_and_leaves_the_removed_head_out(run):
    result = last(heal(run, {"head": [1, 0], "steps": 30, "seed": 1}))
    model = run.load_model()
    ids = [piece.ids for piece in held_out(run, 24).pieces]
    whole, *others = losses_without(model, ids)
    tokens = result["tokens"]
    assert tokens == sum(len(piece) - 1 for piece in ids)
    curve = result["curve"]
    assert curve["step"][0] == 0 and curve["step"][-1] == 30
    assert curve["twin"][0] == pytest.approx(whole.zero.sum() / tokens, abs=2e-5)
    cut = next(one.zero.sum() for one in others if one.head == (1, 0)) / tokens
    assert curve["healed"][0] == pytest.approx(cut, abs=2e-5)
    assert curve["healed"][-1] < cut and curve["twin"][-1] < curve["twin"][0]
    assert result["cut"][0] == pytest.approx(curve["healed"][0] - curve["twin"][0], abs=3e-5)
    averaged = next(
        one for one in losses_without(model, ids, mean=True) if one.head == (1, 0)
    ).mean.sum()
    rise = (averaged - whole.zero.sum()) / tokens
    assert result["mean"][0] == pytest.approx(rise, abs=2e-5)
    assert [other["head"] for other in result["others"]] == [[0, 0], [0, 1], [1, 1]]
    for other in result["others"]:
        value, low, high = other["gain"]
        assert value == pytest.approx(other["healed"] - other["twin"], abs=3e-5)
        assert low <= value <= high


def test_the_same_seed_heals_the_same_and_the_most_valuable_head_is_chosen(run):
    settings = {"head": "most valuable", "steps": 30, "seed": 5}
    first, second = last(heal(run, settings)), last(heal(run, settings))
    assert first == second
    ids = [piece.ids for piece in held_out(run, 24).pieces]
    _, *others = losses_without(run.load_model(), ids)
    assert tuple(first["head"]) == max(others, key=lambda one: one.zero.sum()).head


@pytest.mark.parametrize(
    "settings, says",
    [
        ({"head": [2, 0], "steps": 30, "seed": 1}, "2 layers of 2 heads"),
        ({"head": [True, 0], "steps": 30, "seed": 1}, "no head"),
        ({"head": "x", "steps": 30, "seed": 1}, "no head"),
        ({"head": [0, 0], "steps": 31, "seed": 1}, "steps is 31"),
        ({"head": [0, 0], "steps": 30, "seed": -1}, "seed is -1"),
    ],
)
def test_what_cannot_be_healed_is_refused_in_words(run, settings, says):
    with pytest.raises(JobError, match=says):
        list(heal(run, settings))


def test_a_single_head_has_nobody_to_take_over(tmp_path):
    single = write_run(tmp_path, "0000000c", n_layer=1, n_head=1)
    with pytest.raises(JobError, match="single head"):
        list(heal(single, {"head": [0, 0], "steps": 30, "seed": 1}))


def test_a_model_that_is_too_large_to_train_is_refused(run, monkeypatch):
    monkeypatch.setattr("gpt_core.jobs.heal.MOST_FLOPS", 1e6)
    with pytest.raises(JobError, match="smaller model"):
        list(heal(run, {"head": [0, 0], "steps": 30, "seed": 1}))
