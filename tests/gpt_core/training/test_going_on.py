"""What becomes of a run's folder that is trained again: it goes on, or nothing in it changes."""

import errno
import shutil

import pytest

from gpt_core.model.gpt import GPT
from gpt_core.training.run import Run
from gpt_core.training.run_files import STATES, Status
from gpt_core.training.train_run import Interruption, train_run
from tests.gpt_core.training.test_run import contents, create, error_of


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    run = create(tmp_path_factory.mktemp("runs"))
    train_run(run, Interruption())
    return run


@pytest.fixture
def trained(finished, tmp_path):
    shutil.copytree(finished.path, tmp_path / "run")
    return Run.open(tmp_path / "run")


@pytest.fixture
def paused(tmp_path):
    run, stop = create(tmp_path), Interruption()
    train_run(run, stop, lambda record: record.step == 4 and stop.set("paused", "Paused."))
    return run


def leave_out(run, *names):
    """Remove files and folders of a run, as a copy that was not whole leaves them out."""
    for name in names:
        path = run.path / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def refusal(run):
    """The sentence with which training refuses; nothing in the folder may change."""
    before = contents(run)
    message = error_of(lambda: train_run(Run.open(run.path), Interruption()))
    assert contents(run) == before
    return message


LACKING = (
    *("", "metrics.jsonl", "model.safetensors", "status.json", "tokenizer.json", "corpus.txt"),
    *("status.json metrics.jsonl", "status.json model.safetensors", "tokenizer.json corpus.txt"),
)


@pytest.mark.parametrize("lacking", LACKING)
def test_trained_weights_are_never_thrown_away(trained, lacking):
    # All but these two are in what the app hands out as a download.
    leave_out(trained, "state.safetensors", "snapshots", *lacking.split())
    for state in STATES:
        if "status.json" not in lacking:
            trained.set_status(state, 8)
        message = refusal(trained)
        assert "was trained already" in message and "write with it" in message


@pytest.mark.parametrize("witness", ["status.json", "metrics.jsonl", "model.safetensors"])
def test_one_witness_of_steps_is_enough(tmp_path, trained, witness):
    other = create(tmp_path, "other")
    (other.path / witness).write_bytes((trained.path / witness).read_bytes())
    if witness == "status.json":
        other.set_status("paused", 8)
    assert other.steps_taken() == 8
    assert "was trained already" in refusal(other)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("status.json", b"[" * 100_000),
        ("status.json", None),
        ("metrics.jsonl", b"\0" * 100 + b"\n"),
        ("metrics.jsonl", b'{"step": 0, "train_loss": 1}\n'),
        ("model.safetensors", b""),
        ("model.safetensors", b"\xff" * 9),
    ],
)
def test_where_nobody_can_tell_nothing_is_begun(tmp_path, file, content):
    run = create(tmp_path)
    leave_out(run, file) if content is None else (run.path / file).write_bytes(content)
    assert "nobody can tell" in refusal(run)


def test_weights_without_metrics_are_somebody_s_work(tmp_path):
    run = create(tmp_path)
    run.save_model(GPT(run.model_config), 0)  # training writes metrics first
    assert "metrics.jsonl of run is missing" in refusal(run)


@pytest.mark.parametrize("state", ["queued", "running", "paused", "stopped", "failed"])
def test_a_run_that_never_began_can_begin(tmp_path, state):
    run = create(tmp_path)
    run.set_status(state, 0)
    assert train_run(run, Interruption()).state == "finished"


WRITES = ("append_metrics", "save_model", "save_snapshot", "save_state", "set_status")


class Killed(BaseException):
    """Not to be caught, as being killed can't be."""


@pytest.mark.parametrize("last", [*WRITES, "steps"])
def test_a_run_killed_in_its_first_moments_begins_again(tmp_path, monkeypatch, finished, last):
    """last: what the trainer has just done for the first time; steps: it has taken two."""
    run = create(tmp_path)

    def kill(*_):
        raise Killed

    with monkeypatch.context() as patched:
        if last != "steps":
            write = getattr(Run, last)
            patched.setattr(Run, last, lambda *given: (write(*given), kill()))
        with pytest.raises(Killed):
            train_run(run, Interruption(), lambda record: record.step == 2 and kill())
    assert run.status().state in ("queued", "running")
    assert train_run(run, Interruption()).state == "finished"
    losses = [[m.loss for m in r.metrics() if m.loss is not None] for r in (run, finished)]
    assert losses[0] == losses[1]


def test_a_run_that_can_go_on_needs_nothing_that_it_makes(paused):
    leave_out(paused, "metrics.jsonl", "model.safetensors", "snapshots", "status.json")
    assert train_run(paused, Interruption()) == Status("finished", 8)
    assert [m.step for m in paused.metrics() if m.loss is not None] == [5, 6, 7, 8]


def test_a_damaged_line_is_left_behind_when_training_goes_on(paused):
    with (paused.path / "metrics.jsonl").open("ab") as file:
        file.write(b'{"step": 5, "lo{"step": 0}\n\0\0\n{"step": 0, "loss": 1e999}\n')
    assert train_run(paused, Interruption()).state == "finished"
    assert [m.step for m in paused.metrics() if m.loss is not None] == list(range(1, 9))


def test_metrics_that_cannot_be_read_stop_it_before_anything_is_changed(paused):
    leave_out(paused, "metrics.jsonl")
    (paused.path / "metrics.jsonl").mkdir()
    before = contents(paused)
    message = error_of(lambda: train_run(paused, Interruption()))
    assert message == "metrics.jsonl of run can't be read: it is no file."
    assert paused.status() == Status("failed", 4, message)
    after = contents(paused)
    assert {name for name in before if before[name] != after.get(name)} == {"status.json"}


def test_what_cannot_be_written_is_told_in_one_sentence(tmp_path, monkeypatch):
    run = create(tmp_path)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device", "/somewhere/metrics.jsonl")

    monkeypatch.setattr(Run, "append_metrics", full)
    with pytest.raises(OSError, match="No space left"):
        train_run(run, Interruption())
    reason = "metrics.jsonl of the run can't be written or read: No space left on device."
    assert run.status() == Status("failed", 0, reason)


def test_a_lock_that_is_no_file_is_told(trained, tmp_path):
    (tmp_path / "precious").write_text("keep me")
    (trained.path / "lock").unlink()
    for make in (
        (trained.path / "lock").mkdir,
        lambda: (trained.path / "lock").symlink_to(tmp_path / "precious"),
    ):
        make()
        assert "its file “lock” can't be opened" in refusal(trained)
        assert (tmp_path / "precious").read_text() == "keep me"
        if (trained.path / "lock").is_dir():
            (trained.path / "lock").rmdir()
