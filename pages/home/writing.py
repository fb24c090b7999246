"""A prompt, and what a model wrote after it, which appears token by token."""

from __future__ import annotations

import html
from collections.abc import Sequence

import streamlit as st

# Tokens appear at once. Fading in, each would be a layer of its own, and each frame of the machine
# below took the browser half as long again.
_STYLE = """<style>
.wrote {white-space:pre-wrap; overflow-wrap:anywhere; font-size:1rem; line-height:1.5;
        height:15rem; overflow-y:auto; padding:.6rem .8rem; border-radius:.6rem;
        border:1px solid color-mix(in srgb, currentColor 22%, transparent)}
.wrote .prompt {opacity:.75}
.wrote b {font-weight:500; background:color-mix(in srgb, #8f62e6 22%, transparent);
          animation:appear 1ms both}
@keyframes appear {from {visibility:hidden}}
@media (prefers-reduced-motion:reduce) {.wrote b {animation:none}}
@media (max-width:700px) {.wrote {height:9.5rem}}
</style>"""
_PAUSE = 0.06  # seconds between two tokens
_PROMPT = 80  # characters of the prompt's end: what was written begins in view after them


def show_writing(prompt: str, tokens: Sequence[str]) -> None:
    """Draw both; the tokens are marked and come one after the other."""
    end = prompt if len(prompt) <= _PROMPT else "…" + prompt[-_PROMPT:]
    spans = "".join(
        f'<b style="animation-delay:{_PAUSE * place:.2f}s">{html.escape(token)}</b>'
        for place, token in enumerate(tokens, 1)
    )
    st.html(
        f'{_STYLE}<div class="wrote" tabindex="0"><span class="prompt">{html.escape(end)}</span>'
        f"{spans}</div>"
    )
