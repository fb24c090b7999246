"""Runs that go on from a trained model: all of it, its last block, or adapters."""

import json
import math
from dataclasses import replace

import pytest
import torch

from gpt_core.model.config import GPTConfig
from gpt_core.model.settings import ConfigError
from gpt_core.model.weights import load_tensors, weights
from gpt_core.training.config import TrainConfig, tuning_config
from gpt_core.training.estimate import estimate
from gpt_core.training.run import Run, Start
from gpt_core.training.run_files import RunError
from gpt_core.training.train_run import Interruption, train_run
from tests.helpers import write_run

WAYS = ("all", "last", "lora")
NEW = "the cat sat on the mat, and the dog sat on the cat.\n" * 40
QUICK = {"steps": 8, "batch_size": 4, "eval_interval": 4, "eval_batches": 1}
QUICK |= {"sample_interval": 4, "snapshot_interval": 4, "checkpoint_interval": 3}


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("old"), "old", text=NEW.upper() + NEW)


def begin(old, root, name, tune, model_config=None, **train):
    config = tuning_config(32, tune=tune, lora_rank=2, **QUICK | train)
    return Run.create(
        root,
        model_config=model_config or old.model_config,
        train_config=config,
        tokenizer=old.tokenizer(),
        text=NEW,
        corpus_name="new",
        name=name,
        start=Start("old", old.load_model()),
    )


def losses(run):
    return [(r.step, r.loss, r.train_loss, r.val_loss, r.sample) for r in run.metrics()]


@pytest.mark.parametrize("tune", WAYS)
def test_it_begins_where_the_other_ended_and_learns(old, tmp_path, tune):
    run = begin(old, tmp_path, "run", tune, steps=60, eval_interval=60, learning_rate=0.01)
    assert Run.open(run.path).start == "old"
    assert train_run(run, Interruption()).state == "finished"
    records = [r for r in run.metrics() if r.val_loss is not None]
    x, y = first_batch(run)
    with torch.no_grad():
        expected = old.load_model()(x, y)[1].item()
    assert records[0].val_loss == pytest.approx(expected, rel=1e-5)  # the first: before any step
    assert records[-1].val_loss < 0.8 * expected
    # What was published is a plain model, and what it was measured as.
    with torch.no_grad():
        assert run.load_model()(x, y)[1].item() == pytest.approx(records[-1].val_loss, rel=1e-4)


def first_batch(run):
    """The one batch of validation text that these runs are measured on."""
    from gpt_core.training.data import batch
    from gpt_core.training.trainer import EVALUATION_SEED

    _, val = run.tokens()
    sizes = {"batch_size": run.train_config.batch_size, "block_size": run.block_size}
    return batch(val, 0, seed=EVALUATION_SEED, **sizes)


@pytest.mark.parametrize("tune", WAYS)
@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_an_interrupted_run_gives_the_same_bits(old, tmp_path, tune, optimizer):
    whole = begin(old, tmp_path, "whole", tune, optimizer=optimizer)
    train_run(whole, Interruption())
    parts, stop = begin(old, tmp_path, "parts", tune, optimizer=optimizer), Interruption()
    train_run(parts, stop, lambda record: record.step == 5 and stop.set("paused", "Paused."))
    assert parts.status().step == 5
    torch.manual_seed(99)  # whatever else drew random numbers meanwhile
    train_run(Run.open(parts.path), Interruption())
    assert losses(parts) == losses(whole)
    for name in ("model.safetensors", "snapshots/step_000008.safetensors"):
        assert (parts.path / name).read_bytes() == (whole.path / name).read_bytes()
    ours, theirs = (load_tensors(r.path / "state.safetensors")[0] for r in (parts, whole))
    ours.pop("progress"), theirs.pop("progress")  # it holds the seconds
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())


@pytest.mark.parametrize(("tune", "part"), [("last", "blocks.1."), ("lora", "blocks.")])
def test_nothing_else_has_changed_and_the_state_holds_no_more(old, tmp_path, tune, part):
    run = begin(old, tmp_path, "run", tune)
    train_run(run, Interruption())
    before, after = weights(old.load_model()), weights(run.load_model())
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed and all(name.startswith((part, "norm_f.")) for name in changed)
    if tune == "lora":
        for name in changed:  # a change of rank 2, up to rounding
            values = torch.linalg.svdvals(after[name] - before[name])
            assert values[2] < 1e-4 * values[0] < values[1]
    state, _ = load_tensors(run.path / "state.safetensors")
    kept = sum(t.numel() for n, t in state.items() if n.startswith("model."))
    trained = estimate(run.model_config, run.train_config, 1.0).trained
    assert kept == trained < sum(t.numel() for t in before.values())


def test_the_start_is_needed_until_the_end(old, tmp_path):
    run = begin(old, tmp_path, "run", "lora")
    assert run.path / "start.safetensors" not in run.files_to_hand_out()
    (run.path / "start.safetensors").unlink()
    with pytest.raises(RunError, match=r"start.safetensors is missing"):
        train_run(run, Interruption())


def test_what_cannot_be_a_start_is_refused(old, tmp_path):
    with pytest.raises(RunError, match="this run has none to go on from"):
        Run.create(
            tmp_path,
            model_config=old.model_config,
            train_config=TrainConfig(tune="lora"),
            tokenizer=old.tokenizer(),
            text=NEW,
            corpus_name="new",
        )
    other = replace(old.model_config, n_layer=1)
    with pytest.raises(RunError, match="another design"):
        begin(old, tmp_path, "run", "all", other)
    assert not list(tmp_path.iterdir())
    run = begin(old, tmp_path, "run", "all")
    config = json.loads((run.path / "config.json").read_text())
    (run.path / "config.json").write_text(json.dumps(config | {"start": ["a list"]}))
    with pytest.raises(RunError, match="names no model"):
        Run.open(run.path)


def test_rates_fall_with_the_width():
    for tune in WAYS:
        narrow, wide = (tuning_config(width, tune=tune) for width in (128, 768))
        assert narrow.learning_rate / wide.learning_rate == pytest.approx(6, rel=0.05)
    assert tuning_config(64, learning_rate=0.5).learning_rate == 0.5
    with pytest.raises(ConfigError, match="tune is 'some'"):
        tuning_config(64, tune="some")


def test_estimates_go_by_what_is_trained():
    gpt2 = GPTConfig(50_257, block_size=1024, n_layer=12, n_head=12, n_embd=768)
    whole, last, lora = (
        estimate(gpt2, tuning_config(768, tune=tune, batch_size=1), 1e11) for tune in WAYS
    )
    assert whole.trained == whole.parameters == 124_439_808
    assert last.memory_bytes < lora.memory_bytes < whole.memory_bytes
    assert last.seconds < lora.seconds < whole.seconds
    # Averages and gradients of 124 million numbers: five times four bytes each.
    saved = 4 * 5 * (whole.trained - lora.trained) - 4 * whole.parameters
    assert whole.memory_bytes - lora.memory_bytes == saved
    assert math.isclose(lora.seconds / whole.seconds, 2 / 3, rel_tol=0.1)
