"""The machine's picture of the default prompt, kept so that it stands before the model is loaded.

    python -m pages.home.recorded

makes it again, after the bundled model, the default prompt or the picture's words have changed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from gpt_core.bundled import BUNDLED
from pages.home import words
from pages.home.machine import message_of_pass
from pages.home.results import Pass
from ui.app.study_bar import DEFAULT_PROMPT, LINE_BREAK
from ui.components.machine import as_recorded, show_recorded_machine
from ui.services.study import study_of

KEPT = Path(__file__).parent / "machine.bin"
PROMPT = DEFAULT_PROMPT.replace(LINE_BREAK, "\n")


def is_cold() -> bool:
    """Whether this process has yet to import PyTorch, and so to load its first model."""
    return "torch" not in sys.modules


def show_recorded(request: tuple[str, str]) -> None:
    """Draw what was kept, if the address asks for this model and prompt; request: these two."""
    if request == (BUNDLED, PROMPT):
        message = as_recorded(KEPT.read_bytes(), words.RECORDED)
        show_recorded_machine(message, "machine_recorded")


def live() -> bytes:
    """The message that the bundled model gives for the default prompt today."""
    return message_of_pass(Pass(study_of(BUNDLED, PROMPT)), False)


if __name__ == "__main__":
    KEPT.write_bytes(as_recorded(live(), words.RECORDED))
