"""The sidebar that every lesson shares: which model, which prompt, what the colours mean."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import streamlit as st

from ui import models
from ui.startup import let_words_through
from ui.theme import LEGEND
from ui.training import training_service
from ui.visitor import visitor_id

if TYPE_CHECKING:
    from gpt_core.model import GPT
    from gpt_core.tokenizers import Token, Tokenizer

LONGEST_PROMPT = 2000  # characters; more would only slow everybody down
DEFAULT_PROMPT = (
    "INT. THE SPIN CYCLE - MORNING⏎⏎(Nadia is on her knees. She has found a copper bolt"
)
LINE_BREAK = "⏎"
_BYTE = re.compile("<0x[0-9A-F]{2}>")  # as tokenizers show a byte that is no whole character


@dataclass(frozen=True)
class Study:
    """What is being looked at: one model and one prompt.

    prompt: as it is read, see `as_prompt`. ids and tokens are its last block_size tokens; left_out
    says how many were cut from its beginning.
    """

    run_key: str
    name: str
    prompt: str
    loaded: models.LoadedModel
    ids: tuple[int, ...]
    tokens: tuple[Token, ...]
    left_out: int

    @property
    def model(self) -> GPT:
        """The model, in eval mode. Shared with other visitors: never change its weights."""
        return self.loaded.model

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer that the model was trained on."""
        return self.loaded.tokenizer

    def last(self, count: int) -> Study:
        """The same with only the last `count` tokens of the prompt; left_out counts the others."""
        cut = max(0, len(self.ids) - count)
        return replace(
            self, ids=self.ids[cut:], tokens=self.tokens[cut:], left_out=self.left_out + cut
        )

    @property
    def fingerprint(self) -> str:
        """A key for caches: changes whenever the weights change."""
        return self.loaded.fingerprint


def sidebar() -> None:
    """Draw the sidebar and remember what it says; app.py calls it once per rerun."""
    with st.sidebar:
        key = _choose_model()
        typed = st.text_input(
            "Prompt under study",
            DEFAULT_PROMPT,
            max_chars=LONGEST_PROMPT,
            key="prompt",
            bind="query-params",
            # To read "0ms" Streamlit imports pandas, which the first words needn't wait for.
            live="0ms" if "pandas" in sys.modules else True,
            help=f"Every lesson looks at this text. Type {LINE_BREAK} (or \\n) for a new line.",
        )
        st.session_state["study_request"] = (key, _line_breaks(typed or ""))
        st.markdown(LEGEND)


def current_study() -> Study:
    """The model and the prompt that the sidebar shows. Lessons call this first.

    A model that can't be loaded or an empty prompt ends the page with one sentence.
    """
    _insist_on_app()
    key, prompt = st.session_state["study_request"]
    let_words_through()
    try:
        loaded = models.load(key)
    except ValueError as error:
        st.error(str(error), icon=":material/error:")
        st.stop()
    from gpt_core.tokenizers import as_prompt

    prompt = as_prompt(loaded.tokenizer, prompt)
    tokens = loaded.tokenizer.tokenize(prompt)
    if not tokens:
        st.info("The prompt is empty. Type a few words into the sidebar's prompt box.")
        st.stop()
    kept = tokens[-loaded.model.config.block_size :]
    ids = tuple(token.id for token in kept)
    left_out = len(tokens) - len(kept)
    _say_what_is_special(loaded, kept)
    return Study(key, model_names()[key], prompt, loaded, ids, tuple(kept), left_out)


def _say_what_is_special(loaded: models.LoadedModel, tokens: list[Token]) -> None:
    """One sentence each in the sidebar for what a model from elsewhere brings along."""
    said = []
    if loaded.imported:
        said.append("This model came here already trained: how it learned was not recorded.")
    if cut := next((match for token in tokens if (match := _BYTE.search(token.text))), None):
        said.append(
            f"`{cut[0]}` is a byte: this model's tokenizer cuts one of your characters into "
            "several tokens."
        )
    if said:
        st.sidebar.caption("  \n".join(said))


def _insist_on_app() -> None:
    """Start over through app.py when Streamlit has run a page without it.

    It does so for the first visit after a start, if that goes straight to a page's address: with
    a folder called pages it doesn't know yet that app.py calls st.navigation, which clears this
    flag. When a whole class opens the page in that moment, one visitor's app.py may clear it
    while another's page already runs without app.py: that one has no request yet.
    """
    from streamlit.runtime.pages_manager import PagesManager

    if PagesManager.uses_pages_directory or "study_request" not in st.session_state:
        PagesManager.uses_pages_directory = False
        st.rerun()


def model_names() -> dict[str, str]:
    """Names by key of the models that this visitor can choose, the bundled one first.

    Whoever was given the address of a run may look at it too: its id can't be guessed.
    """
    names = {models.BUNDLED: "Bundled: The Spin Cycle"} | training_service().names(visitor_id())
    names |= {name: f"Folder: {name}" for name in models.named_runs()}
    shared = st.session_state.get("model")
    if shared and shared not in names and models.run_folder(shared):
        names[shared] = f"Shared run {shared[:6]}"
    return names


def _choose_model() -> str:
    # Not bound to the URL by Streamlit: it would write the name that is shown, not the key.
    st.session_state.setdefault("model", st.query_params.get("model", models.BUNDLED))
    names = model_names()
    if st.session_state["model"] not in names:
        st.warning("That model is not here any more; this is the bundled one.")
        st.session_state["model"] = models.BUNDLED
    key = st.selectbox("Model", list(names), format_func=lambda k: names.get(k, k), key="model")
    if key != models.BUNDLED:
        st.query_params["model"] = key
    else:
        st.query_params.pop("model", None)
    return key


def _line_breaks(typed: str) -> str:
    return typed.replace(LINE_BREAK, "\n").replace("\\n", "\n")
