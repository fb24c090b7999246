"""The main script: which lessons there are, and the sidebar that they share."""

from __future__ import annotations

import streamlit as st

from ui.links import follow_link
from ui.sidebar import sidebar, sidebar_notes
from ui.startup import prepare_process
from ui.visitor import mount_visitor

st.set_page_config(page_title="GPT from scratch, live", page_icon="🧺", layout="wide")

LESSONS = {
    "": [
        st.Page("../pages/home.py", title="Home", icon=":material/home:", default=True),
    ],
    "From text to numbers": [
        st.Page("../pages/data.py", title="Data", icon=":material/library_books:"),
        st.Page("../pages/sitcom.py", title="Sitcom", icon=":material/theater_comedy:"),
        st.Page("../pages/tokenization.py", title="Tokenization", icon=":material/data_array:"),
    ],
    "Inside the model": [
        st.Page("../pages/embeddings.py", title="Embeddings", icon=":material/scatter_plot:"),
        st.Page("../pages/averaging.py", title="Averaging", icon=":material/functions:"),
        st.Page("../pages/attention.py", title="Attention", icon=":material/grid_on:"),
        st.Page("../pages/heads.py", title="Multi-head attention", icon=":material/hub:"),
        st.Page("../pages/residual.py", title="Residual stream", icon=":material/call_merge:"),
        st.Page("../pages/mlp.py", title="MLP", icon=":material/bubble_chart:"),
        st.Page("../pages/layernorm.py", title="LayerNorm", icon=":material/equalizer:"),
        st.Page("../pages/normalization.py", title="Norms compared", icon=":material/balance:"),
    ],
    "Make it learn, make it speak": [
        st.Page("../pages/training.py", title="Training", icon=":material/trending_down:"),
        st.Page("../pages/one_step.py", title="One step", icon=":material/biotech:"),
        st.Page("../pages/head_born.py", title="A head is born", icon=":material/movie:"),
        st.Page("../pages/sample.py", title="Sample", icon=":material/chat:"),
    ],
}

prepare_process()
page = st.navigation(LESSONS, expanded=True)
mount_visitor()
sidebar()
follow_link()
page.run()
sidebar_notes()
