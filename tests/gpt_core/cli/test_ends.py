"""However a command ends, it says so in a sentence and leaves nothing unsaved or half-written."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gpt_core.cli.main import main
from gpt_core.model.shapes import shapes_of
from gpt_core.model.weights import weights
from gpt_core.training.run_files import Status
from gpt_core.training.train_run import Interruption, train_run
from tests.gpt_core.training.test_train_run import check, create, wait_for_step
from tests.helpers import write_run

PROJECT = Path(__file__).parents[3]
WAIT = 120  # seconds; a busy machine takes its time
EVER = {"checkpoint_interval": 1_000_000, "eval_interval": 1_000_000}


@pytest.fixture
def start():
    """start("sample", …) is that command in a process of its own."""
    processes = []

    def start(*arguments, module="gpt_core", **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        command = [sys.executable, "-m", module, *map(str, arguments)]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        processes.append(subprocess.Popen(command, cwd=PROJECT, env=environment, **options))
        return processes[-1]

    yield start
    for process in processes:
        with process:
            process.kill()


def limit_files(size):
    """For preexec_fn: no file may grow beyond this, as on a full disk."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_a_lost_connection_saves_as_ctrl_c_does(tmp_path, start):
    run = create(tmp_path, **EVER)
    process = start("train", "--run", run.path)
    wait_for_step(run, 3, process)
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGHUP)  # by the system, and by the shell
    said = process.communicate(timeout=WAIT)[0].decode()
    step = check(run)
    assert process.returncode == 0 and f"Saved at step {step}." in said
    assert run.status() == Status("paused", step, "Interrupted.")
    again = start("train", "--run", run.path)
    wait_for_step(run, step + 2, again)  # and it goes on from there, with a line for each step
    again.send_signal(signal.SIGINT)
    again.communicate(timeout=WAIT)
    assert check(run) > step


def test_what_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    interruption = Interruption()
    try:
        with interruption.by_signals():
            os.kill(os.getpid(), signal.SIGHUP)
            assert interruption.state is None
            os.kill(os.getpid(), signal.SIGTERM)
            assert interruption.state == "paused"
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_second_ctrl_c_ends_at_once_and_the_status_says_so(tmp_path):
    run, interruption = create(tmp_path, **EVER), Interruption()

    def press_twice(record):
        if record.step == 2:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), interruption.by_signals():
        train_run(run, interruption, press_twice)
    assert run.status().state == "paused"
    assert signal.getsignal(signal.SIGINT) is before


def test_a_reader_that_leaves_ends_training_saved(tmp_path, start):
    run = create(tmp_path, **EVER)
    process = start("train", "--run", run.path, stderr=subprocess.STDOUT)
    wait_for_step(run, 2, process)
    process.stdout.close()
    assert process.wait(WAIT) == 141
    assert run.status() == Status("paused", check(run), "Nobody reads its output any more.")


@pytest.mark.parametrize("module", ["gpt_core", "corpus"])
def test_a_closed_pipe_ends_quietly(tmp_path, start, module):
    command = ["sitcom", "--scenes", "300"]
    if module == "gpt_core":
        run = write_run(tmp_path, "run", n_layer=1, n_embd=8)
        command = ["sample", "--tokens", "2000", "--run", run.path]
    process = start(*command, module=module)
    assert len(process.stdout.read(20)) == 20
    process.stdout.close()
    assert process.stderr.read() == b"" and process.wait(WAIT) == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has it")
def test_a_full_disk_is_one_sentence(tmp_path, start):
    run = write_run(tmp_path, "run", n_layer=1, n_embd=8)
    with Path("/dev/full").open("wb") as full:
        process = start("sample", "--tokens", "3", "--run", run.path, stdout=full)
        said = process.communicate(timeout=WAIT)[1].decode()
    assert said == (
        "error: The output can't be written, no space left on device: make room, and give the same "
        "command again.\n"
    )
    assert process.returncode == 2


@pytest.mark.parametrize("what", ["metrics.jsonl", "state.safetensors"])
def test_a_disk_that_fills_up_while_training_harms_no_file(tmp_path, start, what):
    run = create(tmp_path, **EVER | ({} if what == "metrics.jsonl" else {"checkpoint_interval": 3}))
    numbers = sum(tensor.numel() for tensor in weights(shapes_of(run.model_config)).values())
    size = 60_000 if what == "metrics.jsonl" else 8 * numbers  # twice the model, less than a state
    process = start("train", "--run", run.path, preexec_fn=limit_files(size))
    said = process.communicate(timeout=WAIT)[1].decode().splitlines()[-1]
    assert process.returncode == 2 and said.startswith("error: ") and what in said
    assert said.endswith("make room, and give the same command again.")
    taken = check(run)  # no torn line
    assert taken >= 2 if what == "metrics.jsonl" else taken == 0  # a first state is saved at once
    assert run.status().state == "failed" and what in run.status().reason
    assert [p.name for p in run.path.iterdir() if "tmp" in p.name] == []
    if what == "metrics.jsonl":
        step = run.status().step
        again = start("train", "--run", run.path)
        wait_for_step(run, step + 5, again)
        assert step > 100  # nothing that was learned is lost


def test_an_import_or_export_that_finds_no_room_leaves_all_as_it_was(tmp_path, capsys):
    run = write_run(tmp_path, "run", tokenizer="bpe", activation="gelu")
    into = ["--out", str(tmp_path / "out")]
    assert main(["export", str(run.path), *into]) == 0
    capsys.readouterr()
    half = run.weights_path().stat().st_size // 2
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (half, unlimited[1]))
    text = tmp_path / "text.txt"
    text.write_text("Who put a duck in the dryer?\n" * 100)
    try:
        again = ["--out", str(tmp_path / "runs" / "again"), "--text", str(text)]
        assert main(["import", into[1], *again]) == 2
        assert main(["export", str(run.path), *into]) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2 and "make room" in said[0] and "can't be written" in said[1]
    assert list((tmp_path / "runs").iterdir()) == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "run", "runs", "text.txt"]
    assert main(["import", into[1], *again]) == 0  # of the first export, which is whole
