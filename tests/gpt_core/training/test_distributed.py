"""Two real processes, joined by torchrun over gloo, against one."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gpt_core.cli.main import main
from gpt_core.training.run import Run
from tests.helpers import wait_for

PROJECT = Path(__file__).parents[3]
TEXT = "the cat sat on the mat, and the dog sat on the cat.\n" * 30
SETTINGS = {
    "block-size": 16,
    "n-layer": 2,
    "n-head": 2,
    "n-embd": 16,
    "threads": 1,
    "batch-size": 8,
    "eval-batches": 1,
    "eval-interval": 4,
    "sample-interval": 0,
    "snapshot-interval": 0,
}
OPTIONS = [part for name, value in SETTINGS.items() for part in (f"--{name}", str(value))]


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "cats.txt"
    path.write_text(TEXT)
    return path


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def torchrun(*arguments):
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    command += ["--master-addr", "127.0.0.1", "--master-port", str(free_port())]
    return subprocess.Popen(
        [*command, "-m", "gpt_core", "train", *map(str, arguments)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def losses(folder):
    return [m.loss for m in Run.open(folder).metrics() if m.loss is not None]


def test_two_processes_take_the_same_steps_as_one(tmp_path, text):
    options = [*OPTIONS, "--steps", "12", "--preset", "modern", "--grad-accum", "2"]
    options += ["--ngrams", "3", "--ngram-rows", "50", "--ngram-dropout", "0"]
    alone, together = tmp_path / "alone", tmp_path / "together"
    assert main(["train", "--text", str(text), "--out", str(alone), *options]) == 0
    two = torchrun("--text", text, "--out", together, *options)
    output, _ = two.communicate(timeout=200)
    assert two.returncode == 0, output
    assert losses(together) == pytest.approx(losses(alone), rel=1e-4)
    assert len(losses(together)) == 12
    assert Run.open(together).status().state == "finished"
    assert output.count("Finished after 12 steps.") == 1  # one process speaks for both


def test_both_processes_stop_together_and_go_on(tmp_path, text):
    folder = tmp_path / "run"
    options = [*OPTIONS, "--preset", "classic", "--steps", "100000"]
    process = torchrun("--text", text, "--out", folder, *options)
    wait_for(lambda: (folder / "metrics.jsonl").exists() and len(losses(folder)) > 3, 120, process)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=120)
    status = Run.open(folder).status()
    assert status.state == "paused", output
    assert len(losses(folder)) == status.step
