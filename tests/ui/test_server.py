"""The server's beginning and end."""

import asyncio
import gc
import socket
import threading
import time
import webbrowser
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from streamlit import config

from ui.app.server import lifespan, send_at_once
from ui.services.processwide import once_per_process


@pytest.fixture
def option():
    """option("server.headless", False), put back in the end."""
    kept = []

    def set_(name, value):
        kept.append((name, config.get_option(name)))
        config.set_option(name, value)

    yield set_
    for name, value in kept:
        config.set_option(name, value)


def live(during=lambda: asyncio.sleep(0)):
    async def begin_and_end():
        async with lifespan(None):
            await during()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, begin_and_end()).result()


@pytest.mark.parametrize(
    ("address", "below", "opened"),
    [
        (None, "", "http://localhost:8599"),
        ("0.0.0.0", "", "http://localhost:8599"),
        ("192.168.1.7", "class", "http://192.168.1.7:8599/class"),
    ],
)
def test_it_opens_the_app_in_a_browser(address, below, opened, monkeypatch, option):
    told, called = [], threading.Event()
    monkeypatch.setattr(webbrowser, "open", lambda url: (told.append(url), called.set()))
    option("server.headless", False)
    option("server.address", address)
    option("server.baseUrlPath", below)
    option("server.port", 8599)
    live()
    assert called.wait(10) and told == [opened]


def test_it_opens_nothing_where_nobody_looks(monkeypatch, option):
    told = []
    monkeypatch.setattr(webbrowser, "open", told.append)
    option("server.headless", True)
    live()
    assert told == []


def test_its_loop_goes_on_while_services_end(option, monkeypatch):
    option("server.headless", True)
    beats, closed_at = [], []

    def close(_):
        time.sleep(0.5)
        closed_at.append(time.monotonic())

    @once_per_process(close=close)
    def slow():
        return object()

    slow()

    async def beat():
        while not closed_at:
            beats.append(time.monotonic())
            await asyncio.sleep(0.02)

    async def during():
        tasks.append(asyncio.create_task(beat()))

    tasks = []
    live(during)
    slow.reset()
    waits = [later - earlier for earlier, later in zip(beats, beats[1:], strict=False)]
    assert closed_at and len(beats) > 5 and max(waits) < 0.4


def test_garbage_is_searched_for_by_the_clock_not_by_the_number_of_objects(option, monkeypatch):
    """Else two hundred visitors wait for a search every eight seconds."""
    option("server.headless", True)
    monkeypatch.setattr("ui.app.server._SEARCH_EVERY", 0.05)
    before, searches, thresholds = gc.get_threshold(), [], []

    def note(phase, info):
        if phase == "start" and info["generation"] == 2:
            searches.append(time.monotonic())

    async def make_many_objects():
        thresholds.append(gc.get_threshold()[2])
        searches.clear()
        kept = [[number] for number in range(400_000)]
        thresholds.append(len(searches))
        async with asyncio.timeout(30):
            while len(searches) < 2:
                await asyncio.sleep(0.05)
        del kept

    gc.callbacks.append(note)
    try:
        live(make_many_objects)
    finally:
        gc.callbacks.remove(note)
    assert thresholds[0] >= 1_000_000
    assert thresholds[1] == 0
    assert gc.get_threshold() == before


def test_a_small_message_does_not_wait_for_the_one_before():
    with closing(socket.socket(family=socket.AF_INET)) as listens:  # as Streamlit makes it
        listens.bind(("127.0.0.1", 0))
        listens.listen()
        send_at_once()
        with closing(socket.create_connection(listens.getsockname())):
            connection, _ = listens.accept()
            with closing(connection):
                assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
