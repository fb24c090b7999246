"""The copy test beside the loss, and the two kinds of heads that it takes, by step."""

from __future__ import annotations

from collections.abc import Sequence

from gpt_core.interpret.snapshots import Fall, SnapshotView
from pages.head_born import words
from ui.show.curves import Chart, Line, curves

LN_2 = words.LN_2
_HEIGHT = 300


def copy_test(views: Sequence[SnapshotView], fall: Fall) -> Chart:
    """Bits per token by step: of both copies of random tokens, and of validation text."""
    tested = [(view.step, view.copying) for view in views if view.copying]
    steps = [step for step, _ in tested]
    lines = [
        Line(words.FIRST_COPY, steps, [found.first / LN_2 for _, found in tested], 0, markers=True),
        Line(words.SECOND_COPY, steps, [each.second / LN_2 for _, each in tested], 1, markers=True),
        Line(words.VALIDATION, steps, [fall.at(step) / LN_2 for step in steps], 4),
    ]
    return curves(lines, x_title="step", y_title="bits per token", height=_HEIGHT, from_zero=True)


def shares(views: Sequence[SnapshotView]) -> Chart:
    """Per cent of attention by step: the best previous-token head, and the one that copies best."""
    before = {view.step: view.roles[words.ASKED].share.max().item() for view in views if view.roles}
    copied = {view.step: float(view.copying.share.max()) for view in views if view.copying}
    lines = [
        Line(name, list(found), [100 * each for each in found.values()], color, markers=True)
        for name, found, color in ((words.BEFORE, before, 2), (words.COPIED, copied, 1))
        if found
    ]
    return curves(lines, x_title="step", y_title="% of attention", height=_HEIGHT, from_zero=True)
