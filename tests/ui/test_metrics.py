import json
import os
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt_core.model.config import GPTConfig
from gpt_core.training.config import TrainConfig
from gpt_core.training.run import Run
from gpt_core.training.run_files import Record
from ui.services.metrics import MetricsReader


def step_line(step: int, loss: float = 2.0) -> str:
    record = {"step": step, "loss": loss, "lr": 0.1, "grad_norm": 1.0}
    return json.dumps(record | {"tokens_per_s": 9.0, "elapsed": step / 10}) + "\n"


def test_reads_steps_evaluations_and_samples(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text(
        step_line(1, 4.0)
        + step_line(2, 3.0)
        + json.dumps({"step": 2, "train_loss": 2.9, "val_loss": 3.1})
        + "\n"
        + json.dumps({"step": 2, "sample": "OTTO: é\nline"})
        + "\n"
    )
    reader = MetricsReader(path.parent)
    reader.read()
    curves = reader.curves
    assert (list(curves.step), list(curves.loss), list(curves.elapsed)) == (
        [1, 2],
        [4.0, 3.0],
        [0.1, 0.2],
    )
    assert [(e.step, e.val_loss, e.elapsed) for e in curves.evaluations] == [(2, 3.1, 0.2)]
    assert [(s.step, s.text) for s in curves.samples] == [(2, "OTTO: é\nline")]
    assert curves.last_step == 2


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(1, 80), min_size=1, max_size=20))
def test_reading_piece_by_piece_is_reading_at_once(tmp_path_factory, cuts):
    data = "".join(step_line(i, 5 - i / 10) for i in range(1, 15)).encode()
    path = tmp_path_factory.mktemp("m") / "metrics.jsonl"
    reader = MetricsReader(path.parent)
    reader.read()
    assert reader.fault is None  # not there yet
    path.write_bytes(b"")
    for cut in [*cuts, len(data)]:
        with path.open("ab") as file:
            file.write(data[:cut])
        data = data[cut:]
        reader.read()
    assert list(reader.curves.step) == list(range(1, 15))


def test_only_what_was_added_is_read(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text(step_line(1))
    reader = MetricsReader(path.parent)
    reader.read()
    with path.open("r+") as file:  # the part already read is not looked at again
        file.write("x" * (len(step_line(1)) - 1))
    with path.open("a") as file:
        file.write(step_line(2))
    reader.read()
    assert list(reader.curves.step) == [1, 2]


def test_a_torn_line_is_passed_over_and_a_replaced_file_is_read_anew(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text(step_line(1) + '{"step": 2, "lo\n' + "[]\n" + step_line(3))
    reader = MetricsReader(path.parent)
    reader.read()
    assert list(reader.curves.step) == [1, 3]
    other = tmp_path / "new"
    other.write_text(step_line(1) + step_line(2))
    other.replace(path)
    reader.read()
    assert list(reader.curves.step) == [1, 2]
    path.write_text(step_line(1))  # shorter than what was read
    reader.read()
    assert list(reader.curves.step) == [1]


def test_steps_trained_again_after_a_kill_replace_the_old_ones(tmp_path):
    path = tmp_path / "metrics.jsonl"
    lines = [step_line(i) for i in range(1, 6)]
    lines.insert(4, json.dumps({"step": 4, "train_loss": 1, "val_loss": 1}) + "\n")
    path.write_text("".join(lines))
    reader = MetricsReader(path.parent)
    reader.read()
    assert list(reader.curves.step) == [1, 2, 3, 4, 5] and len(reader.curves.evaluations) == 1
    run = Run(tmp_path, GPTConfig(vocab_size=2), TrainConfig(), {}, "")
    run.keep_metrics(2)  # as a run does that goes on after step 2
    run.append_metrics(Record(3, loss=7.0))
    reader.read()
    assert list(reader.curves.step) == [1, 2, 3]
    assert reader.curves.loss[-1] == 7.0
    assert reader.curves.evaluations == []


@pytest.mark.parametrize(
    "line",
    [
        '{"step": 0}',
        '{"step": 0, "loss": 1.0}',
        '{"step": 2, "train_loss": 1.0, "val_loss": 1.0}',
        '{"step": 0, "sample": "again"}',
        '{"step": 6, "loss": 1e400}',
        '{"step": 6, "loss": NaN}',
        '{"step": 6, "loss": 1' + "0" * 400 + "}",
        '{"step": 6, "loss": true}',
        '{"step": 6, "loss": 1.0, "elapsed": "later"}',
        '{"step": 1e400, "loss": 1.0}',
        '{"step": 6000000000, "loss": 1.0}',
        '{"step": 6.0, "loss": 1.0}',
        '{"step": true, "loss": 1.0}',
        '{"step": 6, "val_loss": 1.0}',
        "[" * 100_000,
        "\0" * 100,
        "x" * 1_500_000,
    ],
    ids=lambda line: line[:40],
)
def test_a_line_that_training_never_writes_changes_nothing(tmp_path, line):
    path = tmp_path / "metrics.jsonl"
    written = "".join(step_line(i) for i in range(1, 5))
    written += '{"step": 4, "train_loss": 2.0, "val_loss": 2.0}\n{"step": 4, "sample": "hm"}\n'
    path.write_text(written)
    undisturbed = MetricsReader(tmp_path)
    undisturbed.read()
    path.write_text(f"{written}{line}\n")
    reader = MetricsReader(tmp_path)
    reader.read()
    assert reader.curves == undisturbed.curves
    with path.open("a") as file:
        file.write(step_line(5))
    reader.read()
    assert list(reader.curves.step) == [1, 2, 3, 4, 5]


def test_an_enormous_file_costs_neither_time_nor_memory(tmp_path):
    path = tmp_path / "metrics.jsonl"
    with path.open("wb") as file:
        file.truncate(150_000_000)  # one line, not yet complete, that takes no room on disk
    reader = MetricsReader(tmp_path)
    tracemalloc.start()
    reader.read()
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used < 10_000_000 and reader.fault is None
    with path.open("ab") as file:
        file.write(b"\n" + step_line(1).encode())
    reader.read()
    assert list(reader.curves.step) == [1]
    with path.open("wb") as file:
        file.truncate(2_000_000_000)
    reader.read()
    assert "far larger" in reader.fault


def test_what_is_no_file_is_told_and_not_waited_for(tmp_path):
    path = tmp_path / "metrics.jsonl"
    for make in (path.mkdir, lambda: os.mkfifo(path), lambda: path.symlink_to("/dev/zero")):
        make()
        reader = MetricsReader(tmp_path)
        reader.read()
        assert reader.fault.endswith("can't be read: it is no file.")
        path.rmdir() if path.is_dir() else path.unlink()


def test_a_copy_stays_as_it_was(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text(step_line(1))
    reader = MetricsReader(path.parent)
    reader.read()
    copy = reader.curves.copy()
    with path.open("a") as file:
        file.write(step_line(2))
    reader.read()
    assert len(copy.step) == 1 and len(reader.curves.step) == 2
