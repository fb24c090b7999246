"""The process of a job, as the app starts it."""

import json
import subprocess
import sys

import pytest

from gpt_core.jobs import JobError, choice, find_job, whole


def process():
    return subprocess.Popen(
        [sys.executable, "-m", "gpt_core.jobs"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_job_that_does_not_exist_is_one_sentence():
    worker = process()
    worker.stdin.write(json.dumps({"job": "os", "run": None, "settings": {}}) + "\n")
    worker.stdin.flush()
    assert worker.wait(60) == 2
    (said,) = worker.stderr.read().splitlines()
    assert said.startswith("error: There is no job 'os'")


def test_it_ends_when_whoever_asked_for_it_is_gone():
    worker = process()
    asked = {"job": "causal_mask", "run": None, "settings": {"steps": 300}}
    worker.stdin.write(json.dumps(asked) + "\n")
    worker.stdin.flush()
    assert json.loads(worker.stdout.readline())["done"] >= 0
    worker.stdin.close()
    assert worker.wait(60) == 1


def test_it_ends_when_it_is_asked_for_nothing():
    worker = process()
    worker.stdin.close()
    assert worker.wait(60) != 0


@pytest.mark.parametrize("name", ["__main__", "../run", "", "os.path"])
def test_only_jobs_can_be_named(name):
    with pytest.raises(JobError, match="There is no job"):
        find_job(name)


def test_settings_are_checked():
    assert choice({"norm": "layernorm"}, "norm", ["layernorm", "none"]) == "layernorm"
    assert whole({"steps": 5}, "steps", 1, 10) == 5
    for wrong in (0, 11, True, "5", None, 5.0):
        with pytest.raises(JobError, match="steps"):
            whole({"steps": wrong}, "steps", 1, 10)
    with pytest.raises(JobError, match="choose one of"):
        choice({}, "norm", ["layernorm"])
