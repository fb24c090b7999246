"""A search on the visitor's text has its turn among the runs, with real processes."""

import sys

import pytest

from tests.helpers import wait_for
from tests.ui.test_jobs import COUNTING, key, wait
from tests.ui.test_training import request, scripted, service, wait_for_state
from ui.services.jobs import JobService

# It is told what to train, and trains until it is told to end.
WAITING = scripted("import sys; sys.stdin.readline(); sys.stdin.readline()")


@pytest.fixture
def both(tmp_path):
    """The training service and a job service that waits in its queue."""
    with service(tmp_path / "runs", command=WAITING) as training:
        search = JobService([sys.executable, "-c", COUNTING], runs=lambda: training)
        yield training, search
        search.close()


def test_a_search_waits_for_the_runs_that_came_before_it(both):
    training, search = both
    first, second = (training.submit("ana", request()) for _ in range(2))
    wait_for_state(training, first, "running")
    job = key(n=3)
    search.start(job, None, "ben")
    place = wait_for(lambda: (view := search.view(job)).place == 2 and view)
    third = training.submit("ana", request())
    assert place.state == "queued" and place.done == 0
    assert [training.place(run) for run in (second, third)] == [1, 3]  # the search is the second
    assert [view.run_id for view in training.waiting()[1]] == [second, third]
    training.stop("ana", first)
    training.stop("ana", wait_for_state(training, second, "running").run_id)
    assert wait(search, job).value == {"square": 9}
    wait_for_state(training, third, "running")


def test_while_a_search_trains_runs_wait_and_say_why_and_stop_lets_them_go_on(both):
    training, search = both
    job, other = key(n=1000, pause=0.05), key(n=2)
    search.start(job, None, "ben")
    wait(search, job, lambda view: view.done > 1)
    run = training.submit("ana", request())
    waits = wait_for(lambda: (view := training.view(run)).reason and view)
    assert waits.state == "queued" and "search" in waits.reason
    search.start(other, None, "cem")
    assert search.view(other).place == 1
    search.stop(job, "ben")
    assert wait(search, job).state == "stopped"
    wait_for_state(training, run, "running")
    assert wait_for(lambda: search.view(other).place == 1)  # behind the run that came first
    training.stop("ana", run)
    assert wait(search, other).state == "finished"


def test_a_search_that_is_stopped_while_it_waits_never_begins(both):
    training, search = both
    run, job = training.submit("ana", request()), key(n=3)
    wait_for_state(training, run, "running")
    search.start(job, None, "ben")
    wait_for(lambda: search.view(job).place == 1)
    search.stop(job, "ben")
    later = training.submit("ana", request())
    assert wait_for(lambda: training.place(later) == 1)
    training.stop("ana", run)
    wait_for_state(training, later, "running")
    assert search.view(job).state == "stopped" and search.view(job).done == 0
