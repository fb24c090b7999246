import json
import math
import subprocess
from itertools import pairwise

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.node import program
from ui.show.curves import Bar, Line, _figure, curves, decimate
from ui.show.theme import LIGHT, contrast


@settings(max_examples=50, deadline=None)
@given(length=st.integers(0, 6000), seed=st.integers(0, 99), limit=st.integers(6, 1000))
def test_decimation_keeps_few_points_all_real_and_every_extreme(length, seed, limit):
    y = np.random.default_rng(seed).standard_cauchy(length)
    x = np.arange(length) * 2
    few_x, few_y = decimate(x, y, limit)
    assert len(few_x) <= limit or length <= limit
    assert np.all(np.diff(few_x) > 0)
    assert np.array_equal(y[(few_x // 2).astype(int)], few_y)
    if length:
        assert few_x[0] == 0 and few_x[-1] == x[-1]
        assert few_y.max() == y.max() and few_y.min() == y.min()


def test_a_nan_at_the_end_stays_visible():
    y = np.r_[np.ones(5000), math.nan]
    assert math.isnan(decimate(np.arange(5001), y)[1][-1])


def test_a_long_curve_is_drawn_with_at_most_a_thousand_points():
    chart = growing(20_000)
    assert len(chart.data) <= 1000
    assert set(chart.data["line"]) == {"train"}
    *_, rule, _, name = chart.spec["layer"]
    assert rule["data"]["values"] == [{"y": 4.17, "label": "guessing · 4.17", "nth": 0}]
    assert name["encoding"]["text"]["field"] == "label"
    assert chart.spec["encoding"]["x"]["scale"]["domain"] == [0, 20_000]


def growing(count):
    steps = np.arange(count)
    return curves(
        [Line("train", steps, np.exp(-steps / 9000)), Line("validation", [], [])],
        bars=[Bar("guessing", 4.17)],
        x_title="steps",
        y_title="loss",
        x_max=20_000,
    )


def test_names_of_two_close_bars_stand_on_both_sides_of_them():
    bars = [Bar("first", 10.88), Bar("guessing", 7.62), Bar("pairs", 7.33), Bar("triples", 4.99)]
    places = names_at(bars, "(0 + 20 * (11 - y))")
    below = [place > 20 * (11 - bar.y) for place, bar in zip(places, bars, strict=True)]
    assert below == [False, False, True, False]


@settings(max_examples=30, deadline=None)
@given(
    ys=st.lists(st.floats(0.2, 12), min_size=1, max_size=5),
    height=st.integers(60, 500),
    log_y=st.booleans(),
)
@example([11.0, 10.58, 7.82, 7.2], 200, True)  # the bundled run's
def test_no_name_stands_on_another_or_on_a_line(ys, height, log_y):
    up = "Math.log(y / 0.1) / Math.log(120)" if log_y else "y / 12"
    bars = [Bar("", y) for y in sorted(ys, reverse=True)]
    places = names_at(bars, f"{height} * (1 - {up})")
    lines = [
        height * (1 - (math.log(bar.y / 0.1) / math.log(120) if log_y else bar.y / 12))
        for bar in bars
    ]
    assert all(b - a > 19.9 for a, b in pairwise(places))
    assert all(abs(place - line) > 9.9 for place in places for line in lines)
    assert places[0] < lines[0]


def names_at(bars, scale):
    """How far below the upper edge each name's middle stands, highest bar first, as Vega says.

    scale: what its y axis makes of a number y, in JavaScript.
    """
    spec = curves([Line("train", [], [])], bars=bars, x_title="", y_title="").spec
    names = next(each for each in spec["layer"] if each["mark"]["type"] == "text")
    expressions = "".join(f"const {p['name']} = {p['expr']};" for p in spec["params"])
    place = names["encoding"]["y"]["value"]["expr"]
    script = (
        f"const scale = (_, y) => {scale}, {{abs, max}} = Math; {expressions}"
        f"const all = {json.dumps(names['data']['values'])};"
        f"console.log(JSON.stringify(all.map((datum) => {place})))"
    )
    done = subprocess.run([program(), "-e", script], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_letters_can_be_read():
    """Streamlit's own grey has a contrast of 3.7 on white."""
    config = growing(0).spec["config"]
    named = [(kind, name) for kind in config for name in config[kind] if name.endswith("Color")]
    assert named == [("axis", "labelColor"), ("axis", "titleColor"), ("legend", "labelColor")]
    assert all(contrast(config[kind][name], LIGHT.background) >= 4.5 for kind, name in named)


def test_only_data_change_while_a_curve_grows():
    assert growing(0).spec == growing(10).spec == growing(5000).spec
    assert growing(0).data.dtypes.to_dict() == growing(10).data.dtypes.to_dict()


def test_no_layer_is_drawn_for_lines_that_are_not_there():
    """Vega-Lite says “Infinite extent” in the console for a layer whose filter lets nothing by."""
    kinds = [Line("plain", [0], [0]), Line("faint", [0], [0], faint=True)]
    kinds.append(Line("marked", [0], [0], markers=True))
    for lines in ([], kinds[:1], kinds[1:2], kinds[2:], kinds):
        layers = curves(lines, x_title="", y_title="").spec["layer"]
        filters = [layer["transform"][0]["filter"]["oneOf"] for layer in layers[:-1]]
        assert all(filters) or not lines
        assert {name for names in filters for name in names} == {line.name for line in lines}
        assert sum("zoom" in str(layer.get("params")) for layer in layers) == 1


def test_a_handout_draws_the_same_curves_and_takes_no_name_for_html():
    lines = [
        Line("<a href='x'>own</a>", [1], [2.0], color=0, markers=True),
        Line("batches", [0, 1], [3.0, 2.0], color=0, faint=True),
    ]
    chart = curves(
        lines, x_title="a < b", y_title="bits", bars=[Bar("<b>", 4)], x_max=9, from_zero=True
    )
    figure = _figure(chart, LIGHT)
    own, batches = figure["data"]
    assert own["name"] == "&lt;a href='x'&gt;own&lt;/a&gt;" and own["mode"] == "lines+markers"
    assert batches["line"]["color"] == own["line"]["color"]
    assert batches["opacity"] < 1 and "opacity" not in own and batches["mode"] == "lines"
    x, y = figure["layout"]["xaxis"], figure["layout"]["yaxis"]
    assert (x["range"], y["rangemode"]) == ([0, 9], "tozero")
    assert x["title"]["text"] == "a &lt; b"
    assert "<" not in figure["layout"]["shapes"][0]["label"]["text"]
