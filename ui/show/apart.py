"""Labels of points in a picture, each on a side of its point where it covers no other one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_LETTER, _LINE = 0.62, 1.25  # of a monospaced font: a letter's width, a line's height, in its size
_GAP = 3.0  # pixels between a point and its label
Box = tuple[float, float, float, float]  # left, top, right, bottom


def sides(points: np.ndarray, names: Sequence[str], size: float, dot: float) -> list[str]:
    """Plotly's text position for each label, or "" where there is no room for it.

    points: (N, 2) pixels, to the right and downward; the first are the first to be placed. size: of
    the letters, and dot: of the points' marks, in pixels.
    """
    half = dot / 2
    taken: list[Box] = [(x - half, y - half, x + half, y + half) for x, y in points.tolist()]
    found = []
    for (x, y), name in zip(points.tolist(), names, strict=True):
        boxes = _boxes(x, y, len(name) * _LETTER * size, _LINE * size, half + _GAP)
        free = [side for side, box in boxes.items() if not any(_meet(box, b) for b in taken)]
        found.append(free[0] if free else "")
        taken += [boxes[side] for side in free[:1]]
    return found


def _boxes(x: float, y: float, width: float, height: float, away: float) -> dict[str, Box]:
    """What a label covers on each of the eight sides of its point, the best side first."""
    across = {"right": x + away, "left": x - away - width, "center": x - width / 2}
    down = {"top": y - away - height, "middle": y - height / 2, "bottom": y + away}
    order = ["top center", "bottom center", "middle right", "middle left"]
    order += ["top right", "top left", "bottom right", "bottom left"]
    boxes = {}
    for side in order:
        vertical, horizontal = side.split()
        left, top = across[horizontal], down[vertical]
        boxes[side] = (left, top, left + width, top + height)
    return boxes


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
