"""A page that ends early, and somebody who has pressed something while it was drawn."""

import pytest
from streamlit.testing.v1 import AppTest


def page(how):
    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx
    from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

    from ui.app.ending import end_page

    @st.fragment
    def part():
        st.session_state["drawn"] = st.session_state.get("drawn", 0) + 1

    part()
    (of_part,) = get_script_run_ctx().shared.new_fragment_ids.snapshot()
    press = RerunData(fragment_id=of_part)
    get_script_run_ctx().script_requests.request_rerun(press)  # while the page is drawn
    {"end_page": end_page, "stop": st.stop}[how]()
    st.session_state["went_on"] = True


@pytest.mark.parametrize(("how", "drawn"), [("end_page", 2), ("stop", 1)])
def test_what_was_pressed_meanwhile_is_answered(how, drawn):
    """When Streamlit's own way does so too, ours can go."""
    app = AppTest.from_function(page, args=(how,)).run()
    assert not app.exception
    assert app.session_state["drawn"] == drawn
    assert "went_on" not in app.session_state
