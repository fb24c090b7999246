"""The process of a job, as the app starts it."""

import json
import subprocess
import sys
import time

import pytest

from gpt_core.jobs import JobError, choice, find_job, whole


def process():
    return subprocess.Popen(
        [sys.executable, "-m", "gpt_core.jobs"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_job_that_does_not_exist_is_one_sentence():
    worker = process()
    worker.stdin.write(json.dumps({"job": "os", "run": None, "settings": {}}) + "\n")
    worker.stdin.flush()
    said = json.loads(worker.stdout.readline())
    assert "There is no job 'os'" in said["error"]
    worker.stdin.close()
    assert worker.wait(10) is not None


def test_it_ends_when_nobody_is_left_to_read():
    worker = process()
    time.sleep(0.2)
    worker.stdin.close()
    assert worker.wait(60) is not None


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
