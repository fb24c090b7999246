"""Glossary: every term in one sentence, with its symbol, its shape and its lesson."""

import streamlit as st

from pages.glossary import words
from ui.app import widgets
from ui.app.glossary import TERMS, Term
from ui.app.links import page_of


def found(text: str) -> list[Term]:
    """The terms that a text is about, in alphabetical order; all for an empty text."""
    wanted = text.strip().lower()
    hits = [
        term for term in TERMS if any(wanted in form.lower() for form in (term.name, *term.forms))
    ]
    return sorted(hits, key=lambda term: term.name.lower())


def plurals(name: str) -> tuple[str, ...]:
    """Which a text may use as well, and nobody needs to be told."""
    return f"{name}es", f"{name[:-1]}ies"


def show(term: Term) -> None:
    """One term."""
    left, right = st.columns([5, 1], vertical_alignment="center")
    others = [form for form in term.forms if form not in plurals(term.name)]
    also = f" (also: {', '.join(others)})" if others else ""
    sign = " ".join(f"`{part}`" for part in (term.symbol, term.shape) if part)
    left.markdown(f"**{term.name}**{also} {sign}  \n{term.sentence}")
    right.page_link(page_of(term.lesson))


st.title("Glossary")
st.markdown(words.INTRO)
text = widgets.text_input(words.SEARCH, key="term", max_chars=40)
terms = found(text)
for term in terms:
    show(term)
if not terms:
    st.info(words.NONE)
st.caption(words.SHAPES)
