"""Real worker processes: told to stop, abandoned, and killed at the worst moments."""

import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from corpus.command_line import listen
from gpt_core.model.config import GPTConfig
from gpt_core.tokenizers import train_tokenizer
from gpt_core.training.config import TrainConfig
from gpt_core.training.run import Run
from gpt_core.training.run_files import Status
from gpt_core.training.train_run import Interruption, train_run
from tests.helpers import wait_for

PROJECT = Path(__file__).parents[3]
TEXT = "the cat sat on the mat, and the dog sat on the cat.\n" * 20
ENDLESS = 1_000_000
WAIT = 120  # seconds; a busy machine takes its time


def create(root, name="run", **train):
    tokenizer = train_tokenizer("char", TEXT)
    settings = {"steps": ENDLESS, "batch_size": 2, "eval_interval": 50, "eval_batches": 1}
    settings |= {"checkpoint_interval": 5, "sample_interval": 0, "snapshot_interval": 0}
    return Run.create(
        root,
        model_config=GPTConfig(
            vocab_size=tokenizer.vocab_size, block_size=8, n_layer=1, n_head=2, n_embd=16
        ),
        train_config=TrainConfig(**settings | train),
        tokenizer=tokenizer,
        text=TEXT,
        corpus_name="the cat",
        name=name,
    )


@pytest.fixture
def start():
    workers = []

    def start(run, **options):
        worker = subprocess.Popen(
            [sys.executable, "-m", "gpt_core", "train", "--run", str(run.path), "--worker"],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"OMP_NUM_THREADS": "1", "PATH": ""},
            **options,
        )
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        with worker:  # closes its pipes
            worker.kill()


def wait_for_step(run, step, worker):
    wait_for(lambda: (lines := run.metrics()) and lines[-1].step >= step, WAIT, worker)


def check(run):
    """Every step once, in order, and no line torn."""
    content = (run.path / "metrics.jsonl").read_bytes()
    assert content.endswith(b"\n")
    records = [json.loads(line) for line in content.splitlines()]
    steps = [r["step"] for r in records if "loss" in r]
    assert steps == list(range(1, len(steps) + 1))
    evaluations = [r["step"] for r in records if "val_loss" in r]
    assert evaluations == sorted(set(evaluations))
    return len(steps)


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="there is no nice here")
def test_a_worker_is_nice_also_to_other_sessions(tmp_path, start):
    run = create(tmp_path)
    worker = start(run, start_new_session=True)  # as the app starts it
    wait_for_step(run, 1, worker)
    assert os.getpriority(os.PRIO_PROCESS, worker.pid) == 19
    if Path("/proc/self/autogroup").exists():  # Linux: nice counts only inside one session
        assert nice_of_session(worker.pid) == 19
        assert nice_of_session("self") != 19


def nice_of_session(pid):
    """How nice the process's session is to others; None when it is in no group of its own."""
    words = Path(f"/proc/{pid}/autogroup").read_text().split()  # "/autogroup-22 nice 0", or empty
    return int(words[-1]) if words else None


@pytest.mark.parametrize(
    ("order", "state", "reason"),
    [
        (b"nonsense\nstop\n", "stopped", "Stopped."),
        (None, "paused", "The app that started this run was closed."),
        (signal.SIGTERM, "paused", "Interrupted."),
    ],
    ids=str,
)
def test_a_worker_saves_and_leaves_when_told_or_abandoned(tmp_path, start, order, state, reason):
    run = create(tmp_path)
    worker = start(run)
    wait_for_step(run, 3, worker)
    assert run.status().state == "running"
    if order is None:
        worker.stdin.close()
    elif isinstance(order, bytes):
        worker.stdin.write(order)
        worker.stdin.flush()
    else:
        worker.send_signal(order)
    assert worker.wait(WAIT) == 0
    assert worker.stdout.read() == b"" and worker.stderr.read() == b""
    step = check(run)
    assert run.status() == Status(state, step, reason)


@pytest.mark.parametrize("lines", ["pause\nstop\n", "  pause \r\n"])
def test_the_first_command_counts(lines):
    interruption = Interruption()
    listen(interruption.obey, io.StringIO(lines))
    wait_for(lambda: interruption.state, WAIT)
    assert (interruption.state, interruption.reason) == ("paused", "Paused.")


def test_a_worker_killed_at_any_moment_leaves_a_run_that_goes_on(tmp_path, start):
    run = create(tmp_path, eval_interval=3, checkpoint_interval=1, snapshot_interval=2)
    moments = random.Random(1)
    reached = 0
    for _ in range(3):
        worker = start(run)
        wait_for_step(run, reached + moments.randint(1, 30), worker)
        time.sleep(moments.random() * 0.05)
        worker.kill()
        worker.wait()
        assert Run.open(run.path).load_model().config == run.model_config
        reached = run.metrics()[-1].step
        for step in run.snapshots():
            run.load_model(step)
    worker = start(run)
    wait_for_step(run, reached + 3, worker)
    worker.stdin.close()
    assert worker.wait(WAIT) == 0
    assert not list(run.path.rglob("*.tmp"))
    steps = check(run)

    # The same losses as a run that nobody disturbed.
    calm = create(tmp_path, "calm", eval_interval=3, checkpoint_interval=10**6)
    stop = Interruption()
    train_run(calm, stop, lambda r: r.step == steps and stop.set("paused", "Paused."))
    ours, theirs = ([m.loss for m in r.metrics() if m.loss is not None] for r in (run, calm))
    assert ours == theirs


def test_only_one_process_trains_a_run(tmp_path, start):
    run = create(tmp_path)
    first = start(run)
    wait_for_step(run, 1, first)
    second = start(run)
    assert second.wait(WAIT) == 2
    assert b"Another process is training run already." in second.stderr.read()
    assert first.poll() is None
    assert run.status().state == "running"
    first.stdin.close()
    assert first.wait(WAIT) == 0
    check(run)


def test_a_damaged_run_fails_in_one_sentence(tmp_path, start):
    run = create(tmp_path)
    (run.path / "corpus.txt").write_text("something else")
    worker = start(run)
    assert worker.wait(WAIT) == 2
    lines = worker.stderr.read().decode().splitlines()
    assert lines == ["error: corpus.txt of run is not the text that the run began with."]
    assert run.status().state == "failed"
    assert run.status().reason == lines[0].removeprefix("error: ")


@pytest.mark.parametrize("module", ["gpt_core", "gpt_core.jobs", "gpt_core.bundled.train"])
def test_a_process_that_trains_takes_the_smallest_numbers_for_zero_in_every_thread(module):
    # Such numbers, left in the optimizer's memory of a dead unit, made steps five times as slow.
    code = f"""
import atexit, io, os, runpy, sys, torch
def left():
    torch.set_num_threads(4)
    print("left:", int((torch.full((1_000_000,), 1e-30) * 1e-9).count_nonzero()), flush=True)
atexit.register(left)
os._exit = sys.exit  # how a job ends
sys.argv, sys.stdin = ["", "--help"], io.StringIO("{{}}")
runpy.run_module("{module}", run_name="__main__")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, timeout=WAIT
    )
    assert "left: 0" in done.stdout
