"""Widgets in the address: their values stay inside the limits, whoever wrote them."""

import ast
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from ui.app.widgets import Numbers, Options, Switch, Text

PROJECT = Path(__file__).parents[2]

anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=60),
    st.lists(st.integers(), max_size=3),
    st.just(10**400),
)


@st.composite
def whole_numbers(draw):
    low, high = sorted((draw(st.integers(-(10**6), 10**6)), draw(st.integers(-(10**6), 10**6))))
    return Numbers(low, high, draw(st.integers()))


@st.composite
def fractions(draw):
    numbers = st.floats(-1e6, 1e6)
    low, high = sorted((draw(numbers), draw(numbers)))
    step = draw(st.none() | st.sampled_from([0.01, 0.05, 0.5]))
    return Numbers(low, high, draw(numbers), step)


@st.composite
def options(draw):
    if draw(st.booleans()):
        many = range(draw(st.integers(1, 50)))
        return Options(
            many, draw(st.sampled_from(many)), draw(st.sampled_from([str, "×{}".format]))
        )
    many = draw(st.lists(st.text(min_size=1), min_size=1, unique=True))
    return Options(many, draw(st.sampled_from([None, *many])), str)


def allowed(values, value):
    if isinstance(values, Numbers):
        return values.low <= value <= values.high and type(value) is type(values.low)
    if isinstance(values, Options):
        return value in values.options or value is values.default
    if isinstance(values, Switch):
        return isinstance(value, bool)
    return isinstance(value, str) and len(value) <= values.longest


every_kind = st.one_of(
    whole_numbers(),
    fractions(),
    options(),
    st.builds(Switch, st.booleans()),
    st.builds(Text, st.text(), st.integers(1, 50)),
)


@given(every_kind, anything, st.text())
def test_whatever_comes_becomes_an_allowed_value(values, value, text):
    assert allowed(values, values.fit(value))
    assert allowed(values, values.read(text))
    assert allowed(values, values.read(str(value)))


@given(every_kind, anything)
def test_an_allowed_value_stays_and_the_address_says_it_without_loss(values, value):
    value = values.fit(value)
    assert values.fit(value) == value
    if value is not None:  # the address says nothing of what is not chosen
        assert values.read(values.write(value)) == value


@given(whole_numbers(), st.integers())
def test_of_numbers_the_nearest_is_taken(values, value):
    fitted = values.fit(value)
    assert abs(value - fitted) == min(
        abs(value - bound) for bound in (values.low, values.high, fitted)
    )
    assert (fitted == value) == (values.low <= value <= values.high)


@pytest.mark.parametrize("text", ["1e309", "-1e309", "nan", "inf", "", "9" * 5000, "0x10", "1,5"])
def test_what_is_no_number_means_the_default(text):
    assert Numbers(0, 9999, 1337).read(text) == 1337
    assert math.isclose(Numbers(0.0, 2.0, 0.7).read(text), 0.7)


@pytest.mark.parametrize(("text", "value"), [("1e-320", 0.0), ("0.72", 0.7), ("0.69", 0.7)])
def test_a_slider_rests_on_its_steps(text, value):
    assert Numbers(0.0, 2.0, 0.7, 0.05).read(text) == value


def test_the_end_of_a_slider_can_be_reached_even_between_two_steps():
    assert [Numbers(20, 50, 25, 20).read(text) for text in ("50", "25", "45")] == [50, 25, 40]


def test_a_place_beyond_the_end_is_the_last_one_and_an_option_that_is_gone_the_default():
    assert Options(range(4), 0, str).read("99") == 3
    assert Options(range(4), 0, str).fit(7) == 3
    assert Options(["a", "b"], "b", str).fit("c") == "b"


# ---- In an app ----


def app_with(script):
    return AppTest.from_string("import streamlit as st\nfrom ui.app import widgets\n" + script)


PLACES = """
count = st.number_input("count", 1, 50, 10, key="count")
widgets.slider("Upto", 0, count, min(6, count), key="upto")
widgets.select_slider("Place", range(count), count - 1, key="place")
"""


def slider(app, key):
    (found,) = [each for each in (*app.slider, *app.select_slider) if each.key == key]
    return found


def values(app):
    return {each.key: each.value for each in (*app.slider, *app.select_slider)}


def grow_to(app, count):
    app.number_input(key="count").set_value(count).run()
    assert not app.exception
    return values(app)


def test_what_nobody_touched_follows_its_default():
    app = app_with(PLACES).run()
    assert values(app) == {"upto": 6, "place": 9}
    assert grow_to(app, 3) == {"upto": 3, "place": 2}
    assert grow_to(app, 50) == {"upto": 6, "place": 49}
    assert grow_to(app, 1) == {"upto": 1}  # with one place there is nothing to choose
    assert grow_to(app, 50) == {"upto": 6, "place": 49}


def test_what_was_chosen_is_kept_as_far_as_it_goes_and_comes_back():
    app = app_with(PLACES).run()
    slider(app, "upto").set_value(8)
    slider(app, "place").set_value(7).run()
    assert values(app) == {"upto": 8, "place": 7}
    assert grow_to(app, 4) == {"upto": 4, "place": 3}
    assert grow_to(app, 1) == {"upto": 1}
    assert grow_to(app, 20) == {"upto": 8, "place": 7}
    slider(app, "place").set_value(19).run()  # the last: the default again
    assert grow_to(app, 30)["place"] == 29


def test_a_browser_that_has_not_heard_of_the_new_place_yet_chooses_nothing():
    edit = "\nst.session_state['study_request'] = count\n"  # as the bar does
    app = app_with(PLACES.replace('key="count")\n', f'key="count"){edit}')).run()
    assert grow_to(app, 11)["place"] == 10
    # The prompt is edited quickly: what comes along is the place of the last edit but one.
    slider(app, "place").set_value(9)
    assert grow_to(app, 12)["place"] == 11
    slider(app, "place").set_value(10)
    assert grow_to(app, 13)["place"] == 12
    slider(app, "place").set_value(10).run()  # while the prompt stays it is a choice
    assert values(app)["place"] == 10
    assert grow_to(app, 14)["place"] == 10
    slider(app, "place").set_value(12)
    assert grow_to(app, 9)["place"] == 8
    assert grow_to(app, 14)["place"] == 10


def test_a_value_is_not_lost_in_the_rerun_that_changes_its_limits():
    app = app_with(PLACES).run()
    slider(app, "upto").set_value(2).run()
    assert grow_to(app, 11)["upto"] == 2
    assert grow_to(app, 12)["upto"] == 2


def test_code_may_choose_and_the_address_says_so():
    app = app_with(
        "st.button('five', on_click=lambda: st.session_state.update(place=5))" + PLACES
    ).run()
    app.button[0].click().run()
    assert values(app)["place"] == 5
    assert app.query_params["place"] == "5"
    assert grow_to(app, 3)["place"] == 2
    assert "place" not in app.query_params  # the last one is the default
    assert grow_to(app, 9)["place"] == 5
    assert app.query_params["place"] == "5"


def test_the_address_is_corrected_to_what_is_shown():
    app = app_with(PLACES)
    app.query_params.update({"upto": "1e309", "place": "4000", "other": "stays"})
    app.run()
    assert not app.exception
    assert values(app) == {"upto": 6, "place": 9}
    assert dict(app.query_params) == {"other": "stays"}


def test_the_address_says_what_was_chosen_even_if_the_browser_forgot_to():
    app = app_with(PLACES).run()
    slider(app, "place").set_value(7).run()
    assert app.query_params["place"] == "7"
    slider(app, "place").set_value(9).run()  # the last: the default again
    assert "place" not in app.query_params


def test_options_that_are_gone_give_way_to_the_default():
    app = app_with(
        """
options = ["a", "b", "c"][: st.number_input("count", 1, 3, 3, key="count")]
widgets.selectbox("Box", options, key="box")
widgets.segmented_control("Bar", options, "a", key="bar")
"""
    ).run()
    app.selectbox(key="box").set_value("c")
    app.button_group(key="bar").set_value("c").run()
    assert app.session_state["box"] == app.session_state["bar"] == "c"
    app.number_input(key="count").set_value(1).run()
    assert not app.exception
    assert app.session_state["box"] == app.session_state["bar"] == "a"
    app.number_input(key="count").set_value(3).run()
    assert app.session_state["box"] == app.session_state["bar"] == "c"


# ---- One place for each ----


def sources():
    return [
        file for folder in ("course", "ui", "pages") for file in (PROJECT / folder).rglob("*.py")
    ]


def owners(source):
    """What of these two rules the source would break: "bind" and "query_params"."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.keyword) and node.arg == "bind":
            yield "bind"
        if isinstance(node, ast.Attribute) and node.attr in ("query_params", "query_string"):
            yield "query_params"
        if isinstance(node, ast.Constant) and node.value == "query-params":
            yield "bind"
        if isinstance(node, ast.ImportFrom) and any("query_params" in a.name for a in node.names):
            yield "query_params"


@pytest.mark.parametrize(
    ("rule", "owner"), [("bind", "ui/app/widgets.py"), ("query_params", "ui/app/address.py")]
)
def test_widgets_and_the_address_have_one_owner_each(rule, owner):
    found = {str(p.relative_to(PROJECT)) for p in sources() if rule in owners(p.read_text("utf-8"))}
    assert found == {owner}


def test_the_rule_would_see_a_second_owner():
    assert set(owners("st.slider('x', key='x', bind='query-params')")) == {"bind"}
    assert set(owners("st.toggle('x', **{'bind': 'query-params'})")) == {"bind"}
    assert set(owners("st.query_params.get('x')")) == {"query_params"}
    assert set(owners("from streamlit import query_params")) == {"query_params"}
    assert not set(owners("st.switch_page('x', query_params={'a': 'b'})"))


def test_a_line_of_text_marks_its_breaks_which_a_browser_would_drop():
    line = Text("", 9)
    assert line.read("a\nb\r\nc\rd") == "a⏎b⏎c⏎d"
    assert line.fit("a\nb") == "a⏎b"
