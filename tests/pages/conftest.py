"""Lessons run without a browser: Streamlit's AppTest, through the main script as on a server."""

import json
from copy import deepcopy
from functools import cache

import plotly.graph_objects as go
import pytest
import torch
from _plotly_utils.utils import convert_to_base64
from plotly.io import to_json
from streamlit.components.v2 import manifest_scanner

from tests.helpers import app_at, write_run
from ui.components import chart

# Each AppTest reads the metadata of every package that is installed: most of its time.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)

torch.set_num_threads(1)  # tests run side by side

# The name of the run that a test's own small model comes from.
OWN = "0000000a"


@pytest.fixture(autouse=True)
def whole_reruns(monkeypatch):
    """An edited prompt reruns the page as a whole."""
    # After a rerun of fragments AppTest knows those alone; tests/ui/test_parts.py is about them.
    monkeypatch.setattr("ui.app.study_bar.redraw_parts", lambda: None)


@pytest.fixture(autouse=True)
def checked_figures(monkeypatch):
    """Every figure is one that Plotly itself would send without changing a thing."""
    send, sent, checked = chart.as_sent, [], []

    def as_sent(figure):
        figure = send(figure)
        for to, each in (
            (sent, deepcopy(figure)),
            (checked, go.Figure(deepcopy(figure)).to_dict()),
        ):
            convert_to_base64(each)
            to.append(json.loads(to_json(each, validate=False)))
        return figure

    monkeypatch.setattr(chart, "as_sent", as_sent)
    yield
    assert sent == checked


@pytest.fixture
def open_lesson(tmp_path, monkeypatch):
    """open_lesson("data", prompt="…") runs that page; it has to show no exception.

    Its model is the bundled one, or with design={…} a small random one, in a run named OWN.
    """
    monkeypatch.setenv("GPT_RUNS", str(tmp_path))

    def open_(name: str, prompt: str | None = None, design: dict | None = None, **state):
        if design is not None:
            write_run(tmp_path, OWN, **design)
            state["model"] = OWN
        app = app_at(name)
        for key, value in state.items():
            app.session_state[key] = value
        app.run()
        if prompt is not None:
            app.text_input(key="prompt").set_value(prompt).run()
        assert not app.exception
        return app

    return open_


@pytest.fixture
def open_at(tmp_path, monkeypatch):
    """As open_lesson, but by a link: open_at("heads", {"n_layer": 1}, prompt="…", head="1.0")."""
    monkeypatch.setenv("GPT_RUNS", str(tmp_path))

    def open_(name: str, own: dict | None = None, /, **query):
        design = query.get("design")  # also the key of a widget, with a text
        own = query.pop("design") if isinstance(design, dict) else own
        if own is not None:
            write_run(tmp_path, OWN, **own)
            query["model"] = OWN
        app = app_at(name)
        app.query_params.update(query)
        app.run()
        assert not app.exception, app.exception
        return app

    return open_
