"""Services: made once, alive as long as the process, ended with it."""

import asyncio
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import streamlit

from benchmarks.app_process import start_app
from benchmarks.streamlit_session import Session
from gpt_core.training.run import Run
from tests.helpers import wait_for
from ui.app.startup import prepare_process
from ui.services.jobs import job_service
from ui.services.processwide import once_per_process
from ui.services.scraping import scraping_service
from ui.services.training import training_service

PROJECT = Path(__file__).resolve().parents[2]

ENDS = """
from ui.services.processwide import once_per_process

def fail(service):
    print("fails", flush=True)
    raise RuntimeError

@once_per_process(close=lambda service: print("first ends", flush=True))
def first(): return object()

@once_per_process(close=fail)
def second(): return object()

@once_per_process(close=lambda service: print("never", flush=True))
def unused(): return object()

@once_per_process()
def endless(): return object()

first(), second(), endless()
"""


def test_many_threads_that_ask_at_once_get_the_same_one():
    made = []

    @once_per_process()
    def slow():
        time.sleep(0.1)
        made.append(object())
        return made[-1]

    got = []
    threads = [threading.Thread(target=lambda: got.append(slow())) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == made * 20


def test_what_could_not_be_made_is_made_for_the_next_who_asks():
    answers = iter([OSError("disk full"), "made"])

    @once_per_process()
    def service():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(OSError):
        service()
    assert service() == "made"


@pytest.mark.parametrize(
    "service", [training_service, job_service, scraping_service, prepare_process]
)
def test_emptying_the_caches_leaves_the_services(service, monkeypatch, tmp_path):
    monkeypatch.setenv("GPT_RUNS", str(tmp_path))
    monkeypatch.setattr("ui.app.startup._warm", lambda: None)
    service.reset()
    before = service()
    streamlit.cache_resource.clear()
    streamlit.cache_data.clear()
    assert service() is before
    service.reset()


def test_a_service_in_the_place_of_another_is_everybody_s():
    @once_per_process()
    def service():
        return "real"

    with service.replaced("other"):
        assert service() == "other"
    assert service() == "real"


def test_closing_leaves_it_the_one_service():
    ended = []

    @once_per_process(close=ended.append)
    def service():
        return object()

    service.close()  # never made: nothing to end
    assert ended == []
    before = service()
    service.close()
    assert ended == [before] and service() is before
    service.reset()
    assert service() is not before


def test_services_end_with_the_process_whatever_one_of_them_does():
    done = subprocess.run(
        [sys.executable, "-c", ENDS], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n") == ["fails", "first ends", ""]


def test_a_run_is_saved_when_the_server_is_told_to_end(tmp_path):
    app, url = start_app(tmp_path / "runs", tmp_path / "app.log", TMPDIR=str(tmp_path))
    try:
        start_run(int(url.rsplit(":", 1)[1]))
        (folder,) = (path.parent for path in tmp_path.glob("runs/*/service.json"))
        metrics = folder / "metrics.jsonl"
        wait_for(lambda: metrics.is_file() and metrics.read_text().count('"loss"') >= 5, 90, app)
        app.terminate()
        app.wait(30)
    finally:
        app.kill()
    run = Run.open(folder)
    assert run.status().state == "paused" and run.status().step >= 5
    assert (folder / "state.safetensors").is_file()
    assert "Traceback" not in (tmp_path / "app.log").read_text()


def start_run(port):
    """As a visitor does, on the Training page: a small model, many steps."""
    small = {"layers": "1", "heads": "1", "width": "16", "context": "16", "train_batch": "4"}

    async def press():
        async with Session(port, "training") as visitor:
            await visitor.open(train_steps="5000", **small)
            await visitor.press("Start training")
            assert not visitor.exceptions

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, press()).result()
