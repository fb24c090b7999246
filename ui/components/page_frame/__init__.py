"""What a page's frame does in the browser: the menu of a phone closes, a class sees one panel.

And Plotly's script is read while nobody presses anything, before the first chart needs it.
"""

from __future__ import annotations

from pathlib import Path

from ui.components.component import component
from ui.show.plotly_script import script_path

_frame = component("page_frame", Path(__file__).parent)


def page_frame(page: str, present: bool, put_up: int = 0) -> None:
    """Place the invisible component. present: show one panel at a time; arrow keys turn them.

    put_up: not 0 where a class's board has sent the page here, another number each time: it then
    opens at its picture.
    """
    data = {"page": page, "present": present, "putUp": put_up, "script": script_path()}
    _frame(key="page_frame", data=data)
