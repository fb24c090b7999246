"""A page reaches the browser without gaps, also where a part of it is drawn again at once.

When a part runs by itself, Streamlit takes what that part has drawn out of what waits to be sent.
If that is the whole page, drawn a moment ago on a busy server, what follows the part then comes
before it. A browser has no place for it, and shows nothing at all any more ("Bad delta path").
Where a class follows its teacher to another lesson, each page is drawn twice like this.
"""

from __future__ import annotations

from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

_clear = ForwardMsgQueue.clear


def leave_no_gaps() -> None:
    """From now on what a part has drawn is sent; what it draws now comes after it."""
    ForwardMsgQueue.clear = _clear_without_gaps  # type: ignore[assignment, method-assign]


def _clear_without_gaps(
    queue: ForwardMsgQueue,
    retain_lifecycle_msgs: bool = False,
    fragment_ids_this_run: list[str] | None = None,
) -> None:
    if fragment_ids_this_run is None:
        _clear(queue, retain_lifecycle_msgs)
    else:
        queue._delta_index_map = {}  # nothing new takes the place of what waits
