"""`train --stay`: a process that trains one run after another."""

import json
import subprocess
import sys

import pytest
import torch

from gpt_core.model.weights import weights
from gpt_core.training.run import Run
from gpt_core.training.run_files import DONE
from gpt_core.training.train_run import Interruption, train_run
from tests.gpt_core.training.test_train_run import PROJECT, create


@pytest.fixture
def staying(tmp_path):
    """Start it; what it is told is a line, and it ends with its input."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gpt_core", "train", "--stay"],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=(tmp_path / "errors").open("wb"),
        text=True,
    )
    yield process
    process.kill()
    process.wait()


def test_a_second_run_learns_what_it_would_in_a_process_of_its_own(staying, tmp_path):
    roots = [tmp_path / name for name in ("own", "with spaces and ä")]
    settings = {"steps": 12, "seed": 3}
    own = create(roots[0], **settings)
    train_run(own, Interruption())
    others = [
        create(roots[1], "first", **settings | {"seed": 5}),
        create(roots[1], "second", **settings),
    ]
    for run in others:
        staying.stdin.write(f"train 1 {json.dumps(str(run.path))}\n")
        staying.stdin.flush()
        assert staying.stdout.readline().strip() == DONE
        assert Run.open(run.path).status().state == "finished"
    ours, theirs = (weights(run.load_model()) for run in (own, others[1]))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    staying.stdin.close()
    assert staying.wait(60) == 0


def test_nonsense_is_no_order(staying, tmp_path):
    run = create(tmp_path, steps=2)
    for line in ("train", "train x y", "train 1 {", "train 1 5", "stop it", "\x00"):
        staying.stdin.write(f"{line}\n")
    staying.stdin.write(f"train 1 {json.dumps(str(run.path))}\n")
    staying.stdin.flush()
    assert staying.stdout.readline().strip() == DONE
