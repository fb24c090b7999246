"""The job service with real processes: progress, joining, Stop, crashes, the time limit."""

import sys
import textwrap
import time

import pytest

import ui.app.job_panel
import ui.services.jobs
from tests.helpers import wait_for
from ui.services.jobs import JobService

COUNTING = """
import json, sys, time
ask = json.loads(sys.stdin.readline())
n = ask["settings"]["n"]
for i in range(1, n + 1):
    print(json.dumps({"done": i, "total": n, "value": {"square": i * i}}), flush=True)
    time.sleep(ask["settings"].get("pause", 0))
"""


def service_of(script):
    return JobService([sys.executable, "-c", script])


def key(name="count", **settings):
    return ui.app.job_panel.job_key(name, None, settings)


def wait(service, job, until=lambda view: not view.active, seconds=30):
    return wait_for(lambda: until(view := service.view(job)) and view, seconds)


@pytest.fixture
def counting():
    service = service_of(COUNTING)
    yield service
    service.close()


def test_a_job_ends_with_its_last_value(counting):
    job = key(n=7)
    assert counting.view(job) is None
    counting.start(job, None, "ann")
    view = wait(counting, job)
    assert (view.state, view.done, view.total, view.value) == ("finished", 7, 7, {"square": 49})


def test_a_result_is_kept_for_whoever_asks_the_same(counting):
    counting.start(key(n=3), None, "ann")
    first = wait(counting, key(n=3))
    counting.start(key(n=3), None, "bob")
    assert counting.view(key(n=3)) == first


def test_a_job_of_an_earlier_id_is_stopped_by_the_id_that_it_was_handed_to(counting):
    job = key(n=1000, pause=0.05)
    counting.start(job, None, "proposed")
    counting.hand_over("proposed", "ann")
    counting.stop(job, "ann")
    assert wait(counting, job).state == "stopped"


def test_jobs_wait_for_each_other_and_say_their_place(counting):
    slow, next_ = key(n=1000, pause=0.05), key(n=2)
    counting.start(slow, None, "ann")
    wait(counting, slow, lambda view: view.done > 0)
    counting.start(next_, None, "bob")
    assert (counting.view(next_).state, counting.view(next_).place) == ("queued", 1)
    counting.stop(slow, "ann")
    assert counting.view(slow).state == "stopped"
    assert wait(counting, next_).state == "finished"


def test_stop_by_one_visitor_leaves_it_to_the_other(counting):
    job = key(n=1000, pause=0.05)
    counting.start(job, None, "ann")
    counting.start(job, None, "bob")
    wait(counting, job, lambda view: view.done > 0)
    counting.stop(job, "ann")
    assert counting.view(job).state == "running"
    counting.stop(job, "bob")
    assert counting.view(job).state == "stopped"


def test_a_visitors_new_job_takes_the_place_of_the_old_one(counting):
    old, new = key(n=1000, pause=0.05), key(n=1)
    counting.start(old, None, "ann")
    wait(counting, old, lambda view: view.done > 0)
    counting.start(new, None, "ann")
    assert counting.view(old).state == "stopped"
    assert wait(counting, new).state == "finished"


def test_a_stopped_job_can_be_started_again(counting):
    job = key(n=40, pause=0.05)
    counting.start(job, None, "ann")
    wait(counting, job, lambda view: view.done > 0)
    counting.stop(job, "ann")
    counting.start(job, None, "ann")
    assert wait(counting, job).state == "finished"


def test_a_crash_is_one_sentence_and_the_next_job_runs():
    service = service_of("raise SystemExit(3)")
    service.start(key(n=1), None, "ann")
    view = wait(service, key(n=1))
    assert view.state == "failed"
    assert "Start it again" in view.error
    service.start(key(n=2), None, "ann")
    assert wait(service, key(n=2)).state == "failed"


def test_what_a_job_says_of_an_error_is_shown():
    service = service_of("import sys; sys.exit(print('error: Be quick.', file=sys.stderr) or 2)")
    service.start(key(n=1), None, "ann")
    assert wait(service, key(n=1)).error == "Be quick."


def test_a_job_that_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(ui.services.jobs, "longest_job", lambda guest: 0.5)
    service = service_of(COUNTING)
    job = key(n=1000, pause=0.05)
    service.start(job, None, "ann")
    view = wait(service, job)
    assert view.state == "failed"
    assert "longer" in view.error


def test_a_public_app_gives_a_job_less_time(monkeypatch):
    own = ui.services.jobs.longest_job()
    monkeypatch.setenv("GPT_PUBLIC", "1")
    assert ui.services.jobs.longest_job() < own


def test_the_queue_is_limited(counting, monkeypatch):
    monkeypatch.setattr(ui.services.jobs, "_LONGEST_QUEUE", 2)
    slow = key(n=1000, pause=0.05)
    counting.start(slow, None, "v")
    wait(counting, slow, lambda view: view.done > 0)
    for i in range(3):
        counting.start(key(n=i + 1), None, f"visitor {i}")
    assert "waiting" in counting.view(key(n=3)).error


# Ways in which the process of a job may go wrong.
WRONG = {
    "killed in the middle of a line": """
        sys.stdout.write('{"done": 1, "tot'); sys.stdout.flush(); os.kill(os.getpid(), 9)
    """,
    "killed after its last line": "say(2); os.kill(os.getpid(), 9)",
    "ends in the middle of a line": 'sys.stdout.write(\'{"done": 1, "tot\'); sys.stdout.flush()',
    "ends with an error after its last line": "say(2); sys.exit(3)",
    "no JSON": "print('Warning: the weather'); say(2)",
    "not even text": "sys.stdout.buffer.write(bytes(range(256)) + b'\\n')",
    "100,000 brackets": "print('[' * 100_000)",
    "a number instead": "print(17)",
    "a list instead": "print([1, 2, 3])",
    "nothing about how far it is": "print('{}')",
    "words for numbers": "print(json.dumps({'done': 'x', 'total': None, 'value': {}}))",
    "more done than there is": "print(json.dumps({'done': 10**400, 'total': 2, 'value': {}}))",
    "a list for a value": "print(json.dumps({'done': 2, 'total': 2, 'value': [1]}))",
    "an error without a sentence": "print('error', file=sys.stderr); sys.exit(2)",
    "a result, but less than all of it": "say(1)",
    "says nothing": "",
    "closes its output and lives on": "os.close(1); time.sleep(600)",
    "never reads": "time.sleep(600)",
    "a line of 100 MB": "sys.stdout.write('x' * 100_000_000 + '\\n'); say(2)",
    "a line without an end": "while True: sys.stdout.write('x' * 100_000)",
    "another process keeps its output open": """
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]); os._exit(0)
    """,
}
PROGRAM = """
import json, os, subprocess, sys, time
def say(done):
    print(json.dumps({{"done": done, "total": 2, "value": {{}}}}), flush=True)
if {reads}:
    asked = json.loads(sys.stdin.readline())["settings"]
    if asked.get("go") == "well":
        say(1); say(2); sys.exit()
{wrong}
"""


@pytest.mark.parametrize("how", WRONG)
def test_a_job_that_goes_wrong_says_why_and_the_next_one_runs(how, monkeypatch):
    monkeypatch.setattr(ui.services.jobs, "_LAST_MOMENT", 0.3)  # for the one that goes wrong
    waits = how in ("never reads", "another process keeps its output open")
    monkeypatch.setattr(ui.services.jobs, "longest_job", lambda guest: 2.0 if waits else 60.0)
    program = PROGRAM.format(reads=how != "never reads", wrong=textwrap.dedent(WRONG[how]))
    service = service_of(program)
    wrong = key(padding="x" * 500_000)  # more than a pipe holds
    service.start(wrong, None, "ann")
    wait(service, wrong, lambda view: view.state != "queued")
    service._command = [sys.executable, "-c", PROGRAM.format(reads=True, wrong="")]
    service.start(key(go="well"), None, "bob")
    failed = wait(service, wrong)
    monkeypatch.setattr(ui.services.jobs, "_LAST_MOMENT", 30.0)
    assert failed.state == "failed"
    assert failed.error.endswith(".") and "\n" not in failed.error
    assert wait(service, key(go="well")).state == "finished"
    service.close()


def test_a_job_that_can_t_be_started_says_so_and_the_next_one_runs():
    service = JobService(["/nowhere/no such program"])
    service.start(key(n=1), None, "ann")
    view = wait(service, key(n=1))
    assert view.state == "failed" and "could not be started" in view.error
    service._command = [sys.executable, "-c", COUNTING]
    service.start(key(n=2), None, "ann")
    assert wait(service, key(n=2)).state == "finished"


def test_a_job_that_ran_out_of_memory_says_so():
    service = service_of("import os; os.kill(os.getpid(), 9)")
    service.start(key(n=1), None, "ann")
    assert "memory" in wait(service, key(n=1)).error


def test_an_error_of_the_service_itself_is_that_job_s_alone(counting, monkeypatch):
    def stumble(entry, process):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(counting, "_follow", stumble)
        counting.start(key(n=1, pause=30), None, "ann")
        assert wait(counting, key(n=1, pause=30)).state == "failed"
    counting.start(key(n=2), None, "ann")
    assert wait(counting, key(n=2)).state == "finished"


def test_a_full_queue_keeps_nothing_of_whoever_is_turned_away(counting, monkeypatch):
    monkeypatch.setattr(ui.services.jobs, "_LONGEST_QUEUE", 1)
    monkeypatch.setattr(ui.services.jobs, "RESULTS_KEPT", 5)
    counting.start(key(n=1000, pause=0.05), None, "v")
    wait(counting, key(n=1000, pause=0.05), lambda view: view.done > 0)
    for i in range(50):
        counting.start(key(n=i + 1), None, f"visitor {i}")
    assert len(counting._entries) <= 6


def test_a_closed_service_starts_nothing_more(counting):
    slow = key(n=1000, pause=0.05)
    counting.start(slow, None, "ann")
    wait(counting, slow, lambda view: view.done > 0)
    counting.start(key(n=2), None, "bob")
    counting.close()
    assert wait(counting, slow).state == "stopped"
    assert wait(counting, key(n=2)).state == "stopped"
    counting.start(key(n=3), None, "bob")
    time.sleep(0.3)
    assert not counting.view(key(n=3)).active
