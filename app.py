"""The server: what `streamlit run app.py` starts. The pages begin in course/main.py."""

from __future__ import annotations

import streamlit as st
from starlette.middleware import Middleware

from ui.messages import NeededMessages
from ui.page_address import PageAddress
from ui.server import lifespan
from ui.turns import Turns

app = st.App(
    "course/main.py",
    lifespan=lifespan,
    middleware=[Middleware(NeededMessages), Middleware(Turns), Middleware(PageAddress)],
)
