"""Every component drawn without a server, by its `draw` alone, and closed again."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from gpt_core.interpret.attention import AttentionTrace
from gpt_core.interpret.machine import KEPT, look
from gpt_core.interpret.snapshots import Snapshot, SnapshotView
from gpt_core.model.config import GPTConfig
from gpt_core.model.recording import run
from gpt_core.tokenizers import CharTokenizer
from tests.helpers import tiny_model
from ui.components import attention_map, block_diagram, film, machine
from ui.components.bundle import bundle, read

COMPONENTS = Path(attention_map.__file__).parents[1]
PATTERN = np.tril(np.full((2, 2, 3, 3), 0.5, dtype=np.float32))

# Draw, and know of everything that is left open: observers, listeners, what is running.
DRAW = """
async ({ script, data, bytes }) => {
  const page = { sent: [], observers: new Set(), signals: [], intervals: new Set() };
  Object.assign(globalThis, { kept: page });
  // A link of a closed drawing leads where any link would.
  document.addEventListener("click", (event) => event.preventDefault());
  const { ResizeObserver, setInterval, clearInterval } = window;
  window.ResizeObserver = class extends ResizeObserver {
    observe(node) { page.observers.add(this); super.observe(node); }
    disconnect() { page.observers.delete(this); super.disconnect(); }
  };
  window.setInterval = (...given) => {
    const made = setInterval(...given);
    page.intervals.add(made);
    return made;
  };
  window.clearInterval = (made) => { page.intervals.delete(made); clearInterval(made); };
  const listen = Node.prototype.addEventListener;
  Node.prototype.addEventListener = function (type, listener, options) {
    page.signals.push(options?.signal);
    return listen.call(this, type, listener, options);
  };
  const module = new Blob([script], { type: "text/javascript" });
  const { draw } = await import(URL.createObjectURL(module));
  const read = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const root = document.querySelector("#root");
  page.draw = () => draw(root, bytes ? read(bytes) : data, (choice) => page.sent.push(choice));
  page.drawing = page.draw();
}
"""
OPEN = """() => ({
  observers: kept.observers.size,
  listeners: kept.signals.filter((signal) => !signal?.aborted).length,
  intervals: kept.intervals.size,
})"""


def heads():
    q, small = torch.ones(2, 2, 3, 4), attention_map.pack_small(PATTERN, causal=True)
    trace = AttentionTrace(q, q, q, torch.tensor(PATTERN), torch.zeros(3, 5), (1, 2, 3))
    selection = attention_map.Selection()
    return attention_map.pack(trace, small, torch.ones(3), True, "abc", selection, None, "drawn")


def frames():
    curve = [(0, 8.0), (2, 7.0)]
    stage = film.Stage(
        *(list("abc"), "abc", True, curve, curve, ["said"] * 3, [7.5] * 3),
        *(["last"], "title", "words", False, "roles"),
    )
    tokenizer = CharTokenizer.train("x")
    written = tuple(tokenizer.encode("x"))
    guesses = ((written[0], 0.5),) * 3
    views = [
        SnapshotView(Snapshot(step, False, ""), PATTERN, (1.0,), (1.0,), guesses, {}, written)
        for step in range(3)
    ]
    return film.pack_film("drawn", stage, views, tokenizer, 0, (0, 0), follow=False)


def diagram():
    config = GPTConfig(vocab_size=10, n_layer=6)
    page = {"file": "residual", "path": "residual", "title": "The stream"}
    return {
        "name": "drawn",
        "title": "title",
        "parts": block_diagram._plain_parts(config),
        "hidden": block_diagram.hidden_layers(config, None),
        "numbers": None,
        "unit": "",
        "highlight": None,
        "pages": {"stream": page, "mlp": page},
    }


def whole_machine():
    steps = [machine.Step("tokens", None, "said")]
    guesses = {"best": "xyz", "likely": [("x", 0.5)]}
    shown = machine.Shown("drawn", "abc", 3, 3, "pre", steps=steps, pages={}, **guesses)
    model = tiny_model(n_layer=2)
    return machine.pack_machine(look(model, run(model, (1, 2, 3), *KEPT)), shown, None)


COLUMNS = [{"text": text, "place": place} for place, text in enumerate("ab")]
LENS = {
    "name": "drawn",
    "rows": ["embedding", "after layer 0"],
    "columns": COLUMNS,
    "best": [[[["x", 0.5]]] * 2] * 2,
    "ranks": [[[3, 0.25]] * 2] * 2,
    "chosen": 1,
}
PATCH = {
    "name": "drawn",
    "rows": ["layer 0"],
    "columns": [{"source": "a", "into": "b", "place": place, "differs": True} for place in (0, 1)],
    "differ": [[0.5, 1.0]],
    "moved": None,
    "chosen": [0, 0],
    "outcome": {"said": "said", "names": ["A", "B"], "tokens": [["x", 0.5, 0.25]]},
}
BARS = {"rows": [["x", 0.5, 0.6]], "rest": [2, 0.5, 0.4], "drawn": 0, "rank": 1, "kept": 3}
TEXT = {
    "id": "drawn",
    "prompt": ["a"],
    "texts": ["x", "y"],
    "bits": [1.0, 2.0],
    "drawn": [BARS, BARS],
    "live": False,
    "vocabulary": 3,
    "hint": "hint",
}

ENTRIES = [
    {"name": name, "path": name, "label": name, "icon": "home", "visited": False} for name in "ab"
]
MENU = {"groups": [{"heading": "Start", "entries": ENTRIES}], "here": "a"}

MAP = read(COMPONENTS / "attention_map/map.html")
# Folder, HTML, data, what to click, what is sent then (None: nothing).
CASES = {
    "attention_map": (MAP, heads, ".head >> nth=3", {"head": [1, 1], "off": [], "cell": None}),
    "film": (
        read(COMPONENTS / "film/film.html").replace("<!-- map -->", MAP),
        frames,
        ".head >> nth=3",
        {"step": 0, "head": [1, 1], "off": [], "cell": None, "follow": False},
    ),
    "block_diagram": (
        read(COMPONENTS / "block_diagram/diagram.html"),
        diagram,
        "a[aria-label^='MLP of layer 0']",
        "residual",
    ),
    "course_menu": (
        read(COMPONENTS / "course_menu/course_menu.html"),
        lambda: MENU,
        "a >> nth=1",
        "b",
    ),
    "stream_grids/lens": (
        read(COMPONENTS / "stream_grids/lens/lens.html"),
        lambda: LENS,
        "[data-row='1'][data-column='0']",
        0,
    ),
    "stream_grids/patch": (
        read(COMPONENTS / "stream_grids/patch/patch.html"),
        lambda: PATCH,
        ".into [data-column='1']",
        [0, 1],
    ),
    "machine": (
        read(COMPONENTS / "machine/machine.html"),
        whole_machine,
        ".next",
        {"what": "next", "at": "drawn"},
    ),
    "writing/next": (
        read(COMPONENTS / "writing/next/next.html"),
        lambda: BARS,
        "li >> nth=0",
        None,
    ),
    "writing/text": (
        read(COMPONENTS / "writing/text/text.html"),
        lambda: TEXT,
        "[role=option] >> nth=0",
        None,
    ),
}


# These draw nothing: they act on the page around them, and other tests use them there.
ON_THE_PAGE = (
    *("chart", "class_link", "copied_link", "full_screen", "page_frame", "page_prose"),
    *("prompt_editor", "visitor"),
)


@pytest.fixture
def drawn(page, tmp_path):
    """Draw a component on a page that is a file."""

    def draw(folder):
        html, make, *_ = CASES[folder]
        place = COMPONENTS / folder
        styles = read(*place.parent.glob("*.css"), *place.glob("*.css"))
        file = tmp_path / "drawing.html"
        file.write_text(f"<style>{styles}</style><div id=root>{html}</div>", encoding="utf-8")
        page.goto(file.as_uri())
        data = make()
        sent = (
            {"bytes": base64.b64encode(data).decode()}
            if isinstance(data, bytes)
            else {"data": data}
        )
        script = bundle(place / "draw.js")
        page.evaluate(DRAW, {"script": script, **sent})
        return page

    return draw


def test_every_component_is_here():
    folders = {path.parent for path in COMPONENTS.rglob("mount.js")}
    assert {COMPONENTS / folder for folder in (*CASES, *ON_THE_PAGE)} == folders


@pytest.mark.parametrize("folder", CASES)
def test_it_draws_and_closes(drawn, folder):
    *_, target, choice = CASES[folder]
    page = drawn(folder)
    page.locator(target).click()
    wanted = [] if choice is None else [choice]
    page.wait_for_function(f"() => JSON.stringify(kept.sent) === {json.dumps(_dense(wanted))}")
    page.evaluate("() => kept.drawing.close()")
    assert page.evaluate(OPEN) == {"observers": 0, "listeners": 0, "intervals": 0}
    page.locator(target).click()
    page.wait_for_timeout(500)  # longer than any choice is held back
    assert page.evaluate("() => kept.sent") == wanted
    page.evaluate("() => { kept.sent = []; kept.drawing = kept.draw(); }")
    page.locator(target).click()
    page.wait_for_function(f"() => JSON.stringify(kept.sent) === {json.dumps(_dense(wanted))}")


def test_a_film_that_plays_stops_when_it_is_closed(drawn):
    page = drawn("film")
    opened = page.evaluate(OPEN)
    assert opened["observers"] == 2  # the film's and the pictures'
    page.locator(".play").click()
    assert page.evaluate(OPEN)["intervals"] == 1
    page.evaluate("() => kept.drawing.close()")
    assert page.evaluate(OPEN) == {"observers": 0, "listeners": 0, "intervals": 0}
    # A slow machine may have drawn a frame before it was closed; what counts is what comes after.
    closed = page.locator(".scrub input").input_value(), page.evaluate("() => kept.sent")
    page.wait_for_timeout(1200)  # more than a frame takes
    assert (page.locator(".scrub input").input_value(), page.evaluate("() => kept.sent")) == closed


def _dense(value):
    return json.dumps(value, separators=(",", ":"))
