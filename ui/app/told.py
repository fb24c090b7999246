"""What the app puts into a widget by itself, and a browser that doesn't know of it yet.

With each of its messages a browser sends the values of all widgets. One that was on its way before
the browser was told another value brings the old one back, and would undo what the app has done.
So each message says as of when it is: in a box that nobody sees stands the number of the last
telling, and the browser puts that there as it puts the other values, after them. (So who presses
while the page is still being drawn, and chooses what stood there just before, has to press again.)

Where a telling and a visitor's press cross, the later one counts, as the app sees it: the press.
The telling arrives at a browser that shows the press, and replaces it there; so the app tells it
the press as well. Then what a page shows, what its address says and what the app has are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import streamlit as st

HEARD = "heard"  # the box, and the part of the page that it is
_TOLD, _NUMBER, _LEFT = "told_values", "told_number", "told_left"
_BEFORE = 20  # values that a browser may still have of one widget
_LONGEST = 9  # digits of a number that somebody may forge


@dataclass(frozen=True, slots=True)
class _Told:
    """A value that the app has put into a widget.

    before: values that it has replaced, each with the number of the telling that did. A browser
    that has heard of that one doesn't have the value any more: then its visitor has chosen it.
    """

    number: int
    value: Any
    before: tuple[tuple[int, Any], ...]


def tell(key: str, value: Any) -> None:
    """From now on the widget with this key has this value; before it is drawn, or in a callback."""
    state = st.session_state
    told: dict[str, _Told] = state.setdefault(_TOLD, {})
    begin_telling()
    earlier = told[key].before if key in told else ()
    left = state.setdefault(_LEFT, {})
    now = [(state[_NUMBER], place[key]) for place in (left, state) if key in place]
    left.pop(key, None)
    told[key] = _Told(state[_NUMBER], value, (*now, *earlier)[:_BEFORE])
    state[key] = value


def begin_telling() -> int:
    """The browser is about to be told something, maybe of no widget. The telling's number."""
    st.session_state[_NUMBER] = st.session_state.get(_NUMBER, 0) + 1
    return int(st.session_state[_NUMBER])


def has_heard(number: int) -> bool:
    """Whether the browser knew of this telling when it sent the message that is answered now."""
    return _heard() >= number


def leave(keys: Iterable[str]) -> None:
    """Forget what these widgets show; they may be drawn again, and told something else."""
    state = st.session_state
    for key in keys:
        if key in state:
            state.setdefault(_LEFT, {})[key] = state[key]
            del state[key]


def keep_told(key: str) -> bool:
    """Undo what a message has brought back that didn't know what was told. Whether it had any.

    What somebody has chosen without knowing it counts, and is told in its place.
    """
    state = st.session_state
    told: _Told | None = state.get(_TOLD, {}).get(key)
    heard = _heard()
    if told is None or told.number <= heard or key not in state or state[key] == told.value:
        return False
    if state[key] not in [value for number, value in told.before if number > heard]:
        tell(key, state[key])
        return False
    state[key] = told.value
    return True


def unless_old(key: str, act: Callable[..., None]) -> Callable[..., None]:
    """A widget's callback that acts if its value is new.

    Where the page leads elsewhere, what its widgets showed is forgotten (see `leave`). A message
    that crosses that still has their values: they say nothing.
    """

    def changed(*args: Any) -> None:
        if key in st.session_state and not keep_told(key):
            act(*args)

    return changed


def _heard() -> int:
    text, last = st.session_state.get(HEARD), int(st.session_state.get(_NUMBER, 0))
    if not text or not text.isdecimal() or len(text) > _LONGEST:
        return last
    return int(text) if int(text) <= last else 0  # else it is of a session that was lost


@st.fragment(key=HEARD)
def say_as_of() -> None:
    """Draw the box; after every widget that may have been told something."""
    number = str(st.session_state.get(_NUMBER, 0))
    if st.session_state.get(HEARD) != number:
        st.session_state[HEARD] = number
    st.text_input("As of", key=HEARD, label_visibility="collapsed")
