"""The app: which lessons there are, and the sidebar that they share."""

from __future__ import annotations

import streamlit as st

from ui.sidebar import sidebar
from ui.startup import prepare_process
from ui.visitor import mount_visitor

st.set_page_config(page_title="GPT from scratch, live", page_icon="🧺", layout="wide")

LESSONS = {
    "": [
        st.Page("pages/home.py", title="Home", icon=":material/home:", default=True),
    ],
    "From text to numbers": [
        st.Page("pages/data.py", title="Data", icon=":material/library_books:"),
        st.Page("pages/tokenization.py", title="Tokenization", icon=":material/data_array:"),
    ],
    "Inside the model": [
        st.Page("pages/attention.py", title="Attention", icon=":material/grid_on:"),
        st.Page("pages/layernorm.py", title="LayerNorm", icon=":material/equalizer:"),
    ],
    "Make it learn, make it speak": [
        st.Page("pages/training.py", title="Training", icon=":material/trending_down:"),
        st.Page("pages/sample.py", title="Sample", icon=":material/chat:"),
    ],
}

prepare_process()
page = st.navigation(LESSONS)
mount_visitor()
sidebar()
page.run()
