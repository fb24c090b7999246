import pytest

from ui.show.numbers import number, tidy


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [
        (-1.5, ".2f", "−1.50"),
        (-0.001, ".2f", "0.00"),
        (-0.001, "+.2f", "+0.00"),
        (0.001, "+.2f", "+0.00"),
        (-12345.6, ",.1f", "−12,345.6"),
        (float("-inf"), ".2f", "−∞"),
        (float("inf"), ".2f", "∞"),
        (-0.04, ".2g", "−0.04"),
        (-1e-7, ".2g", "−1·10⁻⁷"),
        (2271.3, ".3g", "2,270"),
        (-2.5e12, ".3g", "−2.5·10¹²"),
    ],
)
def test_a_number_has_a_minus_sign_and_zero_has_none(value, form, shown):
    assert number(value, form) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.81449, "0.8145"),
        (2.5e-5, "2.5·10⁻⁵"),
        (-3.2e12, "−3.2·10¹²"),
        (1e-9, "0"),
        (-0.5, "−0.5"),
    ],
)
def test_a_tidy_number_has_four_digits(value, shown):
    assert tidy(value) == shown
