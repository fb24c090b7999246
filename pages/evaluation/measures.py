"""The loss in four units, by the context before a token, and whether probabilities come true."""

from __future__ import annotations

import streamlit as st

from gpt_core.training.run_files import RunError
from pages.evaluation import words
from pages.evaluation.figures import context_curves, reliability_chart
from pages.evaluation.results import (
    by_context,
    calibration_of,
    clothes_of,
    gap_of,
    measured,
    unknown_share,
)
from ui.app import address, widgets
from ui.app.glossary import prose
from ui.app.lesson import ask
from ui.app.study_bar import current_study, model_names
from ui.app.widgets import from_address
from ui.components.chart import show
from ui.services.models import LoadedModel, load
from ui.show.bars import amount_bars, show_bars
from ui.show.names import show_error
from ui.show.tables import show_table
from ui.show.theme import palette, series_color

SECOND = "eval_second"


def show_clothes(loaded: LoadedModel) -> None:
    """One loss, four units; beside it what others need for the same text."""
    found = clothes_of(loaded)
    held = measured(loaded)
    if found is None or isinstance(held, str):
        return
    left, right = st.columns([3, 2], gap="large")
    with left:
        show_table(words.clothes_table(found), "eval_clothes", "One loss in four units")
        prose(words.clothes(held.pieces.what, unknown_share(held.pieces)))
    with right:
        prose(words.BARS)
        bars = {"guessing": found.guessing}
        bars |= {f"{order}-gram": bits for order, bits in found.counted.items()}
        bars["this model"] = found.per_character.value
        colors = [palette().muted] * (len(bars) - 1) + [series_color(1)]
        drawn = amount_bars(list(bars), list(bars.values()), colors, ".3f")
        show_bars(drawn, "eval_bars", "Bits per character, a bar for each predictor")
        prose(words.bars(found, loaded.imported))


@st.fragment
def show_positions(loaded: LoadedModel, name: str) -> None:
    """How the loss falls with the context, for this model and a second one."""
    ranges = by_context(loaded)
    if len(ranges) < 2:
        return
    if not ask(
        f"eval_context_{loaded.fingerprint}",
        words.context_question(ranges),
        list(words.FALLS),
        lambda guess: words.context_judged(guess, ranges),
    ):
        return
    shown = [(name, ranges)]
    second, sitcom = choose_second(), loaded.run.recipe() is not None
    if second is not None:
        try:
            second_model = load(second[0])
            other = by_context(second_model)
            sitcom = sitcom or second_model.run.recipe() is not None
        except RunError as error:
            show_error(error)
            other = []
        shown += [(second[1], other)] if other else []
    show(context_curves(shown), "eval_context", words.CONTEXT_ALT)
    for each, its in shown:
        prose(words.context_finding(its, each))
    if sitcom:
        prose(words.FROM_ANYWHERE)
    if len(shown) == 2:
        prose(words.two_models((shown[0][0], shown[1][0])))


def choose_second() -> tuple[str, str] | None:
    """Key and name of another model than the loaded one, if the reader wants one."""
    names = model_names()
    names.pop(current_study().run_key, None)
    from_address(SECOND, words.NO_SECOND)
    if st.session_state[SECOND] not in names:
        st.session_state[SECOND] = words.NO_SECOND
    options = {words.NO_SECOND: words.NO_SECOND} | names
    key = st.selectbox(
        words.SECOND, list(options), format_func=lambda k: options.get(k, k), key=SECOND
    )
    address.write({SECOND: key if key != words.NO_SECOND else None})
    return None if key == words.NO_SECOND else (key, names[key])


@st.fragment
def show_calibration(loaded: LoadedModel) -> None:
    """Whether what it says comes true, and what temperature mends it."""
    held = measured(loaded)
    if isinstance(held, str) or not ask(
        f"eval_sure_{loaded.fingerprint}",
        words.CALIBRATION_QUESTION,
        words.CALIBRATION_OPTIONS,
        lambda guess: words.calibration_judged(guess, gap_of(held.reading)),
    ):
        return
    found = calibration_of(loaded)
    if found is None:
        st.info(words.NO_CALIBRATION)
        return
    left, right = st.columns([3, 2], gap="large")
    with right:
        mended = widgets.toggle(words.MEND, key="eval_mended")
        prose(words.calibration(found))
    with left:
        chart = reliability_chart(found.bins, found.mended_bins if mended else None)
        show(chart, "eval_reliability", words.RELIABILITY_ALT)
