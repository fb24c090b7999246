"""Numbers as a page shows them: the one place that turns a number into text with a minus sign."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from torch import Tensor

_WRITTEN_OUT = 7  # powers of ten from which a large number has an exponent
_WITHOUT_EXPONENT = 1e-4  # the least number that is written without one
_MOST_BITS = 1000  # 2 to the power of more is too large for a float
_RAISED = str.maketrans("-−.0123456789", "⁻⁻·⁰¹²³⁴⁵⁶⁷⁸⁹")


_CHOSEN, _FURTHER = 1.5, 0.1


@overload
def near_even(share: float, of: int) -> bool: ...
@overload
def near_even(share: Tensor, of: Tensor) -> Tensor: ...
def near_even(share: float | Tensor, of: float | Tensor) -> bool | Tensor:
    """Whether a share is hardly more than an even one among so many, so that nothing was chosen.

    Of tensors of one shape, a tensor.
    """
    return (share * of < _CHOSEN) & (share - 1 / of < _FURTHER)


_UNTRAINED = 0.5  # bits that a model which has learned nothing may need above guessing


def sure_and_wrong(bits: float, guessing: float) -> bool:
    """Whether a loss, in bits per token, shows that a model is sure of tokens that don't come.

    guessing: what it costs to find all tokens equally likely. Somewhat more proves nothing: an
    untrained model's scores differ by chance, and that costs up to about 0.3 bits.
    """
    return bits > guessing + _UNTRAINED


def number(value: float, form: str = ".2f") -> str:
    """A number in a format of Python's (".2f", "+.3f", ".3g"), with a real minus sign.

    What is rounded to zero has no sign, and no change at all is “0”, without digits. Thousands are
    grouped, like 2,271. Where the format would write an exponent, a large number is written out to
    its last digit, so that it is the same number in every format, and others are like 2.5·10⁻⁵. So
    is one from ten millions on that is to have digits after its point: nobody reads those.
    """
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if abs(value) >= 10**_WRITTEN_OUT and form.endswith("f") and not form.endswith(".0f"):
        form = "+.3g" if form.startswith("+") else ".3g"
    if abs(value) >= 1000 and "," not in form:
        form = form.replace(".", ",.")
    signed = form.startswith("+")
    if not value and signed:
        return "0"
    shown = format(value, form)
    if not shown.strip("+-0."):
        shown = format(0.0, form.removeprefix("+"))
    digits, _, power = shown.partition("e")
    if power and 0 < int(power) < _WRITTEN_OUT:
        digits, power = f"{value:{'+' * signed},.0f}", ""
    return digits.removesuffix(".").replace("-", "−") + (
        f"·10{str(int(power)).translate(_RAISED)}" if power else ""
    )


def raised(exponent: float, form: str = ".2f") -> str:
    """A number as it stands after another one that it is the power of, like ⁰·⁸⁷ in 2⁰·⁸⁷.

    In digits alone: no comma and no power of ten can be raised and still be read.
    """
    return format(exponent, form if abs(exponent) < 1000 else ".0f").translate(_RAISED)


def tidy(value: float, zero: float = 5e-7) -> str:
    """A number in four digits, like 0.8145; less than `zero` is a rounding error.

    One so small that it has an exponent, like 2.5·10⁻⁵, has two: its size is all that is read.
    """
    if value and abs(value) < zero:
        return "≈ 0"
    return number(value, ".2g" if abs(value) < _WITHOUT_EXPONENT else ".4g")


def near(value: float) -> str:
    """After a letter in a formula: “= 0.8145”, or “≈ 0”."""
    shown = tidy(value)
    return shown if shown.startswith("≈") else f"= {shown}"


_A_TIE_GOES_UP = 1 + 1e-12  # an even share of 16 is 6.3%, as in JavaScript


def percent(share: float) -> str:
    """A probability in per cent: one decimal, and two digits of what is less than 1%.

    So 30.3%, 1.0%, 0.10% and 0.052% stand beside each other. Unlikely is not called impossible, nor
    likely sure. In JavaScript: `chance` in ui/components/shared/numbers.js.
    """
    if not share:
        return "0%"
    if 0.99995 < share <= 1:
        return "over 99.99%"
    if 0 < share < 1e-6:
        return "less than 0.0001%"
    # "#" keeps zeros at the end.
    digits = ".2f" if 0.9995 < share <= 1 else ".1f" if abs(share) >= 0.01 else "#.2g"
    return number(100 * share * _A_TIE_GOES_UP, digits) + "%"


def rate(value: float) -> str:
    """How many a second, in the three digits that are not luck: 254, 18,000, 1.81 million."""
    rounded = float(f"{value:.3g}")
    if rounded < 1e6:
        return number(rounded, ".3g")
    return f"{number(rounded / 1e6, '.3g')} million"


def went(before: str, after: str) -> str:
    """“went from 3 to 4”, or “stayed at 3”: two numbers as they are shown."""
    return f"stayed at {after}" if before == after else f"went from {before} to {after}"


def counted(count: int, thing: str) -> str:
    """“1 token”, “2,048 tokens”."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def ordinal(count: int) -> str:
    """“every second token”, “every 63rd token”: the word that stands after “every”."""
    if count in (2, 3):
        return {2: "second", 3: "third"}[count]
    ending = {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return f"{count:,}{'th' if count % 100 in (11, 12, 13) else ending}"


def power(bits: float) -> float:
    """2 to the power of some bits, at most a very large number; to be shown: `powered`."""
    return 2.0 ** min(bits, _MOST_BITS)


def powered(bits: float, form: str = ".2f") -> str:
    """The same as it is shown: a model that went wrong may need more than a number can hold."""
    return number(power(bits), form) if bits <= _MOST_BITS else "over 10³⁰⁰"
