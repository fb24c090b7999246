import math

import pytest
import torch

from gpt_core.model import GPT, GPTConfig
from ui.show.numbers import (
    near_even,
    number,
    ordinal,
    percent,
    powered,
    raised,
    rate,
    sure_and_wrong,
    tidy,
)


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [
        (-1.5, ".2f", "−1.50"),
        (-0.001, ".2f", "0.00"),
        (-0.001, "+.2f", "0.00"),
        (0.001, "+.2f", "0.00"),
        (0.0, "+.5f", "0"),
        (-0.0, "+.5f", "0"),
        (0.0, ".2f", "0.00"),
        (-12345.6, ",.1f", "−12,345.6"),
        (float("-inf"), ".2f", "−∞"),
        (float("inf"), ".2f", "∞"),
        (-0.04, ".2g", "−0.04"),
        (-1e-7, ".2g", "−1·10⁻⁷"),
        (2271.3, ".3g", "2,271"),
        (2269.852, ".2f", "2,269.85"),
        (1236.4, ".4g", "1,236"),
        (-1236.4, "+.1f", "−1,236.4"),
        (-2.5e12, ".3g", "−2.5·10¹²"),
        (6.99, "+#.2g", "+7.0"),
        (12.3, "+#.2g", "+12"),
        (177.2, "+#.2g", "+177"),
        (15_861_637.14, ".2f", "1.59·10⁷"),
        (-76_731.09, "+.2f", "−76,731.09"),
        (-15_861_637.14, "+.3f", "−1.59·10⁷"),
        (15_861_637.0, ",.0f", "15,861,637"),
    ],
)
def test_a_number_has_a_minus_sign_and_zero_has_no_sign(value, form, shown):
    assert number(value, form) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.81449, "0.8145"),
        (2.5e-5, "2.5·10⁻⁵"),
        (9.918e-5, "9.9·10⁻⁵"),
        (-3.2e12, "−3.2·10¹²"),
        (1e-9, "≈ 0"),
        (-6.2e-07, "−6.2·10⁻⁷"),
        (-4e-07, "≈ 0"),
        (0.0, "0"),
        (-0.5, "−0.5"),
    ],
)
def test_a_tidy_number_has_four_digits(value, shown):
    assert tidy(value) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0.0, "0%"),
        (1e-9, "less than 0.0001%"),
        (1 / 50257, "0.0020%"),
        (0.001, "0.10%"),
        (0.0052, "0.52%"),
        (0.00999, "1.0%"),
        (0.01, "1.0%"),
        (-0.5, "−50.0%"),
        (1.13, "113.0%"),  # of a length, another may be more
        (0.00047, "0.047%"),
        (0.303, "30.3%"),
        (1 / 16, "6.3%"),
        (0.9994, "99.9%"),
        (0.9998, "99.98%"),
        (0.99999, "over 99.99%"),
        (1.0, "over 99.99%"),
    ],
)
def test_a_probability_is_neither_nothing_nor_all_unless_it_is(share, shown):
    assert percent(share) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1_807_573.2, "1.81 million"),
        (999_600, "1 million"),
        (18_039, "18,000"),
        (254.3, "254"),
        (9.876, "9.88"),
        (0.0, "0"),
    ],
)
def test_a_rate_has_three_digits(value, shown):
    assert rate(value) == shown


def test_every_nth_has_its_ending():
    shown = " ".join(ordinal(n) for n in (2, 3, 4, 11, 12, 13, 21, 22, 63, 111, 1002))
    assert shown == "second third 4th 11th 12th 13th 21st 22nd 63rd 111th 1,002nd"


def test_a_share_of_two_is_near_an_even_one_only_if_little_more():
    assert near_even(0.55, 2) and not near_even(0.74, 2)
    assert near_even(0.03, 43) and not near_even(0.04, 43)


def test_a_number_as_an_exponent():
    assert f"2{raised(-10.87)}" == "2⁻¹⁰·⁸⁷"
    assert f"e{raised(2.7814, '.3f')}" == "e²·⁷⁸¹"
    assert f"2{raised(11_750_389.2)}" == "2¹¹⁷⁵⁰³⁸⁹"


@pytest.mark.parametrize("width", [64, 768])
def test_an_untrained_model_needs_more_than_guessing_and_is_not_called_sure(width):
    torch.manual_seed(1)
    config = GPTConfig(vocab_size=512, block_size=64, n_layer=2, n_head=4, n_embd=width)
    ids = torch.randint(512, (8, 65))
    with torch.no_grad():
        bits = GPT(config).eval()(ids[:, :-1], ids[:, 1:])[1].item() / math.log(2)
    assert bits > 9 and not sure_and_wrong(bits, 9)
    assert sure_and_wrong(10, 9)


def test_a_power_that_no_number_holds_is_not_written_out():
    assert powered(3.0) == "8.00" and powered(10.0, ".3g") == "1,024"
    assert powered(4e6) == powered(1001.0) == "over 10³⁰⁰"
