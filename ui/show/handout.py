"""Pictures as one HTML file that needs no server: for a class's board, or any free static page.

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
from ui.show.prose import html_of
from ui.show.sheet import STYLE as TABLES
from ui.show.theme import LIGHT, Palette, variables

OFF = "This is a handout: what needs the model is off."
AS_IT_STOOD = "Words and numbers are as they stood on the page."
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:"
)
_STYLE = """
:root { VARIABLES; --background: GROUND; --st-code-font: monospace;
        --st-font: system-ui, sans-serif }
body { font: 17px/1.5 system-ui, sans-serif; color: INK; background: GROUND; margin: 1.5rem auto;
       max-width: 80rem; padding: 0 1rem }
h1 { margin: 0 } header p { margin: .3rem 0; color: MUTED } header q { white-space: pre-wrap }
a { color: inherit; overflow-wrap: anywhere } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem }
.off { border-left: 4px solid MUTED; padding-left: .6rem }
.picture { overflow-x: auto } .shapelayer path { stroke-linecap: round }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .5rem } p, li { max-width: 46rem }
li > p { margin: .2rem 0 }
pre, code { background: color-mix(in srgb, INK 7%, GROUND); border-radius: .3rem }
code { padding: .05em .25em; overflow-wrap: anywhere }
pre { padding: .6rem .8rem; overflow-x: auto }
summary { cursor: pointer; font-weight: 600 } summary p { display: inline }
details { margin: .8rem 0; max-width: 100% } math { font-size: 1.1em }
figure { margin: .8rem 0; max-width: 46rem } figure math { display: block math; math-style: normal }
/* Small letters of small letters are no smaller. */
:is(msub, msup, msubsup) :is(msub, msup, msubsup) > * + * { math-depth: 1 }
.picture .table table { width: auto }
body > table { border-collapse: collapse } body > table :is(th, td) { padding: .25rem .7rem;
  text-align: left; border-bottom: 1px solid MUTED }
"""
# What draws one picture: `host` is its place. It is whole when each has said so.
_DRAWN = """
host.dataset.drawn = "yes";
if (!document.querySelector(".picture:not([data-drawn])")) document.body.dataset.drawn = "yes";
"""
# Plotly's script is 4.8 MB, compressed 1.5 MB, as text 2.0 MB; the browser unpacks it, once.
_UNPACK = """
window.plotly = (async () => {
  const packed = document.getElementById("plotly").textContent;
  const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.head.append(script);
})();
"""
_CHART = """
const figure = read("data");
const draw = () => {
  const { data, layout } = fitted(figure, host.clientWidth);
  return Plotly.react(host, data, layout,
                      { displaylogo: false, responsive: true, displayModeBar: false });
};
await window.plotly;
await draw();
addEventListener("resize", draw); // a phone is turned
"""
_DRAW = """
const root = host.attachShadow({ mode: "open" });
root.append(document.getElementById(`shape-${host.dataset.number}`).content);
const unpack = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const data = read("data"), answers = read("answers");
const drawing = draw(root, data.base64 ? unpack(data.base64) : data, (choice) => {
  const answer = answers[JSON.stringify(choice?.head)];
  if (answer) drawing.show(unpack(answer));
});
"""


@dataclass(frozen=True)
class About:
    """What stands over a picture: which lesson it is from, and what it was about.

    address: that opens it in the app again; empty if not known. date: as it is to be read. colors:
    those that the pictures are drawn in.
    """

    title: str
    prompt: str
    model: str
    date: str
    address: str = ""
    colors: Palette = LIGHT


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


@dataclass(frozen=True)
class Chart:
    """A chart of Plotly's, in the app's look. The script of all in a file takes 2 MB.

    script: a module that declares `fitted(figure, width)`, see letters.js of the component.
    """

    figure: Mapping[str, Any]
    script: str = "const fitted = (figure) => figure;"


@dataclass(frozen=True)
class Markup:
    """HTML that draws itself."""

    html: str


Picture = Drawing | Chart | Markup


def page_of(about: About, pictures: Mapping[str, tuple[str, Picture]], said: Any = None) -> str:
    """The whole file: pictures by their keys, each with what is said above it.

    said: the words around them in which they have their places, see `ui.show.prose`.
    """
    left = {key: _part(n, *named) for n, (key, named) in enumerate(pictures.items())}
    body = html_of(said, lambda key: left.pop(key, ""))
    body += "".join(left.values())
    if any(isinstance(picture, Chart) for _, picture in pictures.values()):
        script = base64.b64encode(packed_script()).decode()
        packed = f'<script type="text/plain" id="plotly">{script}</script>'
        body = f"{packed}<script>{_UNPACK}</script>{body}"
    return _page(about, body, bool(said))


def _part(number: int, title: str, picture: Picture) -> str:
    """What stands in the file for one picture."""
    heading = f"<h3>{html.escape(title[:1].upper() + title[1:])}</h3>" if title else ""
    if isinstance(picture, Markup):
        return f'{heading}<div class="picture" data-drawn="yes">{picture.html}</div>'
    place = f'{heading}<div class="picture" data-number="{number}"></div>'
    if isinstance(picture, Chart):
        return place + _chart(number, picture)
    return place + _drawing(number, picture)


def _drawing(number: int, drawing: Drawing) -> str:
    answers = {
        key: base64.b64encode(data).decode() for key, data in (drawing.answers or {}).items()
    }
    first: Any = drawing.data
    if isinstance(first, bytes):
        first = {"base64": base64.b64encode(first).decode()}
    style = drawing.css
    if drawing.off:
        style += f"\n{drawing.off} {{ opacity: .35; pointer-events: none }}"
    return (
        f'<template id="shape-{number}"><style>{style}</style>{drawing.html}</template>'
        f"{_json(f'data-{number}', first)}{_json(f'answers-{number}', answers)}"
        f"{_script(number, drawing.script, _DRAW)}"
    )


def _chart(number: int, chart: Chart) -> str:
    figure = _data(f"data-{number}", to_json(dict(chart.figure)))
    return figure + _script(number, chart.script, _CHART)


def _script(number: int, before: str, draw: str) -> str:
    """A module. before: what `draw` calls."""
    begin = (
        f"const host = document.querySelector('[data-number=\"{number}\"]');\n"
        "const read = (id) => JSON.parse("
        "document.getElementById(`${id}-${host.dataset.number}`).textContent);"
    )
    return f'<script type="module">{before}\n{{\n{begin}{draw}{_DRAWN}}}</script>'


def _page(about: About, body: str, has_words: bool) -> str:
    title, prompt, model = (html.escape(t) for t in (about.title, about.prompt, about.model))
    link = html.escape(about.address)
    again = f' <a href="{link}">{link}</a>' if link.startswith(("http://", "https://")) else ""
    words = f" {AS_IT_STOOD}" * has_words
    colors = about.colors
    style = TABLES.read_text(encoding="utf-8") + _STYLE
    style = style.replace("VARIABLES", variables(colors)).replace("INK", colors.text)
    style = style.replace("GROUND", colors.background).replace("MUTED", colors.muted)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{style}</style></head>"
        f"<body><header><h1>{title}</h1>"
        f"<p>Prompt: <q>{prompt}</q></p><p>Model: {model} · {html.escape(about.date)}</p>"
        f'<p class="off">{OFF}{words}{again}</p></header>{body}</body></html>'
    )


def _json(name: str, data: Any) -> str:
    return _data(name, json.dumps(data, default=_plain))


def _data(name: str, text: str) -> str:
    """JSON inside of a page; no text in it can end the script that holds it."""
    text = text.replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>'


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else list(value)
