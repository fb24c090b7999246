"""Work that goes on behind a page, watched from it: one part of the page redraws itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import streamlit as st

T = TypeVar("T")


def watch(
    task: Callable[[], T],
    draw: Callable[[T], None],
    every: float | Callable[[T], float | None],
    page: Callable[[T], Any] = lambda now: None,
    name: str = "",
) -> None:
    """Draw a task, and draw it again by itself for as long as anything goes on.

    task() says how it is now. every: the seconds between two looks while it is `active`, or a
    function that gives them, and None when nothing is going to change. page: what else of it the
    rest of the page depends on. Once either is no longer as it was, the whole page runs again.

    A part of the page that was drawn earlier may be older than the first look. A task with a name,
    its own in this session, is compared with the last look of all, so that such a part isn't left.
    """

    def how(now: T) -> tuple[float | None, Any]:
        if callable(every):
            return every(now), page(now)
        return every if getattr(now, "active", False) else None, page(now)

    seen = st.session_state.setdefault("watched", {})  # by name, while they go on
    first = [task()]
    drawn = how(first[0])

    @wraps(draw)
    def look() -> None:
        now = first.pop() if first else task()
        state = how(now)
        last = seen.pop(name, drawn)
        if name and state[0] is not None:
            seen[name] = state
        if not state == last == drawn:
            st.rerun()
        draw(now)

    st.fragment(look, run_every=drawn[0])()


def progress(
    done: int,
    total: int,
    text: str,
    *,
    stop: Callable[..., None] | None,
    args: tuple[Any, ...],
    key: str,
) -> None:
    """How far a task is (nowhere while the total is 0), and its Stop, which calls stop(*args)."""
    left, right = st.columns([5, 1], vertical_alignment="center") if stop else (st, st)
    left.progress(min(1.0, done / total) if total else 0.0, text)
    if stop:
        # A callback, because a fragment can ask for its own rerun only where it runs alone.
        right.button("Stop", key=key, icon=":material/stop:", on_click=stop, args=args)
