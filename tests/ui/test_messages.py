"""A stranger's messages: what no page of this app sends doesn't reach Streamlit."""

import asyncio
import os
import signal
import time
import urllib.request

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from streamlit.proto.BackMsg_pb2 import BackendOperationRequest, BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from benchmarks.app_process import start_app
from benchmarks.hostile import state_of, worker_of
from benchmarks.streamlit_session import Session
from tests.helpers import run_loop
from ui.services.messages import NEEDED, NeededMessages, comes_by_itself, kind_of

CLEAR_CACHE = BackMsg(clear_cache=True).SerializeToString()
RERUN = BackMsg(rerun_script={"page_name": "attention"}).SerializeToString()
STRANGE = [
    BackMsg(clear_cache=True),
    BackMsg(clear_cache=False),
    BackMsg(load_git_info=True),
    BackMsg(set_run_on_save=True),
    BackMsg(debug_disconnect_websocket=True),
    BackMsg(debug_shutdown_runtime=True),
    BackMsg(app_heartbeat=True),
    BackMsg(backend_operation_request={"install_skills": {}}),
    BackMsg(backend_operation_request={"dismiss_skills_nudge": {}}),
    BackMsg(),
]


def heard(*frames):
    """What an app behind the middleware gets of these events, and what is sent back."""
    events = iter([*frames, {"type": "websocket.disconnect", "code": 1001}])
    got, sent = [], []

    async def app(scope, receive, send):
        while (event := await receive())["type"] != "websocket.disconnect":
            got.append(event["bytes"])
        got.append(event["code"])

    async def receive():
        return next(events)

    async def send(event):
        sent.append(event)

    run_loop(NeededMessages(app)({"type": "websocket"}, receive, send))
    return got, sent


def frame(data):
    return {"type": "websocket.receive", "bytes": data}


def test_streamlit_has_no_kind_of_message_that_nobody_has_thought_about():
    kinds = {field.name for field in BackMsg.DESCRIPTOR.oneofs_by_name["type"].fields}
    kinds |= {f.name for f in BackendOperationRequest.DESCRIPTOR.oneofs_by_name["payload"].fields}
    refused = {kind_of(message.SerializeToString()) for message in STRANGE}
    assert kinds == NEEDED | (refused - {"nothing"}) | {
        "backend_operation_request",  # judged by what it asks for
        "dataframe_chunk",  # of tables that are sent in parts; no page has one
    }
    assert not NEEDED & refused


def test_only_needed_messages_pass():
    frames = [frame(message.SerializeToString()) for message in STRANGE]
    assert heard(frame(RERUN), *frames[:4], frame(RERUN)) == ([RERUN, RERUN, 1001], [])
    assert heard(*frames[4:]) == ([1001], [])


@pytest.mark.parametrize(
    ("data", "passes"), [(RERUN + CLEAR_CACHE, False), (CLEAR_CACHE + RERUN, True)]
)
def test_of_two_messages_in_one_the_last_counts_as_it_does_for_streamlit(data, passes):
    message = BackMsg()
    message.ParseFromString(data)
    assert (message.WhichOneof("type") == "rerun_script") is passes
    assert (kind_of(data) in NEEDED) is passes


@given(st.binary(max_size=200))
@example(b"\x5a\xff\xff\xff\xff\x0f")
def test_bytes_that_are_no_message_end_the_connection(data):
    try:
        kind_of(data)
    except ValueError:
        assert heard(frame(data), frame(RERUN)) == (
            [1002],
            [{"type": "websocket.close", "code": 1002}],
        )


def test_text_ends_the_connection():
    got, sent = heard({"type": "websocket.receive", "text": "hello"}, frame(RERUN))
    assert got == [1002] and [event["type"] for event in sent] == ["websocket.close"]


def test_reading_a_message_costs_next_to_nothing():
    message = BackMsg()
    for i in range(100):
        message.rerun_script.widget_states.widgets.add(id=f"widget {i}" * 5, string_value="x" * 90)
    data = message.SerializeToString()
    best = min(timed(lambda: kind_of(data)) for _ in range(200))
    assert best < 0.001  # seconds; an edit takes a hundred times as long


def timed(do):
    begin = time.perf_counter()
    do()
    return time.perf_counter() - begin


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """(folder, port) of an app with a lock of its own, so that a run can train."""
    folder = tmp_path_factory.mktemp("app")
    process, url = start_app(folder / "runs", folder / "app.log", TMPDIR=str(folder))
    yield folder, int(url.rsplit(":", 1)[1])
    process.kill()  # nothing of what trains here has to be saved
    process.wait()


async def stranger(port, messages):
    """Send them all over one connection; the kinds of the answers."""
    address = f"ws://127.0.0.1:{port}/_stcore/stream"
    answers = []
    async with connect(address, subprotocols=["streamlit"]) as socket:
        await socket.send(RERUN)  # as a page begins: so its session is there
        for message in messages:
            await socket.send(message.SerializeToString())
        while "script_finished" not in answers[-1:]:
            answer = ForwardMsg()
            answer.ParseFromString(await asyncio.wait_for(socket.recv(), 60))
            answers.append(answer.WhichOneof("type"))
        await asyncio.sleep(0.1 * len(messages) + 0.3)  # until the last was refused
    return answers


def test_a_stranger_can_t_end_training(app):
    folder, port = app

    async def attack():
        async with Session(port, "training") as ana, Session(port, "training") as ben:
            for visitor in (ana, ben):
                await visitor.open()
                await visitor.press("Start training")
            worker = await worker_of(folder)
            async with Session(port, "attention") as reader:
                await reader.open(prompt="OTTO: A duck?")
                answers = await stranger(port, STRANGE * 2)
                assert not {"git_info_changed", "heartbeat_ack"} & set(answers)
                await reader.type("Prompt under study", "OTTO: A duck!", key="prompt")
                assert not reader.exceptions
            os.kill(worker, 0)  # it is there
            assert await worker_of(folder) == worker
            await ana.open()
            await ben.open()
            assert (state_of(ana), state_of(ben)) == ("training", "waiting")
        os.kill(worker, signal.SIGKILL)  # the app needn't wait until it has saved

    run_loop(attack())
    assert "Traceback" not in (folder / "app.log").read_text()


@pytest.mark.parametrize("nonsense", ["text", b"\xff" * 100, b"\x00" * 26_000_000])
def test_what_is_no_message_ends_its_own_connection_without_a_traceback(app, nonsense):
    folder, port = app

    async def send():
        address = f"ws://127.0.0.1:{port}/_stcore/stream"
        async with connect(address, subprotocols=["streamlit"]) as socket:
            await socket.send(nonsense)
            with pytest.raises(ConnectionClosed):
                while True:
                    await asyncio.wait_for(socket.recv(), 30)
            return socket.close_code

    assert run_loop(send()) in (1002, 1009)
    assert "Traceback" not in (folder / "app.log").read_text()


def get(port, path, accept):
    headers = {"Accept": accept, "Accept-Encoding": "gzip", "If-None-Match": '"x"'}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    with urllib.request.urlopen(request) as answer:
        return answer.headers, answer.read()


@pytest.mark.parametrize(("path", "own"), [("/", 0), ("/attention?prompt=</script>", 1)])
def test_a_page_is_told_which_part_of_its_address_is_the_app_s(app, path, own):
    headers, body = get(app[1], path, "text/html,application/xhtml+xml")
    assert body.count(f"parts.length - {own})".encode()) == 1
    assert int(headers["Content-Length"]) == len(body)
    assert "ETag" not in headers  # a browser must not keep the page of another version


def test_what_is_no_page_is_served_as_ever(app):
    headers, body = get(app[1], "/_stcore/health", "*/*")
    assert body == b"ok"
    headers, body = get(app[1], "/favicon.png", "image/png,*/*")
    assert body.startswith(b"\x89PNG") and "ETag" in headers


def test_what_nobody_has_pressed_is_known_from_its_message():
    def rerun(**state):
        return BackMsg(rerun_script=state).SerializeToString()

    follows = {"id": "$$x-class_link__events", "json_trigger_value": '{"event": "change"}'}
    seat = {"id": "$$x-class_link", "json_value": '{"seat": "1.2"}'}
    press = {"id": "$$x-another", "json_trigger_value": '{"event": "press"}'}
    assert comes_by_itself(rerun(is_auto_rerun=True))
    assert comes_by_itself(rerun(widget_states={"widgets": [seat, follows]}))
    assert not comes_by_itself(rerun(widget_states={"widgets": [seat, press]}))
    assert not comes_by_itself(rerun())
