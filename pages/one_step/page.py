"""One step under the microscope: gradients, the update, what it changed, and one too large."""

import math
from collections.abc import Callable
from functools import partial

import streamlit as st

from gpt_core.experiments import one_step as microscope
from gpt_core.experiments.one_step import Report
from gpt_core.tokenizers import as_prompt
from gpt_core.training import autopsy as coroner
from gpt_core.training.config import TrainConfig
from gpt_core.training.optim import AdamW, Muon
from pages.one_step import figures, view, words
from pages.one_step.results import autopsies_in_bits, in_bits, step_of
from ui.app import widgets
from ui.app.glossary import prose
from ui.app.job_panel import job_panel, recorded_result
from ui.app.lesson import further_reading, goal, predict, self_test, try_this, you_can_now
from ui.app.source import show_source
from ui.app.study_bar import about_prompt, current_study, line_breaks
from ui.services.models import BUNDLED
from ui.services.study import Study
from ui.show.curves import show as show_chart
from ui.show.tables import show_table

ONE = (1.0,)  # the learning rate itself, which is looked at before the others
MOST_ON_PAGE = 3_000_000  # parameters; copying a larger model and its gradients is a job
TOO_LARGE, STEPS = (10.0, 30.0, 100.0, 300.0, 1000.0), 8
RECORDED = "too_large_step"


def choose_other(study: Study) -> tuple[str, tuple[int, ...]]:
    typed = widgets.text_input(
        "Another text, to see what the step costs elsewhere",
        words.OTHER_TEXT,
        key="step_other",
        max_chars=500,
    )
    text = as_prompt(study.tokenizer, line_breaks(typed))
    longest = min(microscope.LONGEST, study.model.config.block_size)
    return text, tuple(token.id for token in study.tokenizer.tokenize(text)[-longest:])


def look(
    study: Study, report: Report, whole: Callable[[], Report], config: TrainConfig, own: bool
) -> None:
    """Show a step. whole: gives the same report with every learning rate, once it is asked for."""
    if not math.isfinite(report.at(0.0).loss):
        st.info(words.BURST, icon=":material/warning:")
        return
    try_rates(study, report, whole, config, own)
    view.show_gradients(study, report)
    view.show_moves(study, report, config, own)


@st.fragment
def try_rates(
    study: Study, report: Report, whole: Callable[[], Report], config: TrainConfig, own: bool
) -> None:
    """The part that runs again when another learning rate is chosen; the rest stays."""
    if not predict(
        f"step_guess_{config.optimizer}",
        words.question(report.at(0.0).loss, report.at(1.0).loss, own),
        words.GUESSES,
        lambda guess: words.answer(guess, whole()),
    ):
        st.info(words.CHOOSE, icon=":material/lock:")
        return
    st.header("After the step")
    before, after = view.show_losses(study, whole(), config)
    view.show_predictions(study, whole(), before, after)
    view.show_attention(study, whole(), before, after)


def look_at_job(study: Study, config: TrainConfig, own: bool, value: dict, finished: bool) -> None:
    report = in_bits(Report.from_plain(value, study.model.config.vocab_size))
    look(study, report, lambda: report, config, own)


def break_it(study: Study, settings: dict[str, str]) -> None:
    st.header("Too large, on purpose")
    prose(words.autopsies(STEPS, coroner.EXPLODED))
    factor = widgets.select_slider(
        "How much too large",
        TOO_LARGE,
        100.0,
        key="step_too_large",
        format_func=lambda f: f"×{f:g}",
    )

    def draw(found: dict, finished: bool) -> None:
        value = autopsies_in_bits(found)
        chart = figures.breaking_curve(value["steps"], value["guessing"], STEPS)
        show_chart(chart, "step_breaking", "Loss of the sentence and of the other text by step")
        st.markdown(words.autopsy(value, study.model.config, finished))
        show_table(words.autopsy_table(value), "step_autopsy", "What became of it")

    wanted = settings | {"factor": factor, "steps": STEPS}
    known = study.run_key == BUNDLED and recorded_result(RECORDED)["settings"] == wanted
    recorded = RECORDED if known else None
    label = "Break a copy of the model"
    job_panel("too_large_step", wanted, draw, label=label, study=study, recorded=recorded)


@about_prompt
def take_step(study: Study) -> None:
    study = study.last(microscope.LONGEST)
    own = study.loaded.run.train_config
    left, right = st.columns([1, 3])
    with left:
        optimizer = widgets.segmented_control(
            "Optimizer",
            microscope.OPTIMIZERS,
            own.optimizer,
            key="step_optimizer",
            format_func=words.NAMES.__getitem__,
        )
    with right:
        other, other_ids = choose_other(study)
    st.markdown(words.sentence(study.tokens, study.left_out))
    if min(len(study.ids), len(other_ids)) < 2:
        st.info(words.TOO_SHORT, icon=":material/short_text:")
        return
    config = microscope.recipe(own, optimizer)
    mine = own.optimizer == optimizer and not study.loaded.imported
    settings = {"sentence": study.prompt, "other": other, "optimizer": optimizer}
    if study.model.num_parameters() > MOST_ON_PAGE:
        st.info(words.large(study.model.num_parameters()), icon=":material/memory:")
        draw = partial(look_at_job, study, config, mine)
        job_panel("one_step", settings, draw, label="Take the step", study=study)
    else:
        rates = partial(step_of, study, other_ids, optimizer)
        look(study, rates(ONE), partial(rates, microscope.FACTORS), config, mine)
    break_it(study, settings)


st.title("One step under the microscope")
current_study()
goal(words.GOAL)
prose(words.INTRO)
take_step()

try_this(*words.TRY)
self_test(*words.QUESTIONS)
you_can_now(*words.ABILITIES)
show_source(microscope.backward, microscope.one_step, AdamW, Muon, coroner.autopsy)
further_reading(*words.READING)
