"""The server: what `streamlit run app.py` starts. The pages begin in course/main.py."""

from __future__ import annotations

import streamlit as st
from starlette.middleware import Middleware

from course.lessons import MOVED
from ui.app.page_address import PageAddress
from ui.app.server import lifespan
from ui.services.batches import Batches
from ui.services.classes.route import ClassRoutes
from ui.services.messages import NeededMessages
from ui.services.scripts import Scripts
from ui.services.turns import Turns


def first_view() -> str:
    """What stands on Home before Streamlit does."""
    from pages.home import recorded  # its lesson's words; the server answers before they are read

    return recorded.first_view()


app = st.App(
    "course/main.py",
    lifespan=lifespan,
    middleware=[
        Middleware(NeededMessages),
        Middleware(Batches),
        Middleware(Turns),  # inside of it: a turn is over when all is drawn, not when it is sent
        Middleware(ClassRoutes),
        Middleware(Scripts),
        Middleware(PageAddress, moved=MOVED, first_view=first_view),
    ],
)
