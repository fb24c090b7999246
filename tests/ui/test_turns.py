"""Reruns of many visitors are worked at a few at a time, and nobody can keep the others out."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.helpers import run_loop
from ui.services import turns
from ui.services.turns import AT_ONCE, LONGEST, Queues, Turns, ends_a_rerun

RERUN = BackMsg(rerun_script={"query_string": ""}).SerializeToString()
STOP = BackMsg(stop_script=True).SerializeToString()
WORK = 0.02  # seconds that a rerun takes here


def finished(status):
    return ForwardMsg(script_finished=status, hash="a" * 32).SerializeToString()


class App:
    """Answers each rerun after a while, like Streamlit; knows how many it had at once."""

    def __init__(self, work=WORK, answer=ForwardMsg.FINISHED_SUCCESSFULLY):
        self.now = self.most = self.done = 0
        self.work, self.answer = work, answer

    async def __call__(self, scope, receive, send):
        while (event := await receive())["type"] == "websocket.receive":
            if event["bytes"] != RERUN:
                continue
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(self.work)
            self.now -= 1
            self.done += 1
            await send({"type": "websocket.send", "bytes": finished(self.answer)})


async def visit(app, messages, sent):
    """One connection that sends all its messages and then closes."""
    events = [{"type": "websocket.receive", "bytes": data} for data in messages]
    left = iter([*events, {"type": "websocket.disconnect", "code": 1000}])

    async def receive():
        return next(left)

    async def send(event):
        sent.append(event)

    await app({"type": "websocket"}, receive, send)


async def class_of(app, visitors, reruns):
    sent = []
    turns_of_all = Turns(app)
    begin = asyncio.get_running_loop().time()
    await asyncio.gather(
        *(visit(turns_of_all, [STOP, *[RERUN] * reruns], sent) for _ in range(visitors))
    )
    return sent, asyncio.get_running_loop().time() - begin


def test_a_few_at_a_time_and_everybody_is_answered():
    app = App()
    sent, seconds = run_loop(class_of(app, 10, 3))
    assert app.most == AT_ONCE and app.done == len(sent) == 30
    assert seconds >= 30 / AT_ONCE * WORK
    assert turns._reruns == 0 and not turns.crowded()


def test_who_takes_too_long_does_not_hold_up_the_others():
    app = App(work=3 * LONGEST)
    _, seconds = run_loop(class_of(app, 3 * AT_ONCE, 1))
    assert app.most == 3 * AT_ONCE and app.done == 3 * AT_ONCE
    assert seconds < 3 * LONGEST * 3


def test_a_rerun_that_another_one_follows_keeps_its_turn():
    app = App(answer=ForwardMsg.FINISHED_EARLY_FOR_RERUN)
    _, seconds = run_loop(class_of(app, 2 * AT_ONCE, 1))
    assert seconds < WORK + LONGEST  # the turn is over as soon as its visitor leaves

    async def one_stays():
        stay = asyncio.Event()
        turns_of_all = Turns(app)
        events = [{"type": "websocket.receive", "bytes": RERUN}]

        async def receive():
            if events:
                return events.pop()
            await stay.wait()
            return {"type": "websocket.disconnect", "code": 1000}

        async def send(event):
            pass

        staying = asyncio.create_task(turns_of_all({"type": "websocket"}, receive, send))
        await asyncio.sleep(2 * WORK)
        held = turns_of_all._queues.free
        await asyncio.sleep(LONGEST)
        free = turns_of_all._queues.free
        stay.set()
        await staying
        return held, free

    assert run_loop(one_stays()) == (AT_ONCE - 1, AT_ONCE)


def test_somebody_who_leaves_while_waiting_is_not_counted_any_more():
    async def leave():
        app = Turns(App(work=LONGEST / 2))
        sent = []
        visits = [asyncio.create_task(visit(app, [RERUN], sent)) for _ in range(AT_ONCE + 1)]
        await asyncio.sleep(0.01)
        assert turns.crowded() and turns._reruns == AT_ONCE + 1
        visits[-1].cancel()
        await asyncio.gather(*visits, return_exceptions=True)
        return app._queues.free

    assert run_loop(leave()) == AT_ONCE
    assert turns._reruns == 0 and not turns.crowded()


def test_what_is_no_websocket_passes():
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["type"])

    run_loop(Turns(app)({"type": "http"}, None, None))
    assert seen == ["http"]


@pytest.mark.parametrize(
    ("data", "ends"),
    [
        (None, False),
        (b"", False),
        (ForwardMsg(session_status_changed={}).SerializeToString(), False),
        (finished(ForwardMsg.FINISHED_SUCCESSFULLY), True),
        (finished(ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY), True),
        (finished(ForwardMsg.FINISHED_WITH_COMPILE_ERROR), True),
        (finished(ForwardMsg.FINISHED_EARLY_FOR_RERUN), False),
    ],
)
def test_the_end_of_a_rerun(data, ends):
    assert ends_a_rerun(data) is ends


def test_who_is_connected_is_counted_until_they_leave():
    seen = []

    async def app(scope, receive, send):
        seen.append(turns.connected())

    before = turns.connected()
    run_loop(turns.Turns(app)({"type": "websocket"}, None, None))
    assert seen == [before + 1] and turns.connected() == before


async def in_which_order(arrivals, leave=()):
    """Who gets the only turn when; all arrive while somebody else has it."""
    queues, order = Queues(1), []
    await queues.take(False)

    async def wait(number, by_itself):
        await queues.take(by_itself)
        order.append(number)
        queues.give_back()

    waiting = [asyncio.create_task(wait(*arrival)) for arrival in enumerate(arrivals)]
    await asyncio.sleep(0)
    for number in leave:
        waiting[number].cancel()
    queues.give_back()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert queues.free == 1
    return order


def test_a_press_overtakes_pages_that_follow_and_keeps_none_of_them_out():
    follows, pressed = True, False
    class_of = [*[follows] * 6, *[pressed] * 3]
    assert run_loop(in_which_order(class_of)) == [6, 0, 7, 1, 8, 2, 3, 4, 5]
    assert run_loop(in_which_order(class_of, leave=[0, 7])) == [6, 1, 8, 2, 3, 4, 5]


@given(st.lists(st.booleans(), max_size=20), st.data())
def test_everybody_who_stays_gets_a_turn_and_none_is_lost(arrivals, data):
    leave = data.draw(st.sets(st.sampled_from(range(len(arrivals))))) if arrivals else set()
    order = run_loop(in_which_order(arrivals, leave))
    assert sorted(order) == sorted({*range(len(arrivals))} - leave)
    for kind in (True, False):
        of_kind = [number for number in order if arrivals[number] is kind]
        assert of_kind == sorted(of_kind)
