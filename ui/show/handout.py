"""A picture as one HTML file that needs no server: for a class's board, or any free static page.

The file asks nobody for anything: a content security policy in it forbids every request.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ui.show.plotly_json import to_json
from ui.show.plotly_script import packed_script

OFF = "This is a handout: what needs the model is off."
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:"
)
_STYLE = """
:root { --st-text-color: #1c1b22; --st-background-color: #ffffff; --st-primary-color: #3b4a63;
        --st-secondary-background-color: #f4f3f8; --st-code-font: monospace }
body { font: 17px/1.5 system-ui, sans-serif; color: #1c1b22; background: #fff; margin: 1.5rem auto;
       max-width: 80rem; padding: 0 1rem }
h1 { margin: 0 } header p { margin: .3rem 0; color: #54515f } header q { white-space: pre-wrap }
.off { border-left: 4px solid #3b4a63; padding-left: .6rem }
"""
# Plotly's script is 4.8 MB, compressed 1.5 MB, as text 2.0 MB; the browser unpacks it.
_UNPACK = """
const packed = document.getElementById("plotly").textContent;
const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
const script = document.createElement("script");
script.textContent = await new Response(stream).text();
document.head.append(script);
const figure = JSON.parse(document.getElementById("figure").textContent);
await Plotly.newPlot("picture", figure.data, figure.layout,
                     { displaylogo: false, responsive: true, displayModeBar: false });
document.body.dataset.drawn = "yes";
"""


@dataclass(frozen=True)
class About:
    """What stands over a picture: which lesson it is from, and what it was about.

    address: that opens it in the app again; empty if not known. date: as it is to be read.
    """

    title: str
    prompt: str
    model: str
    date: str
    address: str = ""


@dataclass(frozen=True)
class Drawing:
    """A picture with JavaScript of its own.

    html, css: of its component. script: a module that declares `draw(root, data, send)`. data: what
    it draws first. answers: other data, by the JSON text of what `send` is told of the head that
    was chosen. off: a selector of what needs the model.
    """

    html: str
    css: str
    script: str
    data: bytes | Mapping[str, Any]
    answers: Mapping[str, bytes] | None = None
    off: str = ""


def page_of_drawing(about: About, drawing: Drawing) -> str:
    """The whole file."""
    answers = {
        key: base64.b64encode(data).decode() for key, data in (drawing.answers or {}).items()
    }
    first: Any = drawing.data
    if isinstance(first, bytes):
        first = {"base64": base64.b64encode(first).decode()}
    style = drawing.css
    if drawing.off:
        style += f"\n{drawing.off} {{ opacity: .35; pointer-events: none }}"
    body = (
        f'<style>{style}</style><div id="picture">{drawing.html}</div>'
        f"{_json('data', first)}{_json('answers', answers)}"
        f'<script type="module">{drawing.script}\n{_DRAW}</script>'
    )
    return _page(about, body)


def page_of_figure(about: About, figure: Mapping[str, Any]) -> str:
    """The whole file of a chart of Plotly's: about 2 MB, whatever it shows."""
    script = base64.b64encode(packed_script()).decode()
    body = (
        f'<div id="picture"></div>{_data("figure", to_json(dict(figure)))}'
        f'<script type="text/plain" id="plotly">{script}</script>'
        f'<script type="module">{_UNPACK}</script>'
    )
    return _page(about, body)


_DRAW = """
const unpack = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const data = read("data"), answers = read("answers");
const drawing = draw(document.getElementById("picture"), data.base64 ? unpack(data.base64) : data,
  (choice) => {
    const answer = answers[JSON.stringify(choice?.head)];
    if (answer) drawing.show(unpack(answer));
  });
document.body.dataset.drawn = "yes";
"""


def _page(about: About, body: str) -> str:
    title, prompt, model = (html.escape(t) for t in (about.title, about.prompt, about.model))
    link = html.escape(about.address)
    again = f' <a href="{link}">{link}</a>' if link.startswith(("http://", "https://")) else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><header><h1>{title}</h1>"
        f"<p>Prompt: <q>{prompt}</q></p><p>Model: {model} · {html.escape(about.date)}</p>"
        f'<p class="off">{OFF}{again}</p></header>{body}</body></html>'
    )


def _json(name: str, data: Any) -> str:
    return _data(name, json.dumps(data, default=_plain))


def _data(name: str, text: str) -> str:
    """JSON inside of a page; no text in it can end the script that holds it."""
    text = text.replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>'


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else list(value)
