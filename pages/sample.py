import streamlit as st

from ui.sidebar import current_study

study = current_study()
st.title("Sample")
