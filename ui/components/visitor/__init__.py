"""What a browser knows of a visitor: the id that it has kept. Nothing of it is seen."""

from __future__ import annotations

from pathlib import Path

from ui.components.component import component

_component = component("visitor", Path(__file__).parent)


def known_visitor(proposed: str) -> tuple[object, bool]:
    """Place it, once per rerun. The id that the browser has kept; whether it can't keep any.

    proposed: what it keeps where it has none.
    """
    result = _component(
        key="visitor_component",
        data={"proposed": proposed},
        on_visitor_change=lambda: None,
        on_storage_change=lambda: None,
    )
    return result.get("visitor"), result.get("storage") == "blocked"
