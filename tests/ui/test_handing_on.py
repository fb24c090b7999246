"""A rerun that is given up before it draws anything isn't announced; nothing else is held back."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.helpers import run_loop
from ui.services.handing_on import LONGEST, HandingOn

RUNS, RESTS = (
    ForwardMsg(session_status_changed={"script_is_running": now}) for now in (True, False)
)
EARLY, DONE = ForwardMsg.FINISHED_EARLY_FOR_RERUN, ForwardMsg.FINISHED_SUCCESSFULLY


ADDRESS = ForwardMsg(page_info_changed={"query_string": "prompt=GUS"})


def asks(part):
    return BackMsg(rerun_script={"fragment_id": part})


def begins(run):
    return ForwardMsg(new_session={"name": "main"}, metadata={"run": {"script_run_id": run}})


def ends(run, how=DONE):
    return ForwardMsg(script_finished=how, metadata={"run": {"script_run_id": run}})


def draws(text):
    return ForwardMsg(delta={"new_element": {"text": {"body": text}}})


HANDS_ON = [RESTS, begins("1"), RUNS, ends("1", EARLY), RESTS, begins("2"), RUNS]
GOES_ON = [RESTS, begins("2"), RUNS]


def sent(*steps, pause=0.0):
    """What reaches the browser of these steps: it asks, or the app answers. None: wait."""
    got = []

    async def app(scope, receive, send):
        while (event := await receive())["type"] != "websocket.disconnect":
            assert event
        for step in steps:
            if step is None:
                await asyncio.sleep(pause)
            elif isinstance(step, BackMsg):
                asked.append(step)
                await receive()
            else:
                await send({"type": "websocket.send", "bytes": step.SerializeToString()})

    asked = []

    async def receive():
        if not asked:
            return {"type": "websocket.disconnect", "code": 1000}
        return {"type": "websocket.receive", "bytes": asked.pop().SerializeToString()}

    async def send(event):
        got.append(ForwardMsg.FromString(event["bytes"]))

    run_loop(HandingOn(app)({"type": "websocket"}, receive, send))
    return got


def test_from_the_second_time_on_only_the_rerun_that_draws_is_announced():
    first = [asks("box"), *HANDS_ON, draws("a"), ends("2")]
    again = [asks("box"), *HANDS_ON, draws("b"), ends("2")]
    told = [*HANDS_ON, draws("a"), ends("2"), *GOES_ON, draws("b"), ends("2")]
    assert sent(*first, *again) == told


def test_what_the_callback_wrote_into_the_address_arrives_alone():
    writes = [*HANDS_ON[:3], ADDRESS, *HANDS_ON[3:]]
    first = [asks("box"), *writes, draws("a"), ends("2")]
    again = [asks("box"), *writes, draws("b"), ends("2")]
    assert sent(*first, *again) == [*first[1:], ADDRESS, *GOES_ON, draws("b"), ends("2")]
    drawn = [RESTS, begins("3"), RUNS, ADDRESS, draws("c"), ends("3")]
    assert sent(*first, asks("box"), *drawn) == [*first[1:], *drawn]


def test_another_part_and_one_that_draws_itself_are_announced_at_once():
    first = [asks("box"), *HANDS_ON, draws("a"), ends("2")]
    own = [*GOES_ON, draws("b"), ends("2")]
    assert sent(*first, asks("slider"), *own)[-5:] == own
    assert sent(*first, asks("box"), *own, asks("box"), *own)[-5:] == own


def test_after_a_while_it_is_said_that_something_runs():
    first = [asks("box"), *HANDS_ON, draws("a"), ends("2")]
    seen_early = sent(*first, asks("box"), RESTS, begins("3"), RUNS, None, pause=2 * LONGEST)
    assert seen_early[-3:] == [RESTS, begins("3"), RUNS]
    all_of_it = sent(
        *first, asks("box"), RESTS, begins("3"), RUNS, None, ends("3", EARLY), pause=2 * LONGEST
    )
    assert all_of_it[-4:] == [RESTS, begins("3"), RUNS, ends("3", EARLY)]


def test_the_end_of_an_earlier_rerun_is_told():
    first = [asks("box"), *HANDS_ON, draws("a"), ends("2")]
    interrupted = [asks("box"), ends("2", EARLY), RESTS, begins("3"), RUNS, draws("c")]
    assert sent(*first, *interrupted)[-5:] == interrupted[1:]


def arrives(message):
    return message.WhichOneof("type") in ("delta", "page_info_changed")


@given(
    st.lists(
        st.sampled_from(
            [asks("a"), asks("b"), RUNS, RESTS, ADDRESS, begins("1"), begins("2"), draws("x")]
            + [ends("1"), ends("1", EARLY), ends("2", EARLY), draws("long" * 5000)]
        ),
        max_size=30,
    )
)
def test_whatever_happens_what_is_drawn_arrives_in_its_order(steps):
    told = [step for step in steps if isinstance(step, ForwardMsg)]
    got = sent(*steps, draws("last"))
    rest = iter([*told, draws("last")])
    assert all(message in rest for message in got)  # in order
    dropped = len(told) + 1 - len(got)
    assert [m for m in got if arrives(m)] == [m for m in [*told, draws("last")] if arrives(m)]
    assert dropped == 0 or any(m.script_finished == EARLY for m in told)


def test_what_is_no_websocket_passes():
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["type"])

    run_loop(HandingOn(app)({"type": "http"}, None, None))
    assert seen == ["http"]
