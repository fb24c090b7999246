"""What a press has changed is brought into view, where a small screen has it further down."""

from __future__ import annotations

import json
from collections.abc import Sequence

import streamlit as st

_MOMENT = 150  # milliseconds
# At once, and again while what was drawn still moves to its place: ten times at most, and not once
# somebody does something else, as it would take that out of view.
_SCRIPT = """<script>(() => {{  // {occasion}
const wanted = {selectors}, where = {where};
const acted = new AbortController(), once = {{capture: true, passive: true, signal: acted.signal}};
for (const kind of ["pointerdown", "touchmove", "wheel", "keydown"])
  addEventListener(kind, () => acted.abort(), once);
const box = each => document.querySelector(each)?.getBoundingClientRect();
const seen = box => box?.height && box.top < innerHeight && box.bottom > 0;
const places = () => {{
  const page = box("[data-testid=stMain] > *");
  return wanted.map(each => Math.round(box(each)?.bottom - page?.top)).concat(page?.height).join();
}};
const look = (before, left) => setTimeout(() => {{
  if (acted.signal.aborted || (where && !seen(box(where)))) return acted.abort();
  const now = places();
  wanted.forEach(each => document.querySelector(each)?.scrollIntoView({{block: "nearest"}}));
  if (left && (now !== before || now.includes("NaN"))) look(now, left - 1);
  else acted.abort();
}}, {moment});
look(places(), 10);
}})()</script>"""


def bring_into_view(selectors: Sequence[str], occasion: object, where: str = "") -> None:
    """Scroll as far as needed. occasion: another one scrolls again.

    selectors: of elements, the last of which is seen whatever the room. where: of an element; who
    doesn't see any of it is left alone.
    """
    script = _SCRIPT.format(
        occasion=_literal(str(occasion)),
        selectors=_literal(selectors),
        where=_literal(where),
        moment=_MOMENT,
    )
    st.html(script, unsafe_allow_javascript=True)


def _literal(value: str | Sequence[str]) -> str:
    """Texts in a script; none can end the script that holds it."""
    return json.dumps(value).replace("<", "\\u003c")
