"""Activation patching: everything copied is the other run, nothing copied is the same run."""

import pytest
import torch

from gpt_core.interpret import variants
from gpt_core.interpret.patching import (
    KEPT,
    STATES,
    contrast,
    first_difference,
    patch,
    patch_each,
    patching_cost,
    suggest_swap,
)
from gpt_core.jobs import JobError, find_job
from gpt_core.model.recording import run as run_model
from tests.gpt_core.designs import DESIGNS, IDS, make_model
from tests.helpers import write_run

OTHER = [3, 1, 7, 1, 5, 9, 2, 6]  # differs at position 2


def run_states(model, ids):
    return run_model(model, ids, *KEPT)


@pytest.fixture(params=DESIGNS)
def model(request):
    return make_model(request.param)


@pytest.fixture
def runs(model):
    return run_states(model, IDS), run_states(model, OTHER)


@pytest.mark.parametrize("state", ["resid_pre", "resid_mid", "resid_post"])
def test_copying_the_whole_stream_restores_the_other_run(model, runs, state):
    for layer in range(model.config.n_layer):
        logits = patch(model, *runs, state, layer, range(8))
        torch.testing.assert_close(logits, runs[1].logits[-1])
    assert not torch.allclose(runs[0].logits[-1], runs[1].logits, atol=1e-3)


@pytest.mark.parametrize("state", STATES)
def test_copying_nothing_or_from_itself_changes_nothing(model, runs, state):
    into = runs[0]
    torch.testing.assert_close(patch(model, *runs, state, 0, []), into.logits[-1])
    torch.testing.assert_close(patch(model, into, into, state, 0, range(8)), into.logits[-1])
    assert torch.equal(into.logits, model(torch.tensor([IDS]))[0][0])


def test_the_batch_of_a_layer_equals_one_patch_after_the_other(model, runs):
    measure = contrast(*runs)
    for state in STATES:
        for layer in range(model.config.n_layer):
            together = patch_each(model, *runs, state, layer, measure)
            for position in (1, 2, 7):
                logits = patch(model, *runs, state, layer, [position])
                alone = measure.moved(logits[measure.answer], logits[measure.instead])
                assert together[position] == pytest.approx(alone.item(), abs=1e-3)


def test_the_measure_is_0_for_the_first_run_and_1_for_the_second(runs):
    into, source = runs
    measure = contrast(into, source)
    for run, expected in ((into, 0.0), (source, 1.0)):
        logits = run.logits[-1]
        moved = measure.moved(logits[measure.answer], logits[measure.instead])
        assert moved.item() == pytest.approx(expected, abs=1e-5)
    difference = into.logits[-1].softmax(-1) - source.logits[-1].softmax(-1)
    assert measure.answer == difference.argmax() and measure.instead == difference.argmin()


def test_by_hand_in_a_model_of_one_layer():
    """The stream after the only block, at the last position, is all that the logits read."""
    model = make_model("one layer, one head")
    into, source = run_states(model, IDS), run_states(model, OTHER)
    measure = contrast(into, source)
    row = patch_each(model, into, source, "resid_post", 0, measure)
    assert row[:-1] == pytest.approx([0.0] * 7, abs=1e-5) and row[-1] == pytest.approx(1, abs=1e-5)
    # The MLP's output alone, added to the first run's stream by hand.
    x = into["blocks.0.resid_mid"][-1] + source["blocks.0.mlp_out"][-1]
    norm = model.norm_f
    y = (x - x.mean()) / (x.var(correction=0) + norm.eps).sqrt() * norm.weight + norm.bias
    logits = model.lm_head.weight @ y
    expected = measure.moved(logits[measure.answer], logits[measure.instead]).item()
    mlp = patch_each(model, into, source, "mlp_out", 0, measure)
    assert mlp[-1] == pytest.approx(expected, abs=1e-4)


def test_positions_before_the_difference_move_nothing_in_a_causal_model():
    model = make_model("layernorm with bias")
    into, source = run_states(model, IDS), run_states(model, OTHER)
    assert first_difference(model.config, IDS, OTHER) == 2
    for position in (0, 1):
        logits = patch(model, into, source, "resid_mid", 1, [position])
        torch.testing.assert_close(logits, into.logits[-1])
    assert patch_each(model, into, source, "resid_mid", 1, contrast(into, source))[:2] == [0, 0]
    assert first_difference(make_model("not causal").config, IDS, OTHER) == 0


def test_what_cannot_be_compared_is_refused_in_words(model):
    into = run_states(model, IDS)
    with pytest.raises(ValueError, match="8 tokens and the other 7"):
        contrast(into, run_states(model, OTHER[:7]))
    with pytest.raises(ValueError, match="same prediction"):
        contrast(into, into)


def test_the_suggested_swap_is_the_first_that_moves_much(model):
    position, token = suggest_swap(model, run_model(model, IDS, *variants.KEPT))
    assert 0 <= position < 7 and token != IDS[position]
    logits = model(torch.tensor([IDS]))[0][0]

    def swapped(place):
        guess = logits[max(0, place - 1)].clone()
        guess[IDS[place]] = -torch.inf
        return int(guess.argmax())

    def after(place):
        row = torch.tensor([[*IDS[:place], swapped(place), *IDS[place + 1 :]]])
        return model(row)[0][0, -1].softmax(-1)

    now = logits[-1].softmax(-1)
    moves = [(after(place) - now).abs().sum().item() for place in range(7)]
    much = [place for place in range(7) if moves[place] >= max(moves) / 2]
    turned = [place for place in much if after(place).argmax() != now.argmax()]
    first = (turned or much)[0]
    assert (position, token) == (first, swapped(first))
    assert suggest_swap(model, run_model(model, IDS, *variants.KEPT), most=1)[0] == 6
    position, token = suggest_swap(model, run_model(model, [3], *variants.KEPT))
    assert position == 0 and token != 3


def test_the_job_computes_what_the_library_does(tmp_path):
    run = write_run(tmp_path, "0000000b")
    model = run.load_model().eval()
    settings = {"into": IDS, "source": OTHER, "state": "resid_mid"}
    *before, last = find_job("patch_grid")(run, settings)
    assert [p.done for p in before] == [0, 1] and (last.done, last.total) == (2, 2)
    runs = run_states(model, IDS), run_states(model, OTHER)
    for layer in range(2):
        expected = patch_each(model, *runs, "resid_mid", layer, contrast(*runs))
        assert last.value["moved"][layer] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    "wrong",
    [{"state": "q"}, {"source": IDS[:5]}, {"source": IDS}, {"into": []}, {"into": [1] * 33}],
)
def test_the_job_refuses_what_it_cannot_do(tmp_path, wrong):
    run = write_run(tmp_path, "0000000b")
    settings = {"into": IDS, "source": OTHER, "state": "resid_mid"} | wrong
    with pytest.raises(JobError):
        list(find_job("patch_grid")(run, settings))


def test_the_job_is_bounded(tmp_path, monkeypatch):
    run = write_run(tmp_path, "0000000b")
    cost = patching_cost(run.model_config, 8, 6)
    monkeypatch.setattr("gpt_core.jobs.patch_grid.MOST_COST", cost * 0.99)
    with pytest.raises(JobError, match="too long"):
        list(find_job("patch_grid")(run, {"into": IDS, "source": OTHER, "state": "mlp_out"}))
