"""The job service with real processes: progress, joining, Stop, crashes, the time limit."""

import sys
import time

import pytest

import ui.jobs
from ui.jobs import JobService

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
    return ui.jobs.job_key(name, None, settings)


def wait(service, job, until=lambda view: not view.active, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        view = service.view(job)
        if until(view):
            return view
        time.sleep(0.02)
    raise AssertionError(f"still {service.view(job)}")


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
    service = service_of('print(\'{"error": "Choose a longer text."}\')')
    service.start(key(n=1), None, "ann")
    assert wait(service, key(n=1)).error == "Choose a longer text."


def test_a_job_that_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(ui.jobs, "longest_job", lambda: 0.5)
    service = service_of(COUNTING)
    job = key(n=1000, pause=0.05)
    service.start(job, None, "ann")
    view = wait(service, job)
    assert view.state == "failed"
    assert "longer" in view.error


def test_a_public_app_gives_a_job_less_time(monkeypatch):
    own = ui.jobs.longest_job()
    monkeypatch.setenv("GPT_PUBLIC", "1")
    assert ui.jobs.longest_job() < own


def test_the_queue_is_limited(counting, monkeypatch):
    monkeypatch.setattr(ui.jobs, "_LONGEST_QUEUE", 2)
    slow = key(n=1000, pause=0.05)
    counting.start(slow, None, "v")
    wait(counting, slow, lambda view: view.done > 0)
    for i in range(3):
        counting.start(key(n=i + 1), None, f"visitor {i}")
    assert "waiting" in counting.view(key(n=3)).error
