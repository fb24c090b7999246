"""Damaged runs in a real service with real folders: what is wrong with one harms no other."""

import json
import os
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt_core.interpret.snapshots import snapshots_of
from gpt_core.training.run import Run
from gpt_core.training.run_files import RunError
from gpt_core.training.train_run import Interruption, train_run
from pages.head_born.results import losses_of
from tests.ui.test_training import LONG, request, scripted, service, wait_for, wait_for_state
from tests.ui.test_training import wait_for_step as wait_for_step_of
from ui.services import models
from ui.services.runs import Limits, TrainingError
from ui.services.worker import MachineLock, training_command

GOOD, BAD = "a" * 16, "b" * 16

# A worker that has trained in a moment.
QUICK = """
import os, sys
with open(sys.argv[1] + "/status.tmp", "w") as file:
    file.write('{"state": "finished", "step": 10, "reason": null}')
os.replace(sys.argv[1] + "/status.tmp", sys.argv[1] + "/status.json")
"""


def quick(folder):
    return [sys.executable, "-I", "-S", "-c", QUICK, str(folder)]


@pytest.fixture(scope="module")
def paused_run(tmp_path_factory):
    """A run of Ana's that is paused after 4 of 10 steps, as the service and a worker leave it."""
    root = tmp_path_factory.mktemp("made") / "runs"
    with service(root, command=scripted("import sys; sys.stdin.read()")) as training:
        run = Run.open(root / training.submit("ana", request(snapshot_interval=2)))
    stop = Interruption()
    train_run(run, stop, lambda record: record.step == 4 and stop.set("paused", "Paused."))
    return run.path


def two_runs(paused_run, folder):
    """A folder of runs with two such runs, where the app looks for them."""
    os.environ["GPT_RUNS"] = str(folder / "runs")
    for name in (GOOD, BAD):
        shutil.copytree(paused_run, folder / "runs" / name)
    return folder / "runs"


@pytest.fixture
def root(paused_run, tmp_path, monkeypatch):
    monkeypatch.setenv("GPT_RUNS", "")
    return two_runs(paused_run, tmp_path)


def look_at_everything(training):
    """All that pages ask of the service and of the folders: values, or one sentence."""
    assert GOOD in training.names("ana") and GOOD in {v.run_id for v in training.runs("ana")}
    for view in training.runs("ana"):
        assert view.setup.steps >= 1 and view.step >= 0
        assert view.seconds_left is None or view.seconds_left < 1e300
        told = f"{view.reason} {view.about} {view.setup} {view.curves.samples}"
        told.encode()  # no halves of characters
        assert not (view.reason and "\n" in view.reason)
        assert all(path.is_file() for path in training.archive_files(view.run_id))
    for name in {GOOD, BAD, *training.names("ana")}:
        try:
            run = models.load(name).run
        except RunError as error:
            assert name != GOOD and str(error).endswith(".")
        else:
            snapshots_of(run), losses_of(run), run.was_imported(), run.corpus["name"].encode()


numbers = st.sampled_from([0, -1, 1e308, 5e-324, 10**400, float("nan"), float("inf")])
texts = st.sampled_from(["", "x", "\ud800", "../x", "HUGE", "x" * 5000, "queued", "failed"])
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars, lambda v: st.lists(v, max_size=2) | st.dictionaries(texts, v, max_size=2), max_leaves=4
)
FILES = ("config.json", "status.json", "metrics.jsonl", "service.json")


def as_json(value):
    return json.dumps(value).replace('"HUGE"', "9" * 6000).encode()


@st.composite
def damage(draw, original):
    """Other content of a file: any bytes, any JSON, or its own with something wrong in it."""
    kind = draw(st.sampled_from(["bytes", "value", "one value", "another line"]))
    if kind == "bytes":
        return draw(st.binary(max_size=100))
    if kind == "value":
        return as_json(draw(values)) + b"\n"
    first, newline, rest = original.partition(b"}\n")
    record = json.loads(first + b"}" if newline else original)
    key = draw(st.sampled_from(sorted(record)))
    line = as_json(record | {key: draw(values)})
    return original + b"\n" + line + b"\n" if kind == "another line" else line + newline + rest


@pytest.mark.parametrize("file", FILES)
@settings(max_examples=8)
@given(data=st.data())
def test_whatever_is_in_one_file_harms_that_run_only(paused_run, file, data):
    content = data.draw(damage((paused_run / file).read_bytes()))
    with pytest.MonkeyPatch.context() as patched, tempfile.TemporaryDirectory() as folder:
        patched.setenv("GPT_RUNS", "")
        unexpected = []
        patched.setattr(
            "ui.services.training.logger.exception", lambda *said: unexpected.append(said)
        )
        root = two_runs(paused_run, Path(folder))
        (root / BAD / file).write_bytes(content)
        with service(root, command=quick) as training:
            look_at_everything(training)
            with suppress(TrainingError):
                training.resume("ana", BAD)
            training.resume("ana", GOOD)
            wait_for_state(training, GOOD, "finished")
            if training.knows(BAD):
                wait_for(lambda: not training.view(BAD).active)
            look_at_everything(training)
            wait_for_state(training, training.submit("ana", request()), "finished")
        assert not unexpected


def put(name, make):
    def do_damage(folder):
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        make(path)

    return do_damage


def huge(path):
    with path.open("wb") as file:
        file.truncate(2_000_000_000)  # takes no room on disk


DAMAGE = {
    **{f"{name} is a folder": put(name, Path.mkdir) for name in (*FILES, "worker.log", "lock")},
    **{
        f"{name} is a pipe": put(name, os.mkfifo)
        for name in (*FILES, "corpus.txt", "tokenizer.json", "model.safetensors", "worker.log")
    },
    **{f"{name} is endless": put(name, lambda p: p.symlink_to("/dev/zero")) for name in FILES},
    **{
        f"{name} is all brackets": put(name, lambda path: path.write_text("[" * 100_000))
        for name in FILES
    },
    "two gigabytes of metrics": put("metrics.jsonl", huge),
    "nothing but a name": shutil.rmtree,
    "a file for a folder": lambda folder: (shutil.rmtree(folder), folder.write_text("x")),
    "no weights": lambda folder: (folder / "model.safetensors").unlink(),
    "snapshots is a file": put("snapshots", lambda path: path.write_text("x")),
}


def test_whatever_lies_in_a_folder_harms_that_run_only(root, monkeypatch):
    unexpected = []
    monkeypatch.setattr(
        "ui.services.training.logger.exception", lambda *said: unexpected.append(said)
    )
    shutil.rmtree(root / BAD)
    for number, do_damage in enumerate(DAMAGE.values()):
        shutil.copytree(root / GOOD, root / f"{number:016x}")
        do_damage(root / f"{number:016x}")
    with service(root, Limits(steps=LONG, active_runs=100), command=quick) as training:
        look_at_everything(training)
        known = [view.run_id for view in training.runs("ana")]
        assert len(known) > 20
        for run_id in known:
            if run_id != GOOD:
                with suppress(TrainingError):
                    training.resume("ana", run_id)
        training.resume("ana", GOOD)  # behind all of them
        wait_for_state(training, GOOD, "finished")
        assert not any(view.active for view in training.runs("ana"))
        look_at_everything(training)
    assert not unexpected


@pytest.mark.parametrize("value", ["x", float("nan"), 10**400, True, None, [], -1])
def test_a_nonsensical_date_stops_nobody_from_starting_a_run(root, value):
    about = root / BAD / "service.json"
    about.write_bytes(as_json(json.loads(about.read_text()) | {"created": value}))
    with service(root, command=quick) as training:
        assert [view.run_id for view in training.runs("ana")] == [GOOD]
        wait_for_state(training, training.submit("ben", request()), "finished")
    assert about.exists()  # what isn't known to be a run of the service isn't cleared away


def test_faults_that_come_up_while_runs_train_are_told_by_the_runs_that_have_them(root, caplog):
    for letter in "cde":
        shutil.copytree(root / GOOD, root / (letter * 16))
    with service(root) as training:
        for run_id, spoil in (
            ("c" * 16, lambda path: (path / "corpus.txt").write_text("another text")),
            ("d" * 16, lambda path: (path / "config.json").unlink()),
            ("e" * 16, lambda path: shutil.rmtree(path)),
        ):
            training.resume("ana", run_id)
            spoil(root / run_id)
        training.resume("ana", GOOD)
        wait_for_state(training, GOOD, "finished")
        reasons = [training.view(letter * 16).reason for letter in "cde"]
    assert reasons[0] == "corpus.txt of this run is not the text that the run began with."
    assert reasons[1] == "There is no run in its folder; config.json is missing."
    assert reasons[2] == "The training process could not be started: No such file or directory."
    assert "Traceback" not in caplog.text and len(caplog.records) <= 8


def test_metrics_that_vanish_while_a_run_trains_end_this_run_only(root, caplog):
    with service(root) as training:
        bad = training.submit("ana", request(steps=LONG))
        wait_for_step_of(training, bad, 3)
        (root / bad / "metrics.jsonl").unlink()
        (root / bad / "metrics.jsonl").mkdir()
        view = wait_for_state(training, bad, "failed")
        assert view.reason == "metrics.jsonl can't be read or written: is a directory."
        assert view.step >= 3 and Run.open(root / bad).status().step >= 0
        training.resume("ana", GOOD)
        wait_for_state(training, GOOD, "finished")
    assert "Traceback" not in caplog.text


@pytest.mark.skipif(not shutil.which("bash"), reason="limits the size of files with bash")
def test_a_full_disk_is_told(root):
    def small_files(folder):  # 8 kB, less than the weights need
        return ["bash", "-c", 'ulimit -f 8; exec "$@"', "bash", *training_command(folder)]

    with service(root, command=small_files) as training:
        training.resume("ana", BAD)
        reason = wait_for_state(training, BAD, "failed").reason
    assert reason == "The disk is full: make room there, then resume."
    status = Run.open(root / BAD).status()
    assert (status.state, status.reason) == ("failed", reason) and status.step >= 4


def test_a_download_that_was_put_back_is_not_begun_again(root):
    with service(root) as training:
        kept = {path.name for path in training.archive_files(BAD)} | {"service.json"}
        for path in (root / BAD).iterdir():
            if path.name not in kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        before = {path.name: path.read_bytes() for path in (root / BAD).iterdir()}
        with pytest.raises(TrainingError, match="This run was trained already, and .* missing"):
            training.resume("ana", BAD)
        assert training.view(BAD).state == "paused"
        assert {path.name: path.read_bytes() for path in (root / BAD).iterdir()} == before


def test_a_lock_that_cannot_be_had_is_told_until_it_can(root, tmp_path):
    (tmp_path / "lock").mkdir()
    with service(root, command=quick) as training:
        training.resume("ana", GOOD)
        wait_for(lambda: "lock" in (training.view(GOOD).reason or ""))
        view = training.view(GOOD)
        assert view.state == "queued" and view.reason.endswith("this run is next.")
        (tmp_path / "lock").rmdir()
        wait_for_state(training, GOOD, "finished")


def someone_else_s(path):
    path.write_text("precious")
    os.chown(path, 12345, -1)


def linked(path):
    path.with_name("target").write_text("precious")
    os.link(path.with_name("target"), path)


@pytest.mark.parametrize(
    "lay",
    [
        Path.mkdir,
        lambda path: path.symlink_to("/etc/passwd"),
        os.mkfifo,
        linked,
        pytest.param(
            someone_else_s,
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away"),
        ),
    ],
    ids=["a folder", "a link", "a pipe", "a hard link", "somebody else's"],
)
def test_what_somebody_laid_in_the_lock_s_place_is_gone_round(tmp_path, lay):
    one, two = MachineLock(), MachineLock()
    one.places = two.places = [tmp_path / "nowhere" / "lock", tmp_path / "laid", tmp_path / "own"]
    lay(tmp_path / "laid")
    with one.acquire():
        assert two.acquire() is None
        assert (tmp_path / "own").exists()
    two.acquire().close()
    if (tmp_path / "laid").is_file() and lay in (linked, someone_else_s):
        assert (tmp_path / "laid").read_text() == "precious"
    one.places.pop()
    with pytest.raises(OSError, match="laid"):
        one.acquire()
