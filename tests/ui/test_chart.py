"""Charts on their way to the browser: numbers as Plotly reads them, and Plotly's script."""

import base64
import json
from pathlib import Path

import numpy as np
import plotly
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from ui.services.scripts import Scripts
from ui.show.plotly_json import to_json
from ui.show.plotly_script import packed_script, script_path
from ui.show.plotly_theme import template
from ui.show.theme import DARK, LIGHT, contrast


@pytest.mark.parametrize("kind", ["f8", "f4", "i4", "i2", "u1"])
def test_an_array_is_sent_as_its_bytes(kind):
    array = np.arange(6, dtype=kind).reshape(2, 3)
    (sent,) = json.loads(to_json({"z": array})).values()
    assert sent["dtype"] == kind and sent["shape"] == "2, 3"
    back = np.frombuffer(base64.b64decode(sent["bdata"]), sent["dtype"]).reshape(2, 3)
    assert (back == array).all()


def test_what_javascript_has_no_type_for_is_a_list():
    assert json.loads(to_json({"x": np.array([1, 2**40])})) == {"x": [1, 2**40]}
    assert json.loads(to_json({"x": [np.float32(0.5), np.int64(3), np.bool_(True)]})) == {
        "x": [0.5, 3, True]
    }


def test_what_is_no_number_is_a_gap():
    sent = to_json({"data": [{"y": [1.0, float("nan")], "range": (float("-inf"), 2)}]})
    assert json.loads(sent) == {"data": [{"y": [1.0, None], "range": [None, 2]}]}
    numbers = [np.float32("nan"), np.array([1, np.inf], "f2")]
    assert json.loads(to_json({"y": numbers})) == {"y": [None, [1.0, None]]}


@pytest.fixture
def client():
    there = Route("/{rest:path}", lambda request: PlainTextResponse("the app"))
    return TestClient(Starlette(routes=[there], middleware=[Middleware(Scripts)]))


@pytest.mark.parametrize("below", ["/", "/class/"])
def test_the_script_is_plotly_s_own(client, below):
    answer = client.get(below + script_path())
    own = Path(plotly.__path__[0]) / "package_data" / "plotly.min.js"
    assert answer.text == own.read_text(encoding="utf-8")
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert int(answer.headers["content-length"]) == len(packed_script()) < len(answer.content) / 3


@pytest.mark.parametrize("path", ["/", "/_plotly/", "/_plotly/0000000000000000.js", "/attention"])
def test_everything_else_is_the_app_s(client, path):
    assert client.get(path).text == "the app"


@pytest.mark.parametrize("colors", [LIGHT, DARK])
def test_letters_of_charts_can_be_read(colors):
    layout = template(colors)["layout"]
    ground = layout["paper_bgcolor"]
    fonts = [layout["font"], layout["xaxis"]["tickfont"], layout["yaxis"]["title"]["font"]]
    fonts += [layout["legend"]["font"], layout["hoverlabel"]["font"]]
    assert all(contrast(font["color"], ground) >= 4.5 for font in fonts)
    assert all(font["size"] >= 13 for font in fonts)
