"""Labels beside points don't cover each other, wherever the points lie."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ui.show.apart import _boxes, _meet, sides

PLACES = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 200)), min_size=1, max_size=25)


@given(PLACES, st.integers(1, 12))
def test_no_two_labels_meet(places, letters):
    names = ["x" * letters] * len(places)
    found = sides(np.array(places, float), names, 14, 9)
    width, height = 0.62 * 14 * letters, 1.25 * 14
    boxes = [
        _boxes(*place, width, height, 7.5)[side]
        for place, side in zip(places, found, strict=True)
        if side
    ]
    assert not any(_meet(a, b) for a, b in itertools.combinations(boxes, 2))
    dots = [(x - 4.5, y - 4.5, x + 4.5, y + 4.5) for x, y in places]
    assert not any(_meet(box, dot) for box in boxes for dot in dots)


def test_a_lonely_point_has_its_label_above_and_one_in_a_crowd_none():
    assert sides(np.array([[50.0, 50.0]]), ["a"], 14, 9) == ["top center"]
    crowd = np.array([[x, y] for x in range(0, 60, 10) for y in range(0, 60, 10)], float)
    assert "" in sides(crowd, ["crowded"] * 36, 14, 9)
