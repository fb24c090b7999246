"""Show the very lines of gpt_core that a lesson has just run."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import streamlit as st

from ui import PROJECT

# To find a class, `inspect` parses its file, and Python 3.11 counts the depth of what it parses for
# all threads together: two at once may raise a SystemError (python/cpython, issue 106905).
_parsing = Lock()


@st.fragment
def show_source(*objects: Callable[..., Any] | type, label: str = "The lines that ran") -> None:
    """An expander with the source of functions or classes, read from the files themselves."""
    # What colours it is a third of all that a browser loads: only for who opens it.
    key = "lines_of_" + "_".join(item.__qualname__.replace(".", "_") for item in objects)
    box = st.expander(label, icon=":material/code:", key=key, on_change="rerun")
    if not box.open:
        return
    with box:
        for item in objects:
            where, code = _source(item)
            st.caption(where)
            st.code(code, language="python")


@cache  # the files don't change while the app runs, and reading them takes some milliseconds
def _source(item: Callable[..., Any] | type) -> tuple[str, str]:
    item = inspect.unwrap(item)  # a decorator's file is not the one to show
    with _parsing:
        lines, first = inspect.getsourcelines(item)
    file = Path(inspect.getsourcefile(item) or "").resolve().relative_to(PROJECT)
    return f"`{file}`, line {first}", inspect.cleandoc("\n" + "".join(lines))
