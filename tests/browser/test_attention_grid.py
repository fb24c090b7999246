"""The grid of heads that lessons share, on a page of its own: scrubbing, locking, differences."""

import json

import pytest

from benchmarks.app_process import PROJECT, start_app, stop_app
from tests.browser.conftest import settled

# At step s each token gives s tenths to the one before it and the rest to itself.
PAGE = """
import numpy as np
import streamlit as st
from ui.components.attention_map import attention_grid, selected

def told():
    st.session_state.told = selected("grid").head

@st.fragment
def scrub():
    step = st.slider("step", 0, 9, 2, key="step")
    share = step / 10
    own, before = np.eye(5), np.eye(5, k=-1)
    pattern = np.tile((1 - share) * own + share * before, (2, 3, 1, 1))
    pattern[..., 0, 0] = 1
    signed = st.toggle("difference", key="signed")
    attention_grid(
        pattern - own if signed else pattern,
        list("abcde"),
        key="grid",
        signed=signed,
        badges={(1, 2): "previous"},
        name=f"step {step}",
        on_select=told,
    )
    st.text(f"told {st.session_state.get('told')}")

scrub()
"""


APP = """
import streamlit as st
from starlette.middleware import Middleware
from ui.services.scripts import Scripts

app = st.App("page.py", middleware=[Middleware(Scripts)])
"""


@pytest.fixture(scope="module")
def grid_url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("grid")
    script = folder / "app.py"
    script.write_text(APP)
    (folder / "page.py").write_text(PAGE)
    app, url = start_app(folder, folder / "log", script, PYTHONPATH=str(PROJECT))
    yield url
    stop_app(app)


def painted(page, name):
    page.wait_for_selector(f".map[data-painted={json.dumps(name)}]")


def data(page, selector):
    return page.locator(selector).evaluate("node => ({...node.dataset})")


def pixels(page):
    return page.locator(".cells").evaluate("canvas => canvas.toDataURL()")


def test_scrubbing_repaints_in_place(page, grid_url):
    page.goto(grid_url)
    painted(page, "step 2")
    page.locator(".map").evaluate("node => { node.dataset.same = 'yes' }")
    page.get_by_role("gridcell", name="Layer 1, head 2, previous").click()
    page.wait_for_selector("text=told (1, 2)")
    assert data(page, ".readout") == {"cell": "4.4", "weight": str(204 / 255)}
    before = pixels(page)
    page.get_by_role("slider").focus()
    for step in (3, 4):
        page.keyboard.press("ArrowRight")
        painted(page, f"step {step}")
    assert data(page, ".map")["same"] == "yes"
    assert page.locator(".name").inner_text() == "Layer 1 · head 2 · previous"
    assert data(page, ".readout")["weight"] == str(153 / 255)
    assert pixels(page) != before


def test_a_grid_needs_no_pointer_and_shows_no_arithmetic(page, grid_url):
    page.goto(grid_url)
    painted(page, "step 2")
    page.get_by_role("gridcell", name="Layer 0, head 0").focus()
    for key in ("ArrowDown", "ArrowRight", "x", "Enter"):
        page.keyboard.press(key)
    page.wait_for_selector("text=told (1, 1)")
    page.keyboard.press("Tab")  # straight to the large picture: nothing can be switched off
    page.keyboard.press("ArrowLeft")
    assert page.locator(".readout").inner_text() == "e4 looks at d3 → weight 0.20"
    assert not page.locator(".arithmetic").is_visible()
    assert page.get_by_role("switch", name="Switch off").count() == 0


def test_a_difference_has_a_sign(page, grid_url):
    page.goto(grid_url)
    painted(page, "step 2")
    page.locator("label", has_text="difference").click()
    page.wait_for_selector(".legend >> text=−1")
    settled(page)
    corner = "c => [...c.getContext('2d').getImageData(0, 0, 1, 1).data.slice(0, 3)]"
    assert page.locator(".cells").evaluate(corner) == [255, 255, 255]  # no difference
    assert page.locator(".readout").inner_text() == "e4 looks at d3 → difference +0.20"
    page.get_by_text("Read this head as a table").click()
    last = page.locator(".table tbody tr").last.inner_text()
    assert "e at 4: −0.20" in last and "d at 3: +0.20" in last
