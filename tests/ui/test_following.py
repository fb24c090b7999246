"""A teacher's change and a pupil's press that cross: page, address and server agree in the end.

The browser is a model: it keeps what it shows, what its address says and what it has heard of, and
each message is on its way for as long as the test wants. The server is the app's own widget.
"""

from collections import deque
from unittest.mock import patch
from urllib.parse import parse_qs

from hypothesis import given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.local_script_runner import LocalScriptRunner

from ui.app.told import HEARD

USUAL = 2
PAGE = f"""
import streamlit as st
from ui.app import address, widgets
from ui.app.told import say_as_of

query = st.session_state.pop("teacher", None)
if query is not None:
    widgets.forget(["pick"])
    address.change({{"pick": query.get("pick")}})
    st.session_state[widgets.STEERED] = widgets.Steering("", query)
widgets.slider("Pick", 0, 4, {USUAL}, key="pick")
st.session_state.pop(widgets.STEERED, None)
say_as_of()
"""


def query_of(value):
    return {} if value == USUAL else {"pick": str(value)}


class Pupil:
    """A browser, its page on the server, and what is on its way between both."""

    def __init__(self):
        self.app = AppTest.from_string(PAGE)
        self.shown, self.query, self.heard = USUAL, {}, "0"
        self.to_server, self.to_browser = deque(), deque()
        self.teachers = USUAL
        self.run()
        self.drain()

    def press(self, value):
        self.shown, self.query = value, query_of(value)
        self.to_server.append((self.shown, self.query, self.heard, False))

    def change(self, value):
        """The teacher's page changes, and this browser reports it."""
        self.teachers = value
        self.to_server.append((self.shown, self.query, self.heard, True))

    def serve(self, _=None):
        """The server's turn: the next message, if there is one."""
        if not self.to_server:
            return
        shown, self.app.query_params, heard, follows = self.to_server.popleft()
        self.app.slider(key="pick").set_value(shown)
        self.app.text_input(key=HEARD).set_value(heard)
        if follows:
            self.app.session_state["teacher"] = query_of(self.teachers)
        self.run()

    def run(self):
        with patch.object(LocalScriptRunner, "forward_msgs", lambda runner: self._sent(runner)):
            self.app.run()
        assert not self.app.exception

    def arrive(self, _=None):
        """The browser's turn: the next of what the server has told it, if there is something."""
        if not self.to_browser:
            return
        message = self.to_browser.popleft()
        element = message.delta.new_element
        if message.WhichOneof("type") == "page_info_changed":
            said = parse_qs(message.page_info_changed.query_string)
            self.query = {name: texts[-1] for name, texts in said.items()}
        elif element.slider.set_value:
            self.shown = int(element.slider.value[0])
        elif element.text_input.set_value:
            self.heard = element.text_input.value

    def drain(self):
        while self.to_server or self.to_browser:
            self.serve()
            self.arrive()

    def _sent(self, runner):
        self.to_browser.extend(runner.forward_msg_queue._queue)
        return runner.forward_msg_queue._queue


values = st.integers(0, 4)
steps = st.one_of(
    st.tuples(st.just(Pupil.press), values),
    st.tuples(st.just(Pupil.change), values),
    st.tuples(st.sampled_from([Pupil.serve, Pupil.arrive, Pupil.arrive]), st.none()),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(steps, max_size=16))
def test_what_is_shown_what_the_address_says_and_what_the_server_has_are_the_same(way):
    pupil = Pupil()
    for act, value in way:
        act(pupil, value)
    pupil.drain()
    has = pupil.app.session_state["pick"]
    assert (pupil.shown, pupil.query) == (has, query_of(has))


def test_a_press_that_crosses_the_teacher_s_change_counts():
    pupil = Pupil()
    pupil.change(3)
    pupil.serve()
    pupil.press(1)  # what it shows is replaced before the server reads of it
    pupil.drain()
    assert (pupil.shown, pupil.query, pupil.app.session_state["pick"]) == (1, query_of(1), 1)


def test_a_press_before_the_teacher_s_change_gives_way():
    pupil = Pupil()
    pupil.press(1)
    pupil.change(3)
    pupil.drain()
    assert (pupil.shown, pupil.query, pupil.app.session_state["pick"]) == (3, query_of(3), 3)
