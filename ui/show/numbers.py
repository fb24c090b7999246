"""Numbers as a page shows them: the one place that turns a number into text with a minus sign."""

from __future__ import annotations

import math

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, form: str = ".2f") -> str:
    """A number in a format of Python's (".2f", "+.3f", ".2g"), with a real minus sign.

    What is rounded to zero has no minus sign.
    """
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    shown = format(value, form)
    if not shown.strip("+-0."):
        shown = format(0.0, form)
    return shown.replace("-", "−")


def tidy(value: float, zero: float = 5e-7) -> str:
    """A number in four digits, like 0.8145 or 2.5·10⁻⁵; below `zero` it is a rounding error, 0."""
    if abs(value) < zero:
        return "0"
    digits, _, power = f"{value:.4g}".partition("e")
    digits = digits.replace("-", "−")
    return f"{digits}·10{str(int(power)).translate(_RAISED)}" if power else digits
