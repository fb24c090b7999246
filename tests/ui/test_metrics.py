import json
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from ui.metrics import MetricsReader


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
    reader = MetricsReader(path)
    assert reader.read()
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
    reader = MetricsReader(path)
    assert not reader.read()  # not there yet
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
    reader = MetricsReader(path)
    reader.read()
    with path.open("r+") as file:  # the part already read is not looked at again
        file.write("x" * (len(step_line(1)) - 1))
    with path.open("a") as file:
        file.write(step_line(2))
    assert reader.read()
    assert not reader.read()
    assert list(reader.curves.step) == [1, 2]


def test_a_torn_line_is_passed_over_and_a_replaced_file_is_read_anew(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text(step_line(1) + '{"step": 2, "lo\n' + "[]\n" + step_line(3))
    reader = MetricsReader(path)
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
    lines += [step_line(3, 7.0)]
    path.write_text("".join(lines))
    reader = MetricsReader(path)
    reader.read()
    assert list(reader.curves.step) == [1, 2, 3]
    assert reader.curves.loss[-1] == 7.0
    assert reader.curves.evaluations == []


def test_a_copy_stays_as_it_was_and_nan_is_kept(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text(step_line(1))
    reader = MetricsReader(path)
    reader.read()
    copy = reader.curves.copy()
    with path.open("a") as file:
        file.write(step_line(2, math.nan))
    reader.read()
    assert len(copy.step) == 1
    assert math.isnan(reader.curves.loss[-1])
