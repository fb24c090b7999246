"""What the app puts into a widget, against messages of a browser that doesn't know of it yet."""

import pytest
from streamlit.testing.v1 import AppTest

PAGE = """
import streamlit as st
from ui.app.told import keep_told, say_as_of, tell

for value in st.session_state.pop("tellings", ()):
    tell("pick", value)
keep_told("pick")
st.text_input("Pick", key="pick")
say_as_of()
"""


def say(app, heard, value):
    """A message of a browser that has heard of this telling last."""
    app.text_input(key="heard").set_value(heard)
    app.text_input(key="pick").set_value(value).run()
    return app.session_state["pick"]


@pytest.mark.parametrize(
    ("heard", "value", "then"),
    [
        ("3", "a", "a"),  # who has heard of all chooses
        ("2", "a", "b"),  # it still has what the last telling replaced
        ("2", "own", "own"),  # that was gone already: the visitor has chosen it once more
        ("1", "own", "b"),
        ("2", "new", "new"),
    ],
)
def test_only_what_the_browser_can_still_have_is_undone(heard, value, then):
    app = AppTest.from_string(PAGE)
    app.session_state["tellings"] = ["a"]
    app.run()
    assert say(app, "1", "own") == "own"
    for told in ("a", "b"):
        app.session_state["tellings"] = [told]
        app.run()
        assert app.session_state["pick"] == told
    assert app.session_state["heard"] == "3"
    assert say(app, heard, value) == then


FORGETFUL = """
import streamlit as st
from ui.app.told import leave, unless_old

def chosen():
    st.session_state["acted"] = st.session_state["pick"]

if not st.session_state.get("elsewhere"):
    st.text_input("Pick", key="pick", on_change=unless_old("pick", chosen))
if st.session_state.pop("go", False):
    leave(["pick"])
    st.session_state["elsewhere"] = True
"""


def test_a_message_that_crosses_the_way_to_another_page_says_nothing_of_what_was_forgotten():
    app = AppTest.from_string(FORGETFUL).run()
    app.text_input(key="pick").set_value("a").run()
    assert app.session_state["acted"] == "a"
    app.session_state["go"] = True
    app.run()
    app.text_input(key="pick").set_value("b").run()  # a browser still has the box
    assert not app.exception and app.session_state["acted"] == "a"
