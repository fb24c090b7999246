from dataclasses import replace

import numpy as np
import pytest
import torch

from gpt_core.generate.sample import SampleConfig, generate
from gpt_core.interpret.induction import random_tokens, repeat_test
from gpt_core.interpret.snapshots import (
    Fall,
    Snapshot,
    continuation,
    copying_of,
    load,
    look,
    moved,
    repeated,
    roles_of,
    snapshots_of,
    texts_of,
    tokens_in_use,
)
from gpt_core.model.gpt import GPT
from gpt_core.training.run_files import RunError
from tests.helpers import write_run

IDS = [3, 1, 4, 1, 5, 9, 2, 6]
FIRST = Snapshot(0, False, "x")


@pytest.fixture
def run(tmp_path):
    """A finished run of 30 steps with snapshots of 0 and 20, each with weights of its own."""
    run = write_run(tmp_path, "0000000a")
    for step in (20, 0):
        torch.manual_seed(step)
        run.save_snapshot(GPT(run.model_config), step)
    run.set_status("finished", 30)
    return run


def test_what_was_put_aside_comes_first_and_then_the_newest_weights(run):
    assert [(s.step, s.newest) for s in snapshots_of(run)] == [(0, False), (20, False), (30, True)]
    newest = load(run, snapshots_of(run)[-1])
    assert torch.equal(newest.wte.weight, run.load_model().wte.weight)
    assert torch.equal(load(run, snapshots_of(run)[1]).wte.weight, run.load_model(20).wte.weight)


@pytest.mark.parametrize("state", ["queued", "running"])
def test_the_newest_weights_of_a_run_that_trains_are_no_snapshot(run, state):
    run.set_status(state, 30)
    assert [s.step for s in snapshots_of(run)] == [0, 20]


def test_a_last_snapshot_is_not_there_twice(run):
    run.set_status("stopped", 20)
    assert [s.step for s in snapshots_of(run)] == [0, 20]


def test_weights_alone_are_no_snapshot(tmp_path):
    assert snapshots_of(write_run(tmp_path, "0000000b")) == []


def test_another_file_has_another_stamp(run):
    before = snapshots_of(run)
    torch.manual_seed(9)
    run.save_snapshot(GPT(run.model_config), 20)
    changed = [a.stamp != b.stamp for a, b in zip(before, snapshots_of(run), strict=True)]
    assert changed == [False, True, False]


def test_a_damaged_snapshot_is_told_and_the_others_load(run):
    run.weights_path(20).write_bytes(b"nothing")
    first, second, _ = snapshots_of(run)
    load(run, first)
    with pytest.raises(RunError, match="step_000020"):
        load(run, second)


DESIGNS = {
    "classic": {},
    "modern": {"preset": "modern"},
    "none": {"norm": "none"},
    "post": {"norm_position": "post", "position": "sinusoidal"},
    "batchnorm": {"norm": "batchnorm", "position": "none"},
    "one": {"n_layer": 1, "n_head": 1},
    "not causal": {"causal": False},
}


@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS)
def test_a_view_is_what_the_model_does(tmp_path, design):
    model = write_run(tmp_path, "0000000c", **design).load_model()
    view, L = look(model, IDS, FIRST), model.config.n_layer
    with torch.no_grad():
        logits, _ = model(torch.tensor([IDS]))
    best = logits[0, -1].softmax(-1).max(-1)
    assert len(view.guesses) == L + 1
    token, probability = view.guesses[-1]
    assert token == best.indices.item()
    assert probability == pytest.approx(best.values.item(), abs=1e-5)
    greedy = generate(model, IDS, SampleConfig(max_new_tokens=30, temperature=0), use_cache=False)
    assert list(continuation(model, IDS)) == [sampled.token for sampled in greedy]
    assert view.pattern.shape == (L, model.config.n_head, len(IDS), len(IDS))
    np.testing.assert_allclose(view.pattern.astype(np.float32).sum(-1), 1, atol=5e-3)
    norms = 2 * L + (model.config.norm_position == "pre")
    assert len(view.spread) == norms
    assert (view.gain is None) == (model.config.norm == "none")
    assert view.gain is None or len(view.gain) == norms


def test_a_norm_s_spread_and_gain_are_its_input_s_and_its_own(tmp_path):
    model = write_run(tmp_path, "0000000d", norm="layernorm").load_model()
    with torch.no_grad():
        model.blocks[1].norm1.weight.copy_(torch.linspace(-2, 2, 32))
        x = model.blocks[0](model.wte(torch.tensor([IDS])) + model.wpe(torch.arange(len(IDS))))
    view = look(model, IDS, FIRST)
    assert view.spread[2] == pytest.approx(x.std(-1, correction=0).mean().item(), rel=1e-4)
    assert view.gain[2] == pytest.approx(torch.linspace(-2, 2, 32).abs().mean().item(), rel=1e-4)


def test_scores_that_are_no_numbers_are_told(tmp_path):
    model = write_run(tmp_path, "0000000e").load_model()
    with torch.no_grad():
        model.lm_head.weight[0] = float("inf")
    with pytest.raises(RunError, match="step 1,000"):
        look(model, IDS, Snapshot(1000, False, "x"))


def test_a_single_token_can_be_looked_at(tmp_path):
    view = look(write_run(tmp_path, "0000000f").load_model(), [2], FIRST)
    assert moved(view, view).max() == 0


def test_moved_finds_the_head_that_turned(tmp_path):
    model = write_run(tmp_path, "00000010").load_model()
    before = look(model, IDS, FIRST)
    pattern = before.pattern.copy()
    pattern[1, 0, 1:] = 0
    pattern[1, 0, 1:, 0] = 1  # everything to the first token
    after = replace(before, pattern=pattern)
    change = moved(before, after)
    expected = 1 - before.pattern[1, 0, 1:, 0].astype(np.float32).mean()
    assert change[1, 0] == pytest.approx(expected, abs=2e-3)
    assert np.count_nonzero(change) == 1


def test_random_tokens_are_said_twice(tmp_path):
    model = write_run(tmp_path, "00000011", block_size=9).load_model()
    ids = repeated(model, [3, 5, 7])
    assert len(ids) == 8
    assert ids[:4] == ids[4:]
    assert ids == repeated(model, [3, 5, 7]) and set(ids) <= {3, 5, 7}


def test_the_tokens_in_use_are_those_of_the_text(tmp_path):
    run = write_run(tmp_path, "00000013")
    tokenizer = run.tokenizer()
    used = tokens_in_use(run)
    assert set(used) <= set(tokenizer.encode(run.text())) and len(used) > 20
    (run.path / "corpus.txt").unlink()
    assert tokens_in_use(run) == list(range(tokenizer.vocab_size))


def test_the_copy_test_of_a_snapshot_is_the_induction_lesson_s(tmp_path):
    model = write_run(tmp_path, "00000014").load_model()
    found, test = copying_of(model, range(9)), repeat_test(model, random_tokens(model, 0, range(9)))
    assert (found.first, found.second) == (test.first, test.second)
    assert np.array_equal(found.share, test.share.numpy())
    assert np.array_equal(found.passed, test.passed().numpy())
    assert copying_of(write_run(tmp_path, "00000015", block_size=3).load_model(), [1, 2]) is None


def test_roles_find_a_head_that_was_made_to_look_at_the_first_token(tmp_path):
    run = write_run(tmp_path, "00000012", position="learned", norm="none", n_layer=1)
    model = run.load_model()
    with torch.no_grad():  # the first position alone has a large key in head 1, and all ask for it
        model.wpe.weight.zero_()
        model.wpe.weight[0, 0] = 100.0
        weight, D = model.blocks[0].attn.qkv.weight, model.config.head_dim
        weight[D : 2 * D] = 0
        model.blocks[0].attn.qkv.bias[D : 2 * D] = 0.0
        model.blocks[0].attn.qkv.bias[D] = 1.0
        weight[32 + D : 32 + 2 * D] = 0
        weight[32 + D, 0] = 1.0
        model.wte.weight[:, 0] = 0.0
    scores = roles_of(model, texts_of(run))["first token"]
    assert scores.share[0, 1] > 0.99
    assert scores.clear()[0, 1]


def test_the_numbers_of_a_curve():
    fall = Fall([0, 100, 200, 400], [8.0, 4.0, 3.0, 2.0])
    assert fall.at(150) == pytest.approx(3.5)
    assert fall.share(0) == 0
    assert fall.share(150) == pytest.approx(4.5 / 6)
    assert fall.share(400) == 1
    assert Fall([0, 10], [2.0, 3.0]).share(5) == 1
    assert fall.steepest([0, 50, 100, 400]) == (0, 50)
    assert fall.steepest([100, 200, 300]) == (100, 200)
    assert fall.steepest([100]) is None
