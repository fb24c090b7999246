"""The bar above every lesson: which model, which prompt, a link to what is seen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import wraps

import streamlit as st
from streamlit.errors import StreamlitAPIException

from ui.app import address, widgets
from ui.app.chosen_text import NOT_HERE, is_missing
from ui.app.ending import end_page
from ui.app.glossary import own_terms
from ui.app.locks import STUDY, fixed_study, locked
from ui.app.readers import forget_readers, note_reader, only_parts_run, reads_for
from ui.app.seat import class_models
from ui.app.standing import beside_what_stands
from ui.app.startup import let_words_through
from ui.app.told import tell
from ui.app.visitor import visitor_id
from ui.app.whole_link import OTHER_WEIGHTS, WEIGHTS, offer_link, other_weights
from ui.app.widgets import LINE_BREAK
from ui.components.prompt_editor import prompt_editor
from ui.services import models
from ui.services.study import Study, study_of
from ui.services.training import training_service
from ui.show.names import plain, show_error
from ui.show.take_away import pictures_in

LONGEST_PROMPT = 2000  # characters; more would only slow everybody down
# The beginning of a scene, in twelve tokens of the bundled tokenizer. Who is with Nadia the bundled
# model doesn't know: it spreads its guess over four people (2.2 bits).
DEFAULT_PROMPT = "INT. THE SPIN CYCLE - AFTERNOON⏎⏎(Nadia and"
LABEL = "Prompt under study"
LOCKED = ":material/lock:"
FIXED = "The model and the prompt are fixed here."
PLACE, PLACE_OF_OTHER = "place_of_compare", "place_of_other"  # what ui/app/compare.py draws into
_BOX = "prompt_box"  # the part of the page in which the prompt is edited
_BYTE = re.compile("<0x[0-9A-F]{2}>")  # as tokenizers show a byte that is no whole character


def about_prompt(draw: Callable[[Study], None]) -> Callable[[], None]:
    """Make a function that draws a part of a lesson depend on the model and the prompt.

    When the prompt is edited, these parts of the page are drawn again and nothing else is. So
    whatever is drawn outside of them must be the same for every prompt, and what they are about
    they ask of the study that they are given, each time anew.
    """

    key = _key_of(draw)

    @st.fragment(key=key)
    @wraps(draw)
    def redrawn() -> None:
        with own_terms(), reads_for(key), pictures_in(key):
            draw(current_study())

    @wraps(draw)
    def part() -> None:
        parts = st.session_state["parts"]
        if key not in parts:  # where it is inside of a fragment that runs by itself, it is
            parts.append(key)
        with beside_what_stands():
            redrawn()

    return part


def _key_of(draw: Callable[..., None]) -> str:
    return f"{draw.__module__}.{draw.__qualname__}"


def page_begins() -> None:
    """Before anything of a page is drawn: until its end, no parts of it can be drawn again."""
    st.session_state["page_is_whole"] = False


def study_bar() -> None:
    """Draw the bar and remember what it says; course/main.py calls it once per rerun."""
    st.session_state["study"] = None  # until a part of the page asks for it
    st.session_state["parts"] = []  # that the page consists of, as far as it was drawn
    forget_readers()
    widgets.forget_texts()
    with st.container(key="study_bar", horizontal=True, vertical_alignment="bottom", gap="small"):
        with st.container(key="study_model", width=230):
            key = _choose_model()
        with st.container(key="study_prompt"):
            _prompt_box()
        with st.container(key="study_buttons", width="content", gap=None):
            offer_link()
            if not locked(STUDY):
                st.button(
                    "Reset",
                    key="reset_study",
                    icon=":material/restart_alt:",
                    type="tertiary",
                    help="The model and the prompt that the course begins with.",
                    on_click=_reset,
                )
        st.session_state[PLACE] = st.container(key="study_compare", width="content")
        st.session_state[PLACE_OF_OTHER] = st.container(key="study_other")
    st.session_state["study_request"] = (key, line_breaks(_prompt()))
    st.session_state["place_of_notes"] = st.container(key="study_notes")


@st.fragment(key=_BOX)
def _prompt_box() -> None:
    """The prompt, as it is edited; a part of its own, so that the server can put another in."""
    with reads_for(_BOX):
        if locked(STUDY):
            note_reader("prompt")
            st.text_input(LABEL, _prompt(), disabled=True, icon=LOCKED, help=FIXED)
            return
        typed = widgets.text_input(
            LABEL,
            DEFAULT_PROMPT,
            key="prompt",
            max_chars=LONGEST_PROMPT,
            on_change=redraw_parts,
            live=True,  # while somebody types, no older answer gets into the box
        )
    prompt_editor("prompt", typed, LONGEST_PROMPT)


def _prompt() -> str:
    """The prompt as it is now: the one that is fixed, else the one in the box."""
    if fixed := fixed_study():
        return (fixed[1] or DEFAULT_PROMPT)[:LONGEST_PROMPT]
    return st.session_state.get("prompt") or ""


def study_notes() -> None:
    """What is special about the model and the prompt; course/main.py calls it at the end."""
    with st.session_state["place_of_notes"]:
        _notes()
    current_study()
    st.session_state["page_is_whole"] = True


def _reset() -> None:
    tell("model", models.BUNDLED)
    tell("prompt", DEFAULT_PROMPT)


def current_study() -> Study:
    """The model and the prompt that the bar shows. Lessons call this first.

    A model that can't be loaded or an empty prompt ends the page with one sentence.
    """
    if known := st.session_state["study"]:
        return known
    let_words_through()
    try:
        study = study_of(*st.session_state["study_request"])
    except ValueError as error:
        show_error(error)
        end_page()
    if not study.ids:
        st.info("The prompt is empty. Type a few words into the box at the top.")
        end_page()
    st.session_state["study"] = study
    return study


def about_study(title: str) -> tuple[str, str, str]:
    """What stands over a picture that is taken along: the title, the prompt, the model's name."""
    key, prompt = st.session_state["study_request"]
    return title, prompt, model_names().get(key, key)


def redraw_parts() -> None:
    """The prompt was edited: draw the parts of the page that are about it, not the whole page.

    Where a page has ended early it has no such parts yet, and where it is about to end early it
    must lose them: then the whole page runs.
    """
    rerun_parts(parts_about(_prompt()))


def rerun_parts(parts: list[str] | None) -> None:
    """In a widget's callback: draw these parts of the page; for None, and if they are gone, all.

    All, too, while the page isn't whole: a browser has no place for a part that is further down
    than what was drawn before the page was interrupted. And where the browser has asked for all,
    because something else was pressed as well: then all is about to run anyway.
    """
    if not only_parts_run():
        return
    if parts is not None and st.session_state.get("page_is_whole"):
        with suppress(StreamlitAPIException):  # parts that were forgotten
            st.rerun(parts)
    st.rerun()


def parts_about(prompt: str) -> list[str] | None:
    """From now on the page is about this prompt; its parts that are. None if the page isn't whole.

    None, too, where it won't be: the model is gone, or there is no prompt.
    """
    if not st.session_state.get("page_is_whole"):
        return None
    key, _ = st.session_state["study_request"]
    request = key, line_breaks(_prompt() if locked(STUDY) else prompt)
    try:
        study = study_of(*request)
    except ValueError:  # a model that is gone
        return None
    if not study.ids:
        return None
    st.session_state["study_request"], st.session_state["study"] = request, study
    parts = st.session_state["parts"]
    if _special(study) == st.session_state["notes"]:
        parts = [part for part in parts if part != _NOTES] or [_NOTES]
    return parts


def in_order(parts: Iterable[str]) -> list[str]:
    """Parts as they stand on the page: what is chosen above is read below."""
    places = {part: place for place, part in enumerate([_BOX, *st.session_state["parts"]])}
    return sorted(parts, key=lambda part: places.get(part, len(places)))


@about_prompt
def _notes(study: Study) -> None:
    st.session_state["notes"] = said = _special(study)
    if said:
        st.caption(said)


_NOTES = _key_of(_notes)


def _special(study: Study) -> str:
    """One sentence each for what a model from elsewhere brings along."""
    said = []
    if is_missing():
        said.append(NOT_HERE)
    if other_weights(study):
        said.append(OTHER_WEIGHTS)
    if study.loaded.imported:
        said.append("This model came here already trained: how it learned was not recorded.")
    texts = (token.text for token in study.tokens)
    if cut := next((match for text in texts if (match := _BYTE.search(text))), None):
        said.append(
            f"`{cut[0]}` is a byte: this model's tokenizer cuts one of your characters into "
            "several tokens."
        )
    return "  \n".join(said)


def model_names(of: str = "model") -> dict[str, str]:
    """Names by key of the models that this visitor can choose, the bundled ones first.

    of: the name in the address that says which is chosen. Whoever was given the address of a run
    may look at it too: its id can't be guessed.
    """
    names = {models.BUNDLED: "Bundled: The Spin Cycle"}
    names |= {models.COPYING: "Bundled: lists read twice"} | {
        key: plain(name) for key, name in training_service().names(visitor_id()).items()
    }
    names |= class_models()
    names |= {name: f"Folder: {plain(name)}" for name in models.named_runs()}
    fixed = fixed_study()
    shared = fixed[0] if fixed else st.session_state.get(of)
    if shared and shared not in names and models.run_folder(shared):
        names[shared] = f"Shared run {shared[:6]}"
    return names


def _choose_model() -> str:
    if fixed := fixed_study():
        names = model_names()
        key = fixed[0] if fixed[0] in names else models.BUNDLED
        st.text_input("Model", names[key], disabled=True, icon=LOCKED, help=FIXED)
        return key
    widgets.from_address("model", models.BUNDLED)
    names = model_names()
    if st.session_state["model"] not in names:
        st.warning("That model is not here any more; this is the bundled one.")
        st.session_state["model"] = models.BUNDLED
    name_of = widgets.name_in("model", names)
    key = st.selectbox("Model", list(names), format_func=name_of, key="model")
    said = {"model": key if key != models.BUNDLED else None}
    if key != (address.text_of("model") or models.BUNDLED):
        said[WEIGHTS] = None  # they were those of another model
    address.write(said)
    return key


def line_breaks(typed: str) -> str:
    """A prompt as it was typed, with real line breaks."""
    return typed.replace(LINE_BREAK, "\n").replace("\\n", "\n")


def with_marks(prompt: str) -> str:
    """A prompt as it is typed: the reverse of `line_breaks`."""
    return prompt.replace("\n", LINE_BREAK)
