"""Compare: a second study, B, beside the one of the bar, A.

Another prompt, another model, or the same with a head off. What isn't chosen for B is as in A. A
lesson that compares says so in the course's table, and draws what it compares by `in_two`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from ui.app import address, widgets
from ui.app.locks import REVEAL, STUDY, locked
from ui.app.readers import note_reader
from ui.app.study_bar import (
    LONGEST_PROMPT,
    PLACE,
    PLACE_OF_OTHER,
    about_prompt,
    line_breaks,
    model_names,
    redraw_parts,
    with_marks,
)
from ui.app.told import tell
from ui.services import models
from ui.services.study import Study, study_of
from ui.show.names import show_error
from ui.show.numbers import percent
from ui.show.take_away import Subject, pictures_of
from ui.show.tokens import code

if TYPE_CHECKING:
    from torch import Tensor

    from ui.services.models import Head

SWITCH, MODEL, PROMPT, OFF = "side_by_side", "b_model", "b_prompt", "b_off"
_OTHER = "other_study"
SAME, NONE = "", "none"
SIDES = ("", "_b")  # what keys of widgets and pictures end with


@dataclass(frozen=True)
class Other:
    """What B looks at.

    study: with its head off. plain: with all heads on, for who switches them off otherwise. off:
    the head, or none.
    """

    study: Study
    plain: Study
    off: tuple[Head, ...]

    @property
    def opens(self) -> dict[str, str]:
        """What the address of a lesson says, that looks at B alone."""
        said = {"model": self.plain.run_key, "prompt": with_marks(self.plain.prompt)}
        return said | ({"off": ",".join(f"{i}.{j}" for i, j in self.off)} if self.off else {})


def compare_bar(offered: bool) -> None:
    """The switch in the study bar, and B's row below it; course/main.py calls it once per rerun."""
    st.session_state[_OTHER] = None
    on = False
    if offered and not _closed():
        with st.session_state[PLACE]:
            on = widgets.toggle("Compare", key=SWITCH)
    if on:
        with st.session_state[PLACE_OF_OTHER]:
            _other_row()
    else:
        _forget()


def _closed() -> bool:
    """Whether nothing may be compared: it shows what a guess would reveal."""
    return locked(STUDY) or locked(REVEAL)


def _forget() -> None:
    for key in (MODEL, PROMPT, OFF):
        st.session_state.pop(key, None)
        st.session_state.get("widgets", {}).pop(key, None)
    if any(address.texts().get(key) for key in (MODEL, PROMPT, OFF)):
        address.change(dict.fromkeys((MODEL, PROMPT, OFF)))


@about_prompt
def _other_row(study: Study) -> None:
    st.session_state[_OTHER] = None
    if _closed():  # since the page was drawn
        return
    with st.container(key="b_row", horizontal=True, vertical_alignment="bottom", gap="small"):
        with st.container(key="b_model_box", width=230):
            key = _choose_model()
        with st.container(key="b_prompt_box"):
            typed = widgets.text_input(
                "B: prompt",
                st.session_state["prompt"] or "",
                key=PROMPT,
                max_chars=LONGEST_PROMPT,
                on_change=redraw_parts,
                live=True,
            )
        plain = _read(key or study.run_key, typed or "")
        if plain is None:
            return
        with st.container(key="b_off_box", width=120):
            off = _choose_head(plain)
    loaded = models.without_heads(plain.loaded, off) if off else plain.loaded
    st.session_state[_OTHER] = Other(plain.on(loaded), plain, off)


def _choose_model() -> str:
    widgets.from_address(MODEL, SAME)
    names = {SAME: "the same model"} | model_names(MODEL)
    if st.session_state[MODEL] not in names:
        st.session_state[MODEL] = SAME
        st.warning("The model that the link names for B is not here; B has A's model.")
    key = st.selectbox(
        "B: model",
        list(names),
        format_func=widgets.name_in(MODEL, names),
        key=MODEL,
        on_change=redraw_parts,
    )
    address.write({MODEL: key})
    return key


def _read(key: str, typed: str) -> Study | None:
    try:
        study = study_of(key, line_breaks(typed))
    except ValueError as error:
        show_error(error)
        return None
    if study.ids:
        return study
    st.info("B's prompt is empty. Type a few words.")
    return None


def _choose_head(study: Study) -> tuple[Head, ...]:
    config = study.model.config
    heads = {f"{i}.{j}": (i, j) for i in range(config.n_layer) for j in range(config.n_head)}
    asked = address.text_of(OFF)
    if asked and asked not in (NONE, *heads):
        st.warning("B's model has no such head; all its heads are on.")
    chosen = widgets.selectbox(
        "B: head off",
        [NONE, *heads],
        key=OFF,
        on_change=redraw_parts,
        help="Layer and head, counted from 0.",
    )
    return (heads[chosen],) if chosen in heads else ()


def study_other_alone(opens: Mapping[str, str]) -> None:
    """In a callback: from now on the course looks at what was B, and compares nothing."""
    tell("model", opens["model"])
    tell("prompt", opens["prompt"])
    tell(SWITCH, False)


def comparing() -> bool:
    """Whether the switch is on, so that a page makes room for two; there may be no B yet."""
    return bool(st.session_state.get(SWITCH)) and not _closed()


def other_study() -> Other | None:
    """What the part of the page that asks is to draw beside A; None where nothing is compared."""
    for key in (MODEL, PROMPT, OFF):
        note_reader(key)
    return None if _closed() else st.session_state.get(_OTHER)


def in_two(
    study: Study, draw: Callable[[Study, str], None], name: str, differs: Iterable[str] = ()
) -> None:
    """Draw a part of a lesson; where B is compared, twice, beside each other.

    draw(study, side): what its keys end with is the side. name: of the part; before a class it is a
    panel of its own (ui/components/page_frame). differs: sentences on what differs, said above.
    """
    other = other_study()
    if other is None:
        draw(study, SIDES[0])
        return
    studies, models_of = (study, other.study), {**model_names(), **model_names(MODEL)}
    names = ("A", "B" + "".join(f" · without head {i}.{j}" for i, j in other.off))
    with st.container(key=f"two_{name}"):
        if said := [*filter(None, differs)]:
            st.caption("**What differs.** " + " ".join(said))
        for column, badge, each, side in zip(st.columns(2), names, studies, SIDES, strict=True):
            shown = Subject(each.prompt, models_of.get(each.run_key, each.run_key), badge)
            with column, st.container(gap="xsmall"):
                st.markdown(f":gray-badge[**{badge}**]")
                with st.container(), pictures_of(shown):
                    draw(each, side)


def next_token_differs(study: Study, a: Tensor, b: Tensor) -> str:
    """The likeliest next token in A and in B, by their probabilities (V,); B is the other study."""
    other = other_study()
    if other is None:
        return ""
    best = [int(each.argmax()) for each in (a, b)]
    texts = [study.tokenizer.token_text(best[0]), other.study.tokenizer.token_text(best[1])]
    shares = [percent(each[i].item()) for each, i in zip((a, b), best, strict=True)]
    if texts[0] != texts[1]:
        return (
            f"Most likely next token: {code(texts[0])} with {shares[0]} in A, {code(texts[1])} "
            f"with {shares[1]} in B."
        )
    if shares[0] == shares[1]:
        return f"Most likely next token: {code(texts[0])} with {shares[0]} in both."
    return f"Most likely next token: {code(texts[0])}, with {shares[0]} in A and {shares[1]} in B."
