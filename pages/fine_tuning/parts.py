"""The parts of the Fine-tuning lesson: what was learned and forgotten, and where it changed."""

from __future__ import annotations

from typing import Any

import streamlit as st

from gpt_core.interpret.weight_change import WeightChange
from gpt_core.jobs.fine_tuning import SEEDS, SHAKESPEARE, STEPS, TEXTS
from pages.fine_tuning import figures, words
from pages.fine_tuning.results import changes_of, own_changes
from ui.app import widgets
from ui.app.glossary import prose
from ui.app.job_panel import job_panel, known_result
from ui.app.lesson import ask
from ui.app.links import page_of
from ui.components.chart import show
from ui.services.models import BUNDLED
from ui.services.runs import count_parameters, count_trained
from ui.services.study import Study
from ui.show.tables import show_table

JOB = "fine_tuning"
RECORDED = {"text": SHAKESPEARE, "steps": STEPS[-1], "seeds": SEEDS[-1]}


@st.fragment
def show_tuning(study: Study) -> None:
    """Choose a text and how long; ask; then the curves, what is written, where it changed."""
    settings = _settings(study.run_key == BUNDLED)
    recorded = JOB if study.run_key == BUNDLED and settings == RECORDED else None
    known = known_result(JOB, settings, study, recorded)
    if known is not None:
        st.header("Predict first")
        case = f"tuned_{study.fingerprint}_{'_'.join(map(str, settings.values()))}"
        if not ask(
            case, words.question(known), words.GUESSES, lambda guess: words.judged(guess, known)
        ):
            return
    else:
        st.info(words.RUN_IT)
    job_panel(JOB, settings, _draw, label="Tune it", study=study, recorded=recorded)


def _settings(whole: bool) -> dict[str, Any]:
    """What is to be learned. whole: begin with what is recorded, else with what is quick."""
    first = -1 if whole else 0
    left, middle, right = st.columns(3)
    return {
        "text": widgets.selectbox("Second text", TEXTS, key="tuned_text", container=left),
        "steps": widgets.selectbox(
            "Steps", STEPS, first % len(STEPS), key="tuned_steps", container=middle
        ),
        "seeds": widgets.selectbox(
            "Seeds", SEEDS, first % len(SEEDS), key="tuned_seeds", container=right
        ),
    }


def _draw(found: dict[str, Any], finished: bool) -> None:
    for column, side in zip(st.columns(2, gap="large"), words.SIDES, strict=True):
        with column:
            show(figures.loss_curves(found, side), f"tuned_{side}", words.CURVE_ALT[side])
    for said in (words.learned(found), words.forgot(found), words.lora_against_all(found)):
        prose(said)
    show_table(words.table(found), "tuned_table", "Losses before and after")
    st.caption(words.about_rates(found) + words.how_rates(words.BEHIND))
    st.header("The same beginning, before and after")
    _show_written(found)
    st.header("Where in the model the change is")
    _show_changes({way: changes_of(told) for way, told in found["changes"].items()})


def _show_written(found: dict[str, Any]) -> None:
    prose(words.WRITTEN)
    for way, name in {"before": "before", **words.WAYS}.items():
        for column, side in zip(st.columns(2, gap="large"), words.PROMPTS, strict=True):
            with column:
                st.caption(f"{name} · {words.PROMPTS[side]}")
                told = found["prompts"][side] + found["written"][way][side]
                st.code(told.strip("\n"), language=None, wrap_lines=True)


@st.fragment
def _show_changes(changes: dict[str, list[WeightChange]]) -> None:
    prose(words.CHANGED)
    way = widgets.segmented_control(
        "Trained", list(changes), "all", key="tuned_way", format_func=words.WAYS.__getitem__
    )
    show(figures.size_map(changes[way]), "tuned_sizes", words.SIZES_ALT)
    prose(words.where(changes[way], way))
    places = range(len(changes["all"]))
    chosen = widgets.selectbox(
        "Matrix",
        places,
        len(places) - 1,  # the first ones may be tables, which LoRA leaves alone
        key="tuned_matrix",
        format_func=lambda place: words.place(changes["all"][place]),
    )
    one = {name: changes[name][chosen] for name in ("all", "lora")}
    show(figures.value_curves(one), "tuned_values", words.VALUES_ALT)
    prose(words.narrow(one))


@st.fragment
def show_rank(study: Study) -> None:
    """How many numbers a rank costs in the loaded model."""
    config = study.model.config
    most = min(64, config.n_embd)
    rank = widgets.slider("Rank r", 1, most, min(8, most), key="tuned_rank")
    lora, whole = count_trained(config, "lora", rank), count_parameters(config)
    prose(words.counted_ranks(config, rank, lora, whole))


def show_own(study: Study) -> None:
    """Where the loaded model changed, if it went on from another one."""
    run = study.loaded.run
    if run.start is None:
        prose(words.no_own(study.loaded.imported))
        st.page_link(page_of("training"), label="Training", icon=":material/trending_down:")
        return
    changes = own_changes(study.loaded)
    if changes is None:
        st.info(words.START_GONE)
        return
    prose(words.own(run.start))
    show(figures.size_map(changes), "tuned_own", words.OWN_ALT)
    prose(words.where(changes, run.train_config.tune))
