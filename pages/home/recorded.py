"""The machine's picture of the default prompt, kept so that it stands before the model is loaded.

    python -m pages.home.recorded

makes it again, after the bundled model, the default prompt or the picture's words have changed.
"""

from __future__ import annotations

from pathlib import Path

from gpt_core.bundled import BUNDLED
from pages.home import words
from pages.home.machine import message_of_pass
from pages.home.results import Pass
from ui.app.study_bar import DEFAULT_PROMPT, line_breaks
from ui.components.first_view import first_view as before_streamlit
from ui.components.machine import as_recorded
from ui.services.study import study_of

KEPT = Path(__file__).parent / "machine.bin"
PROMPT = line_breaks(DEFAULT_PROMPT)


def first_view() -> str:
    """Home as it stands before Streamlit does."""
    return before_streamlit(words.TITLE, words.INTRO, KEPT.read_bytes())


def live() -> bytes:
    """The message that the bundled model gives for the default prompt today."""
    return message_of_pass(Pass(study_of(BUNDLED, PROMPT)), False)


if __name__ == "__main__":
    KEPT.write_bytes(as_recorded(live(), words.RECORDED))
