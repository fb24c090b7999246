"""A page that is drawn and a part of it that runs at once: the browser gets all, in its order."""

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

from ui.services.gaps import leave_no_gaps


@pytest.fixture(autouse=True)
def without_gaps(monkeypatch):
    monkeypatch.setattr(ForwardMsgQueue, "clear", ForwardMsgQueue.clear)  # put back afterwards
    leave_no_gaps()


def place(*path, part=""):
    return ForwardMsg(delta={"add_block": {}, "fragment_id": part}, metadata={"delta_path": path})


def text(*path, part=""):
    new = {"new_element": {"text": {"body": part}}, "fragment_id": part}
    return ForwardMsg(delta=new, metadata={"delta_path": path})


PAGE = [place(0, 0), place(0, 1, part="class"), text(0, 1, 0, part="class"), place(0, 2)]


def test_a_part_that_runs_takes_nothing_out_of_the_page_that_waits_to_be_sent():
    queue = ForwardMsgQueue()
    for message in PAGE:
        queue.enqueue(message)
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=["class"])
    again = text(0, 1, 0, part="class")
    queue.enqueue(again)
    assert queue.flush() == [*PAGE, again]


def test_a_whole_page_takes_the_place_of_the_one_that_waits():
    queue = ForwardMsgQueue()
    for message in PAGE:
        queue.enqueue(message)
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=None)
    assert queue.is_empty()
