"""The training service, with real worker processes on tiny models."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gpt_core.model.config import GPTConfig
from gpt_core.model.gpt import GPT
from gpt_core.model.shapes import shapes_of
from gpt_core.tokenizers import train_tokenizer
from gpt_core.training.config import TrainConfig
from gpt_core.training.data import TokenData, encode_to_array, split
from gpt_core.training.run import Run
from gpt_core.training.run_files import RunError
from gpt_core.training.trainer import Trainer
from tests.helpers import wait_for
from ui.services.runs import PUBLIC_LIMITS, Limits, RunRequest, TrainingError, worker_threads
from ui.services.training import TrainingService
from ui.services.worker import LOG_NAME, MachineLock

PROJECT = Path(__file__).resolve().parents[2]
TEXT = "".join(f"OTTO: The dryer number {i} hums, and I hum with it.\n" for i in range(80))
LONG = 100_000  # steps: longer than any test waits


def request(steps=10, **train):
    tokenizer = train_tokenizer("char", TEXT)
    model = GPTConfig(tokenizer.vocab_size, block_size=8, n_layer=1, n_head=1, n_embd=8)
    config = TrainConfig(
        steps=steps,
        batch_size=2,
        precision="float32",
        eval_interval=5,
        eval_batches=1,
        sample_interval=0,
        snapshot_interval=0,
        checkpoint_interval=20,
    )
    return RunRequest(
        "tiny", "test text", TEXT, tokenizer, model, replace(config, **train), parameters=2000
    )


@contextmanager
def service(root, limits=None, **options):
    made = TrainingService(
        root, limits or Limits(steps=LONG), lock_path=root.parent / "lock", **options
    )
    try:
        yield made
    finally:
        made.close()


def wait_for_state(training, run_id, *states):
    return wait_for(lambda: (v := training.view(run_id)).state in states and v)


def wait_for_step(training, run_id, step):
    return wait_for(lambda: (v := training.view(run_id)).step >= step and v)


def scripted(code):
    """A worker that does as a test says instead of training."""
    return lambda folder: [sys.executable, "-c", textwrap.dedent(code), str(folder)]


def is_alive(pid):
    """Whether a process runs; one that ended but was not waited for doesn't count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # it may go while it is read
        return False


def test_two_runs_train_one_after_the_other_with_curves(tmp_path):
    with service(tmp_path / "runs") as training:
        first = training.submit("ana", request(steps=LONG))
        second = training.submit("ben", request(steps=20))
        third = training.submit("cem", request(steps=20))
        view = wait_for_step(training, first, 5)
        assert (view.state, view.place) == ("running", None)
        assert [training.place(run) for run in (second, third)] == [1, 2]
        assert training.view(third).place == 2
        assert view.has_model and view.tokens_per_s > 0 and view.seconds_left > 0
        training.stop("ana", first)
        assert wait_for_state(training, first, "stopped").step < LONG
        done = wait_for_state(training, second, "finished")
        assert list(done.curves.step) == list(range(1, 21))
        assert [e.step for e in done.curves.evaluations] == [0, 5, 10, 15, 20]
        assert all(loss > 0 for loss in done.curves.loss)
        wait_for_state(training, third, "finished")
        assert training.open(second).load_model().config.n_embd == 8


def uninterrupted_losses(asked):
    """The same run, trained without a worker and without a pause."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        torch.manual_seed(asked.train.seed)
        tokens = TokenData(*split(encode_to_array(asked.tokenizer, asked.text)))
        return [record.loss for record in Trainer(GPT(asked.model), tokens, asked.train)]
    finally:
        torch.set_num_threads(threads)


def test_pause_frees_the_worker_and_resume_goes_on_with_the_same_losses(tmp_path):
    with service(tmp_path / "runs") as training:
        paused = training.submit("ana", request(steps=400, checkpoint_interval=1000))
        wait_for_step(training, paused, 30)
        training.pause("ana", paused)
        view = wait_for_state(training, paused, "paused", "finished")
        assert view.state == "paused" and 30 <= view.step < 400
        with pytest.raises(TrainingError, match="isn't training"):
            training.pause("ana", paused)
        training.resume("ana", paused)
        resumed = wait_for_state(training, paused, "finished")
        assert list(resumed.curves.loss) == uninterrupted_losses(request(steps=400))


def test_a_small_model_gets_one_thread_and_a_large_one_two():
    small = request()
    assert worker_threads(small) == 1
    looks_up = replace(small, model=replace(small.model, ngrams=5, ngram_rows=100_000))
    assert worker_threads(looks_up) == 1
    large = replace(small, model=replace(small.model, n_layer=12, n_embd=768, block_size=256))
    assert worker_threads(large) == min(2, os.cpu_count())


def test_a_queued_run_can_be_paused_stopped_and_resumed(tmp_path):
    with service(tmp_path / "runs") as training:
        first = training.submit("ana", request(steps=LONG))
        second = training.submit("ana", request(steps=5))
        wait_for_state(training, first, "running")
        training.pause("ana", second)
        assert training.view(second).state == "paused"
        assert training.place(second) is None
        training.resume("ana", second)
        assert training.place(second) == 1
        training.stop("ana", second)
        assert training.view(second).state == "stopped"
        assert Run.open(tmp_path / "runs" / second).status().state == "stopped"
        training.delete("ana", first)
        with pytest.raises(TrainingError, match="no such run"):
            training.view(first)
        assert not (tmp_path / "runs" / first).exists()


def test_only_the_owner_may_change_a_run(tmp_path):
    with service(tmp_path / "runs") as training:
        run = training.submit("ana", request(steps=LONG))
        for action in (training.pause, training.stop, training.resume, training.delete):
            with pytest.raises(TrainingError, match="somebody else"):
                action("ben", run)
        assert training.view(run).active  # whoever knows the id may look
        assert training.owns("ana", run) and not training.owns("ben", run)
        assert [view.run_id for view in training.runs("ana")] == [run]
        assert training.runs("ben") == []
        wait_for_step(training, run, 1)
        assert training.names("ana") == {run: "tiny"}
        kept = "".join(p.read_text(errors="replace") for p in training.archive_files(run))
        assert training.view(run).about.owner not in kept


@given(
    st.one_of(
        st.text(max_size=40),
        st.none(),
        st.integers(),
        st.sampled_from(["..", "../x", "/etc", "a" * 16, "A" * 16, "0" * 15, "0" * 16 + "\n"]),
    )
)
def test_hostile_ids_are_just_not_found(empty_service, run_id):
    training = empty_service
    for action in (training.view, training.open, training.archive_files):
        with pytest.raises(TrainingError, match="no such run"):
            action(run_id)
    for action in (training.pause, training.stop, training.resume, training.delete):
        with pytest.raises(TrainingError, match="no such run"):
            action("ana", run_id)
    assert training.place(run_id) is None


@pytest.fixture(scope="module")
def empty_service(tmp_path_factory):
    with service(tmp_path_factory.mktemp("empty") / "runs") as training:
        yield training


def test_folders_that_are_no_runs_of_the_service_are_left_alone(tmp_path):
    root = tmp_path / "runs"
    for name in ("my-own-run", "0123456789abcdef", "fedcba9876543210"):
        (root / name).mkdir(parents=True)
    (root / "fedcba9876543210" / "service.json").write_text('{"owner": 1}')
    with service(root) as training:
        for name in ("my-own-run", "0123456789abcdef", "fedcba9876543210"):
            with pytest.raises(TrainingError):
                training.view(name)
    assert len(list(root.iterdir())) == 3


def test_what_an_older_app_noted_still_loads_and_the_rest_is_read_from_the_run(tmp_path):
    asked = request()
    with service(tmp_path / "runs", command=scripted("import sys; sys.stdin.read()")) as training:
        run_id = training.submit("ana", asked)
    notes = tmp_path / "runs" / run_id / "service.json"
    noted = json.loads(notes.read_text())
    assert set(noted) == {
        *("owner", "name", "created", "bar_bits", "characters_per_token", "threads"),
        *("token_bits", "class_id", "member", "guest"),
    }
    for newer in ("token_bits", "class_id", "member", "guest"):  # an older app knew none of these
        del noted[newer]
    older = {"corpus_name": "x", "tokenizer": "x", "vocab_size": 9, "design": "x"}
    older |= {"parameters": 9, "steps": 9, "tokens_per_step": 9}
    notes.write_text(json.dumps(noted | older))
    with service(tmp_path / "runs") as training:
        (view,) = training.runs("ana")
        setup = view.setup
        assert view.about.name == "tiny" and view.state == "paused" and view.reason
        assert (setup.corpus_name, setup.tokenizer) == (asked.corpus_name, asked.tokenizer.kind)
        assert setup.vocab_size == asked.tokenizer.vocab_size
        assert setup.parameters == shapes_of(asked.model).num_parameters()
        assert setup.steps == asked.train.steps
        assert setup.tokens_per_step == asked.train.batch_size * asked.model.block_size
        assert setup.design.startswith(f"{asked.model.n_layer} layer")
        damaged = tmp_path / "runs" / training.submit("ana", asked) / "config.json"
        damaged.write_text("{")
        view = training.view(damaged.parent.name)
        assert view.setup.design == "?" and view.setup.steps == 1 and view.setup.parameters == 0


def test_limits(tmp_path):
    few = replace(PUBLIC_LIMITS, active_runs=2, stored_runs=3, all_runs=4)
    with service(
        tmp_path / "runs", few, command=scripted("import sys; sys.stdin.read()")
    ) as training:
        for wrong, word in (
            (request(steps=PUBLIC_LIMITS.steps + 1), "steps"),
            (replace(request(), parameters=PUBLIC_LIMITS.parameters + 1), "parameters"),
            (request(batch_size=PUBLIC_LIMITS.tokens_per_step), "tokens"),
        ):
            with pytest.raises(TrainingError, match=word):
                training.submit("ana", wrong)
        runs = [training.submit("ana", request()) for _ in range(2)]
        with pytest.raises(TrainingError, match="2 runs waiting"):
            training.submit("ana", request())
        training.stop("ana", runs[1])
        training.submit("ana", request())
        training.stop("ana", training.runs("ana")[0].run_id)
        with pytest.raises(TrainingError, match="keep 3 runs"):
            training.submit("ana", request())
        training.submit("ben", request())
        with pytest.raises(TrainingError, match="no room"):
            training.submit("cem", request())


def test_what_was_started_before_the_browser_said_who_it_is_is_handed_over(tmp_path):
    with service(tmp_path, command=scripted("import sys; sys.stdin.read()")) as training:
        early, of_others = training.submit("proposed", request()), training.submit("bo", request())
        training.hand_over("proposed", "ana")
        assert [view.run_id for view in training.runs("ana")] == [early]
        assert training.runs("proposed") == [] and not training.owns("ana", of_others)
        training.stop("ana", early)
    with service(tmp_path, command=scripted("pass")) as again:
        assert again.owns("ana", early)


def test_what_a_class_has_made_goes_with_it_unless_it_is_kept(tmp_path):
    class_id = "c" * 16
    with service(tmp_path, command=scripted("import sys; sys.stdin.read()")) as training:
        made = replace(request(), class_id=class_id, member=1, name="zebra")
        gone, kept = (training.submit("ana", made) for _ in range(2))
        own = training.submit("ana", request())
        training.keep("ana", kept)
        with pytest.raises(TrainingError):
            training.keep("bo", gone)
        training.end_class(class_id)
        assert {view.run_id for view in training.runs("ana")} == {kept, own}
        training.delete("ana", kept)
        training.end_class("")  # no class: nothing goes
        assert {view.run_id for view in training.runs("ana")} == {own}
        left = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert left and not [path for path in left if b"zebra" in path.read_bytes()]


def test_a_member_is_one_whatever_their_browser_says_it_is_and_the_queue_has_an_end(tmp_path):
    few = replace(PUBLIC_LIMITS, active_runs=1, waiting=4)
    waits = scripted("import sys; sys.stdin.read()")
    with service(tmp_path, limits=few, command=waits) as training:
        member = replace(request(), class_id="c" * 16, member=1)
        training.submit("ana", member)
        with pytest.raises(TrainingError, match="1 runs waiting"):
            training.submit("another id", member)
        for number in range(2):
            training.submit(f"stranger {number}", request())
        with pytest.raises(TrainingError, match="more than this server takes"):
            training.submit("stranger 3", request())
        training.submit("bo", replace(member, member=2))  # a class has a half of its own


def test_old_runs_make_room(tmp_path):
    with service(tmp_path / "runs") as training:
        old = training.submit("ana", request(steps=1))
        wait_for_state(training, old, "finished")
    about = tmp_path / "runs" / old / "service.json"
    about.write_text(json.dumps(json.loads(about.read_text()) | {"created": 1e9}))
    with service(tmp_path / "runs") as training:
        training.submit("ben", request(steps=1))
        with pytest.raises(TrainingError):
            training.view(old)
    assert not (tmp_path / "runs" / old).exists()


def test_a_text_that_is_too_short_is_refused(tmp_path):
    with service(tmp_path / "runs") as training:
        with pytest.raises(RunError, match="short|long"):
            training.submit("ana", replace(request(), text=TEXT[:60]))
        assert training.runs("ana") == []


def test_a_turn_that_is_over_pauses_the_run(tmp_path):
    with service(tmp_path / "runs", Limits(steps=LONG, turn_seconds=3.0)) as training:
        run = training.submit("ana", request(steps=LONG))
        view = wait_for_state(training, run, "paused")
        assert "turn" in view.reason


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import os; os.kill(os.getpid(), 9)", "memory ran out"),
        ("raise RuntimeError('secret of the server')", "ended with an error"),
    ],
)
def test_a_crash_is_one_sentence_and_the_rest_is_in_the_log(tmp_path, code, sentence):
    with service(tmp_path / "runs", command=scripted(code)) as training:
        run = training.submit("ana", request())
        view = wait_for_state(training, run, "failed")
        assert sentence in view.reason and "secret" not in view.reason
        log = (tmp_path / "runs" / run / LOG_NAME).read_text()
        assert ("secret" in log) == ("secret" in code)
        assert Run.open(tmp_path / "runs" / run).status().state == "failed"
        training.submit("ana", request())  # the queue goes on
        wait_for(lambda: all(v.state == "failed" for v in training.runs("ana")))


def test_a_killed_worker_leaves_a_run_that_resumes(tmp_path):
    with service(tmp_path / "runs") as training:
        run = training.submit("ana", request(steps=LONG))
        wait_for_step(training, run, 50)
        os.kill(int((tmp_path / "lock").read_text()), signal.SIGKILL)
        assert "memory" in wait_for_state(training, run, "failed").reason
        training.resume("ana", run)
        wait_for(lambda: (v := training.view(run)).state == "running" and v.step > 60)


def test_a_restarted_app_finds_its_runs_and_their_owner(tmp_path):
    with service(tmp_path / "runs") as training:
        done = training.submit("ana", request(steps=5))
        wait_for_state(training, done, "finished")
        running = training.submit("ana", request(steps=LONG))
        queued = training.submit("ana", request(steps=5))
        wait_for_step(training, running, 3)
        pid = int((tmp_path / "lock").read_text())
    assert not is_alive(pid)
    with service(tmp_path / "runs") as training:
        states = {view.run_id: view.state for view in training.runs("ana")}
        assert states == {done: "finished", running: "paused", queued: "paused"}
        step = training.view(running).step
        assert step >= 3 and training.view(done).step == 5
        training.resume("ana", running)
        wait_for_step(training, running, step + 1)


def test_a_second_app_on_the_machine_waits_for_the_first(tmp_path):
    with service(tmp_path / "runs") as one, service(tmp_path / "other") as two:
        first = one.submit("ana", request(steps=LONG))
        wait_for_step(one, first, 1)
        second = two.submit("ana", request(steps=5))
        wait_for(lambda: "Another app" in (two.view(second).reason or ""))
        assert two.view(second).state == "queued"
        one.stop("ana", first)
        wait_for_state(two, second, "finished")


def test_a_run_that_ended_leaves_its_process_to_the_next_and_the_machine_to_others(tmp_path):
    lock = tmp_path / "lock"
    with service(tmp_path / "runs") as one, service(tmp_path / "other") as two:
        one.warm_up()
        wait_for(lambda: one._idle)
        pid = one._idle.process.pid
        for _ in range(2):
            run = one.submit("ana", request(steps=5))
            wait_for_state(one, run, "finished")
            assert int(lock.read_text()) == pid
            assert (tmp_path / "runs" / run / LOG_NAME).read_text() == ""
        wait_for_state(two, two.submit("ben", request(steps=5)), "finished")
        assert int(lock.read_text()) != pid and is_alive(pid)
        run = one.submit("ana", request(steps=LONG))
        wait_for_step(one, run, 1)
        assert int(lock.read_text()) == pid
        other = two.submit("ben", request(steps=5))
        wait_for(lambda: "Another app" in (two.view(other).reason or ""))
        one.stop("ana", run)
        wait_for_state(one, run, "stopped")
        wait_for_state(two, other, "finished")
    assert not is_alive(pid)


def test_a_process_that_nobody_needs_for_a_while_goes(tmp_path, monkeypatch):
    monkeypatch.setattr("ui.services.training._WARM", 0.4)
    with service(tmp_path / "runs") as training:
        training.warm_up()
        worker = wait_for(lambda: training._idle)
        wait_for(lambda: not is_alive(worker.process.pid))
        assert training._idle is None


APP = """
import sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_training import LONG, request, service, wait_for_step
from ui.services.training import TrainingService
from ui.services.runs import Limits
root = Path({root!r})
training = TrainingService(root, Limits(steps=LONG), lock_path=root.parent / "lock")
run = training.submit("ana", request(steps=LONG))
wait_for_step(training, run, 3)
print(run, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_an_app_that_is_killed_takes_its_worker_with_it(tmp_path, ending):
    root = tmp_path / "runs"
    code = APP.format(tests=str(Path(__file__).parent), root=str(root))
    app = subprocess.Popen(
        [sys.executable, "-c", code], cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        run = app.stdout.readline().decode().strip()
        worker = int((tmp_path / "lock").read_text())
        assert is_alive(worker) and os.getpriority(os.PRIO_PROCESS, worker) == 19
        app.send_signal(ending)
        wait_for(lambda: not is_alive(worker), 30)
    finally:
        app.kill()
        app.communicate()
    assert Run.open(root / run).status().state == "paused"


def test_the_machine_lock_is_no_link_that_somebody_else_laid(tmp_path):
    target = tmp_path / "precious"
    target.write_text("keep me")
    (tmp_path / "lock").symlink_to(target)
    with pytest.raises(OSError):
        MachineLock(tmp_path / "lock").acquire()
    assert target.read_text() == "keep me"
