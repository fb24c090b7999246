"""What a rerun sends comes in few batches, in its order, and nothing that is drawn is lost."""

import asyncio
import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from uvicorn.protocols.utils import ClientDisconnected

from tests.helpers import run_loop
from ui.services.batches import PAGE, PARTS, Batches

RUNS, RESTS = (
    ForwardMsg(session_status_changed={"script_is_running": now}) for now in (True, False)
)
EARLY, DONE = ForwardMsg.FINISHED_EARLY_FOR_RERUN, ForwardMsg.FINISHED_SUCCESSFULLY
ADDRESS = ForwardMsg(page_info_changed={"query_string": "prompt=GUS"})
PLACE = ForwardMsg(delta={"add_block": {}})
KEPT_BY_BROWSER = ForwardMsg(ref_hash="4777")
TOLD_ELSEWHERE = ForwardMsg(session_event={"script_changed_on_disk": True})


def begins(run, *parts):
    announced = {"script_run_id": run, "fragment_ids": parts}
    return ForwardMsg(new_session={"name": "main"}, metadata={"run": announced})


def ends(run, how=DONE):
    return ForwardMsg(script_finished=how, metadata={"run": {"script_run_id": run}})


def draws(text):
    return ForwardMsg(delta={"new_element": {"text": {"body": text}}})


def draws_in(part, place, text, **metadata):
    """An element of a part of the page; a large one has a name, by which the browser keeps it."""
    return ForwardMsg(
        delta={"new_element": {"text": {"body": text}}, "fragment_id": part},
        metadata={"delta_path": place, **metadata},
        hash=text,
    )


def batches(*steps):
    """What reaches the browser of these steps, one list for each moment. A number: seconds pass."""
    got = [[]]

    async def app(scope, receive, send):
        for step in steps:
            if not isinstance(step, ForwardMsg):
                await asyncio.sleep(step)
                continue
            got.append([])
            await send({"type": "websocket.send", "bytes": step.SerializeToString()})
        got.append([])

    async def send(event):
        got[-1].append(ForwardMsg.FromString(event["bytes"]))

    run_loop(Batches(app)({"type": "websocket"}, None, send))
    return [batch for batch in got if batch]


def test_a_rerun_comes_with_its_first_element_and_then_whole():
    first = [begins("1"), RUNS, PLACE, draws("map")]
    rest = [PLACE, draws("b"), draws("c"), ends("1"), RESTS]
    assert batches(*first, *rest) == [first, rest]


@pytest.mark.parametrize("drawn", [draws("b"), draws("long" * 5000), KEPT_BY_BROWSER])
def test_a_rerun_that_hands_on_is_not_announced_and_what_it_wrote_into_the_address_arrives(drawn):
    hands_on = [begins("1"), RUNS, ADDRESS, ends("1", EARLY)]
    goes_on = [RESTS, begins("2"), RUNS, PLACE, drawn]
    end = [ends("2"), RESTS]
    assert batches(*hands_on, *goes_on, *end) == [[ADDRESS], goes_on, end]


def test_a_rerun_that_is_given_up_after_it_has_drawn_is_told_whole():
    placed = [begins("1"), RUNS, PLACE, ends("1", EARLY), RESTS]
    drawn = [begins("1"), RUNS, draws("a"), ends("1", EARLY), RESTS]
    after = [begins("2"), RUNS, draws("b")]
    assert batches(*placed, *after) == [placed, after]
    assert batches(*drawn, *after) == [drawn[:3], drawn[3:], after]


def test_who_waits_is_told_that_something_runs_and_sees_what_is_there():
    begin, more = [begins("1", "part"), RUNS], [PLACE, draws("b")]
    told = batches(
        *begin, 1.5 * PARTS, draws("a"), *more, 1.5 * PARTS, draws("c"), ends("1"), RESTS
    )
    assert told == [begin, [draws("a")], more, [draws("c"), ends("1"), RESTS]]
    whole = batches(begins("1"), RUNS, draws("a"), *more, 2 * PAGE, draws("c"), ends("1"), RESTS)
    assert whole == [[begins("1"), RUNS, draws("a")], *told[2:]]
    given_up = batches(*begin, 1.5 * PARTS, ends("1", EARLY), RESTS)
    assert given_up == [begin, [ends("1", EARLY), RESTS]]


def test_after_a_while_all_comes_soon():
    """As what is written token by token in one rerun."""
    begin, tokens = (
        [begins("1", "part"), RUNS, draws("0")],
        [draws(str(place)) for place in range(1, 7)],
    )
    steps = [part for token in tokens for part in (token, 0.04)]
    told = batches(*begin, draws("more"), 1.5 * PARTS, *steps)
    assert told[:2] == [begin, [draws("more")]]
    assert len(told) >= 4


def test_the_end_comes_where_nobody_says_that_nothing_runs():
    begin = [begins("1"), RUNS, draws("a")]
    assert batches(*begin, ends("1"), PARTS / 2) == [begin, [ends("1")]]
    again = [begins("2"), RUNS, draws("b")]
    assert batches(*begin, ends("1"), *again) == [begin, [ends("1")], again]


def test_what_belongs_to_no_rerun_passes():
    assert batches(TOLD_ELSEWHERE, RESTS, draws("a")) == [[TOLD_ELSEWHERE], [RESTS], [draws("a")]]


ONE, TWO = draws_in("part", [0, 1], "one"), draws_in("part", [0, 1], "two")


@pytest.mark.parametrize("before", [begins("0"), begins("0", "part")], ids=["page", "part"])
def test_the_first_of_a_part_goes_ahead_of_the_announcement(before):
    shown = [before, RUNS, ONE, ends("0"), RESTS]
    again = [begins("1", "part"), RUNS, PLACE, TWO, draws("b"), ends("1"), RESTS]
    assert batches(*shown, *again)[2:] == [[TWO], again]


def test_who_waits_for_the_rest_is_told():
    shown = [begins("0"), RUNS, ONE, ends("0"), RESTS]
    again = [begins("1", "part"), RUNS, TWO, draws("b"), 1.5 * PARTS, draws("c"), ends("1"), RESTS]
    assert batches(*shown, *again)[2:] == [[TWO], again[:4], again[5:]]


def test_a_large_one_is_sent_once():
    shown = [begins("0"), RUNS, ONE, ends("0"), RESTS]
    large = draws_in("part", [0, 1], "large" * 9000, cacheable=True)
    named = ForwardMsg(ref_hash=large.hash, metadata={"delta_path": [0, 1]})
    told = batches(*shown, begins("1", "part"), RUNS, large, ends("1"), RESTS)
    assert told[2:] == [[large], [begins("1", "part"), RUNS, named, ends("1"), RESTS]]


NOTHING_THERE = {
    "another page": [begins("0"), RUNS, draws("a"), ends("0"), RESTS],
    "another place": [begins("0", "part"), RUNS, draws_in("part", [0, 2], "a"), ends("0"), RESTS],
    "an empty part": [begins("0", "part"), RUNS, ends("0"), RESTS],
}


@pytest.mark.parametrize("last", NOTHING_THERE.values(), ids=NOTHING_THERE)
def test_nothing_goes_ahead_to_where_the_browser_may_have_nothing(last):
    shown = [begins("00"), RUNS, ONE, ends("00"), RESTS]
    again = [begins("1", "part"), RUNS, TWO]
    assert batches(*shown, *last, *again)[-1] == again


def test_a_rerun_of_the_whole_page_is_announced_first():
    shown = [begins("0"), RUNS, ONE, ends("0"), RESTS]
    again = [begins("1"), RUNS, TWO]
    assert batches(*shown, *again)[-1] == again


parts = st.sampled_from(["a", "b"])
drawings = st.builds(
    lambda part, place, text: draws_in(part, [0, "ab".index(part), place], text),
    parts, st.integers(0, 1), st.text("xyz", max_size=2),
)  # fmt: skip
reruns = st.tuples(
    st.lists(parts, unique=True), st.lists(drawings, max_size=4), st.sampled_from([DONE, EARLY])
)


@given(st.lists(reruns, max_size=6))
def test_what_goes_ahead_has_a_place_and_comes_again_in_its_order(reruns):
    steps = []
    for number, (these, drawn, how) in enumerate(reruns):
        drawn = [each for each in drawn if not these or each.delta.fragment_id in these]
        steps += [begins(str(number), *these), RUNS, *drawn, ends(str(number), how), RESTS]
    browser, order = Browser(), []
    for message in (message for batch in batches(*steps) for message in batch):
        order += browser.hears(message)
    assert order == [step for step in steps if step.WhichOneof("type") == "delta"]


class Browser:
    """What a browser does with messages about parts."""

    def __init__(self):
        self.rerun, self.stands = "", {}  # place: its part, and which rerun has drawn it
        self.parts = []

    def hears(self, message):
        """What it draws of a message in the rerun that was announced."""
        place = tuple(message.metadata.delta_path)
        match message.WhichOneof("type"):
            case "new_session":
                self.rerun = message.metadata.run.script_run_id
                self.parts = message.metadata.run.fragment_ids
            case "script_finished" if message.script_finished == DONE:
                self.clear()
                self.rerun = ""
            case "script_finished":
                self.rerun = ""
            case "delta" if not self.rerun:
                assert place in self.stands, "Bad delta path"
            case "delta":
                self.stands[place] = message.delta.fragment_id, self.rerun
                return [message]
        return []

    def clear(self):
        """Take away what this rerun should have drawn and hasn't."""
        self.stands = {
            place: (part, rerun)
            for place, (part, rerun) in self.stands.items()
            if rerun == self.rerun or (self.parts and part not in self.parts)
        }


@given(
    st.lists(
        st.sampled_from(
            [RUNS, RESTS, ADDRESS, PLACE, TOLD_ELSEWHERE, KEPT_BY_BROWSER, begins("1"), begins("2")]
            + [draws("x"), draws("long" * 5000), ends("1"), ends("1", EARLY), ends("2", EARLY)]
        ),
        max_size=30,
    )
)
def test_whatever_happens_what_is_drawn_arrives_in_its_order(steps):
    told = [*steps, begins("3"), draws("last")]  # which lets go what is kept
    got = [message for batch in batches(*told) for message in batch]
    rest = iter(told)
    assert all(message in rest for message in got)  # in order
    announced = {"new_session", "session_status_changed", "script_finished"}
    assert [m for m in got if m.WhichOneof("type") not in announced] == [
        m for m in told if m.WhichOneof("type") not in announced
    ]
    assert len(got) == len(told) or any(m.script_finished == EARLY for m in told)
    assert [m for m in got if is_done(m)] == [m for m in told if is_done(m)]


def is_done(message):
    return message.WhichOneof("type") == "script_finished" and message.script_finished == DONE


def test_what_is_no_websocket_passes():
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["type"])

    run_loop(Batches(app)({"type": "http"}, None, None))
    assert seen == ["http"]


def test_the_end_of_a_connection_is_told_after_all_that_came_before():
    got = []

    async def app(scope, receive, send):
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "bytes": begins("1").SerializeToString()})
        await send({"type": "websocket.close", "code": 1000})

    async def send(event):
        got.append(event["type"])

    run_loop(Batches(app)({"type": "websocket"}, None, send))
    assert got == ["websocket.accept", "websocket.send", "websocket.close"]


def test_a_browser_that_has_left_is_no_error_of_ours():
    told = []

    async def app(scope, receive, send):
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        await send({"type": "websocket.send", "bytes": begins("1").SerializeToString()})
        await asyncio.sleep(1.5 * PARTS)
        gc.collect()  # a task that has failed is told of when it is forgotten

    async def send(event):
        raise ClientDisconnected

    run_loop(Batches(app)({"type": "websocket"}, None, send))
    assert not told


@pytest.mark.parametrize(
    ("sent", "kept"),
    [([], ["4777"]), ([begins("1"), RUNS], []), ([begins("1"), RUNS, ends("1"), RESTS], [])],
    ids=["rests", "runs", "has just ended"],
)
def test_a_press_that_may_have_crossed_a_rerun_s_end_relies_on_nothing_that_is_forgotten_then(
    sent, kept
):
    pressed = BackMsg(rerun_script={"query_string": "a=b", "cached_message_hashes": ["4777"]})
    got = []

    async def app(scope, receive, send):
        for message in sent:
            await send({"type": "websocket.send", "bytes": message.SerializeToString()})
        for _ in range(2):  # the second before the first has been begun
            got.append(BackMsg.FromString((await receive())["bytes"]).rerun_script)

    async def receive():
        return {"type": "websocket.receive", "bytes": pressed.SerializeToString()}

    async def send(event):
        pass

    run_loop(Batches(app)({"type": "websocket"}, receive, send))
    assert got[0].query_string == "a=b"
    assert [list(each.cached_message_hashes) for each in got] == [kept, []]
