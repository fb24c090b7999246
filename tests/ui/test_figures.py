import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ui.figures import Bar, Line, curves, decimate


@settings(max_examples=50, deadline=None)
@given(length=st.integers(0, 6000), seed=st.integers(0, 99), limit=st.integers(6, 1000))
def test_decimation_keeps_few_points_all_real_and_every_extreme(length, seed, limit):
    y = np.random.default_rng(seed).standard_cauchy(length)
    x = np.arange(length) * 2
    few_x, few_y = decimate(x, y, limit)
    assert len(few_x) <= limit or length <= limit
    assert np.all(np.diff(few_x) > 0)
    assert np.array_equal(y[(few_x // 2).astype(int)], few_y)
    if length:
        assert few_x[0] == 0 and few_x[-1] == x[-1]
        assert few_y.max() == y.max() and few_y.min() == y.min()


def test_a_nan_at_the_end_stays_visible():
    y = np.r_[np.ones(5000), math.nan]
    assert math.isnan(decimate(np.arange(5001), y)[1][-1])


def test_a_long_curve_is_drawn_with_at_most_a_thousand_points():
    steps = np.arange(20_000)
    figure = curves(
        [Line("train", steps, np.exp(-steps / 9000))],
        bars=[Bar("guessing", 4.17)],
        x_title="steps",
        y_title="loss",
        x_max=20_000,
    )
    bar, line = figure.data
    assert len(line.x) <= 1000
    assert tuple(bar.y) == (4.17, 4.17)
    assert figure.layout.annotations[0].text == "guessing · 4.17"
    assert tuple(figure.layout.xaxis.range) == (0, 20_000)
    assert figure.layout.uirevision == "same"
