"""Numbers as a page shows them: the one place that turns a number into text with a minus sign."""

from __future__ import annotations

import math

_WRITTEN_OUT = 7  # powers of ten from which a large number has an exponent
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, form: str = ".2f") -> str:
    """A number in a format of Python's (".2f", "+.3f", ".3g"), with a real minus sign.

    What is rounded to zero has no minus sign. Where the format would write an exponent, a large
    number is written out, like 2,270, and others like 2.5·10⁻⁵.
    """
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    shown = format(value, form)
    if not shown.strip("+-0."):
        shown = format(0.0, form)
    digits, _, power = shown.partition("e")
    if power and 0 < int(power) < _WRITTEN_OUT:
        digits, power = f"{float(shown):,.0f}", ""
    return digits.replace("-", "−") + (f"·10{str(int(power)).translate(_RAISED)}" if power else "")


def tidy(value: float, zero: float = 5e-7) -> str:
    """A number in four digits, like 0.8145 or 2.5·10⁻⁵; below `zero` it is a rounding error, 0."""
    return "0" if abs(value) < zero else number(value, ".4g")


def counted(count: int, thing: str) -> str:
    """“1 token”, “2 tokens”."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
