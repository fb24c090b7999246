"""What ties a browser to its class: it keeps the seat, waits for changes, says where a teacher is.

Nothing of it is seen. It is the only component that keeps on working between two reruns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from ui.components.component import component

_component = component("class_link", Path(__file__).parent)


@dataclass(frozen=True)
class Link:
    """What the browser is told.

    seat: as it keeps it, "" for none. forget: a seat that is worth nothing any more. version,
    marks: the class's counters that this page shows, 0 where it waits for
    nothing. ticket: what it shows where it waits. free: it follows nobody. fixed: it keeps the
    class's model and prompt all the same. leads: the class follows it. points: the class sees its
    pointer.
    """

    seat: str = ""
    forget: str = ""
    version: int = 0
    marks: int = 0
    ticket: str = ""
    free: bool = False
    fixed: bool = False
    leads: bool = False
    points: bool = False


def class_link(link: Link, on_change: Callable[[], None]) -> object:
    """Place it, once per rerun. The seat that the browser has kept.

    on_change: called before a rerun for which a change in the class is the reason.
    """
    result = _component(
        key="class_link",
        data=asdict(link),
        on_seat_change=lambda: None,
        on_change_change=on_change,
    )
    return result.get("seat")
