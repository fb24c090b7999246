"""The parts of the lesson on lean models: each shows one way to make a model smaller or faster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import streamlit as st

from gpt_core.compression.pruning import FEWEST_HEADS
from gpt_core.compression.rounding import GRIDS
from gpt_core.evaluation.paired import paired
from gpt_core.training.needs import (
    H100,
    Machine,
    grown,
    kept_at_the_end,
    kept_in_a_block,
    training_of,
)
from pages.lean import figures, words
from pages.lean.results import matrices_of, needs_here, rounding_of
from ui.app import widgets
from ui.app.client import is_guest
from ui.app.glossary import prose
from ui.app.job_panel import job_panel, known_result
from ui.app.lesson import ask
from ui.components.chart import show
from ui.services.jobs import longest_job
from ui.services.models import BUNDLED
from ui.services.study import Study
from ui.show.curves import Line, curves
from ui.show.curves import show as show_curves
from ui.show.tables import show_table

SWITCHES, PRUNING = {"texts": 40}, {"texts": 40, "steps": 80, "seed": 1}
DISTILLED = (5, 20)  # seconds that a student may train here
STUDENTS, OVERHEAD = 6, 1.6  # all that a computation does takes so many times what they train for
FACTORS = (1, 2, 5, 10, 20, 50)
TIMES = (1, 10, 100, 1_000, 10_000)
MOST_GROWN = 512  # layers that a config may have
BATCH = (8, 384)  # where nothing was measured


def recorded(name: str, study: Study) -> str | None:
    """The name of what is recorded of the bundled model, for that model."""
    return name if study.run_key == BUNDLED else None


def _panel(
    job: str,
    settings: dict[str, Any],
    draw: Callable[[dict[str, Any], bool], None],
    label: str,
    study: Study,
) -> None:
    """A job about this model, recorded under its own name for the bundled one."""
    job_panel(job, settings, draw, label=label, study=study, recorded=recorded(job, study))


@st.fragment
def show_grid(study: Study) -> None:
    """A matrix's weights and the grid that they are moved to, with an outlier at will."""
    left, right = st.columns(2, gap="large")
    with left:
        names = matrices_of(study.loaded)
        name = widgets.selectbox(
            "Matrix", names, 0, key="lean_matrix", format_func=words.short_matrix
        )
        grids = list(GRIDS)  # too wide for buttons side by side
        grid = widgets.selectbox("Grid", grids, grids.index(words.TENSOR), key="lean_grid")
        st.caption(words.GRIDS_SAID[grid])
        factor = widgets.select_slider(
            "Multiply the largest channel by", FACTORS, 1, key="lean_outlier"
        )
        zoomed = widgets.toggle("As wide as the grid", key="lean_zoom")
        found = rounding_of(study.loaded, name, grid, float(factor))
        st.markdown(words.on_the_grid(found, grid))
    with right:
        show(figures.histogram(found, zoomed), "lean_histogram", words.HISTOGRAM_ALT)
    st.markdown(words.outlier(found, float(factor)))


def ask_about_bits(study: Study) -> bool:
    """What eight bits do to the loss: guess, then see. Whether the reader has guessed."""
    known = known_result("lean_switches", SWITCHES, study, recorded("lean_switches", study))
    return ask(
        f"lean_bits_{study.run_key}",
        words.QUESTION,
        words.OPTIONS,
        lambda guess: words.judged(guess, known),
    )


def show_switches(study: Study) -> None:
    """All ways beside the plain model: bytes, speed, loss, sample."""
    prose(words.SWITCHES)
    _panel(
        "lean_switches", SWITCHES, lambda found, finished: _switches(found), "Measure all", study
    )


def _switches(found: dict[str, Any]) -> None:
    _side_by_side(found)
    st.caption(words.LUCK_SAID)
    show_table(words.switch_rows(found), "lean_switch", "All ways, side by side")
    st.markdown(words.best(found))
    st.subheader("Round better: GPTQ")
    prose(words.METHOD)
    st.markdown(words.gptq_said(found))
    _errors(found)


@st.fragment
def _side_by_side(found: dict[str, Any]) -> None:
    """One way beside the plain model."""
    kinds = [name for name in found["kinds"] if name != words.PLAIN]
    start = kinds.index(words.CHANNEL)
    kind = widgets.selectbox(words.FOUR, kinds, start, key="lean_kind", format_func=words.name_of)
    both = {words.name_of(name): found["kinds"][name] for name in (words.PLAIN, kind)}
    _four_numbers(both, found["prompt"], "precision")
    st.markdown(words.switched(kind, found))


def _four_numbers(kinds: Mapping[str, words.Found], prompt: str, key: str) -> None:
    """Models beside each other, the plain one first: bytes, speed, loss, and a sample of each."""
    title = words.FOUR_TITLES[key]
    show_table(words.side_by_side(kinds), f"lean_four_{key}", title)
    st.caption(words.WITHIN)
    for column, (name, each) in zip(st.columns(len(kinds)), kinds.items(), strict=True):
        with column:
            st.caption(name)
            text = (prompt + each["sample"]).strip("\n")
            st.code(text, language=None, wrap_lines=True, height=190)


@st.fragment
def _errors(found: dict[str, Any]) -> None:
    """The error of each matrix, of its weights or of its results."""
    of = widgets.segmented_control(
        "Error of", list(words.ERROR_AXES), words.ERROR_AXES[1], key="lean_error_of"
    )
    figure = figures.matrix_errors(found["errors"], words.ERROR_AXES.index(of))
    show(figure, "lean_errors", words.ERRORS_ALT)


def show_pruning(study: Study) -> None:
    """Loss against the share that is removed; a slider reads it off; then healing."""
    prose(words.PRUNE)
    heads = study.model.config.n_layer * study.model.config.n_head
    if heads < FEWEST_HEADS:
        st.markdown(words.fewer_heads(heads))
    settings = PRUNING | {"seconds": int(longest_job(is_guest()))}
    _panel(
        "lean_pruning", settings, lambda found, finished: _pruning(found), "Prune and heal", study
    )


def _pruning(found: dict[str, Any]) -> None:
    _pruned_at(found)
    st.markdown(words.zeros_or_removal(found))
    st.markdown(words.healed(found))
    if found["healing"]:
        _four_numbers(words.healed_kinds(found), found["prompt"], "healed")


@st.fragment
def _pruned_at(found: dict[str, Any]) -> None:
    """A slider of the share, and the model without it."""
    shares = [round(100 * share) for share in found["shares"]]
    chosen = widgets.select_slider(
        "Share to remove, %", shares, 20, key="lean_share", format_func=str
    )
    share = found["shares"][shares.index(chosen)]
    left, right = st.columns([3, 2], gap="large")
    with left:
        plain = found["plain"]["loss"][0]
        figure = figures.pruning(found["curves"], found["shares"], share, plain)
        show(figure, "lean_pruned", words.PRUNING_ALT)
    with right:
        st.markdown(words.at_share(share, found))
        st.markdown(words.how_far(found))
    _four_numbers(words.pruned_kinds(share, found), found["prompt"], "pruned")


@st.fragment
def show_distillation(study: Study) -> None:
    """A student of a quarter of the size, with the teacher's probabilities and without."""
    prose(words.distil(study.model.config.vocab_size))
    start = DISTILLED[1] if study.run_key == BUNDLED else DISTILLED[0]
    seconds = widgets.segmented_control(
        "Seconds for each of six students", DISTILLED, start, key="lean_seconds"
    )
    name = recorded("lean_distillation", study) if seconds == DISTILLED[1] else None
    job_panel(
        "lean_distillation",
        {"seconds": seconds},
        lambda found, finished: _distilled(found),
        label="Teach six students",
        study=study,
        recorded=name,
        needs=STUDENTS * OVERHEAD * seconds,
    )


def _distilled(found: dict[str, Any]) -> None:
    difference = paired(found["losses"]["teacher"], found["losses"]["text"])
    kinds = {said: found["kinds"][way] for way, said in words.STUDENTS.items()}
    _four_numbers(kinds, found["prompt"], "distilled")
    st.markdown(words.students(found))
    show_table(words.student_rows(found, difference), "lean_students", "Students")
    st.markdown(words.taught(found, difference))


def show_cache(study: Study) -> None:
    """Time per token against position, with a cache and without."""
    prose(words.CACHE)
    config = study.model.config

    def draw(found: dict[str, Any], finished: bool) -> None:
        lines = [
            Line("with a KV cache", found["positions"], found["cached"], 0, markers=True),
            Line("everything again", found["positions"], found["again"], 1, markers=True),
        ]
        chart = curves(
            lines,
            x_title="position of the token",
            y_title="milliseconds",
            x_max=found["positions"][-1] if finished else None,
            height=320,
            from_zero=True,
        )
        show_curves(chart, "lean_cache", words.CACHE_ALT)
        st.markdown(words.cached(found))
        st.markdown(
            words.cache_size(
                found, config.n_layer, config.n_head, config.head_dim, config.block_size
            )
        )

    _panel("lean_cache", {}, draw, "Measure it", study)


def show_training(study: Study) -> dict[str, Any] | None:
    """Ways to compute a step in less memory or time, what a step waits for. What is known of it."""
    prose(words.SAME)
    config = study.model.config

    def draw(found: dict[str, Any], finished: bool) -> None:
        show_table(words.way_rows(found), "lean_ways", "Ways to take a step")
        total = study.model.num_parameters()
        tying = words.tying(config.vocab_size, config.n_embd, total, config.tie_weights)
        st.markdown(words.ways_said(found) + "\n" + tying)
        st.subheader("What does a token wait for?")
        st.markdown(words.WAIT)
        show(figures.waiting(found["waits"]), "lean_waiting", words.WAITING_ALT)
        st.markdown(words.waits_said(found))

    name = recorded("lean_training", study)
    job_panel("lean_training", {}, draw, label="Measure all of it", study=study, recorded=name)
    return known_result("lean_training", {}, study, name)


def show_compile(study: Study) -> None:
    """torch.compile with its compile time."""
    prose(words.COMPILE)

    def draw(found: dict[str, Any], finished: bool) -> None:
        st.markdown(words.compiled(found))

    _panel("lean_compile", {}, draw, "Compile it", study)


@st.fragment
def show_scale(study: Study, found: dict[str, Any] | None) -> None:
    """The arithmetic of a model many times as large. found: what the small one really takes."""
    prose(words.SCALE)
    config = study.model.config
    allowed = [t for t in TIMES if grown_fits(study, t)]
    times = widgets.select_slider(
        "Times as large", allowed, 1_000 if 1_000 in allowed else allowed[-1], key="lean_times",
        format_func=lambda t: f"{t:,}",
    )  # fmt: skip
    batch = tuple(found["batch"]) if found else (BATCH[0], min(BATCH[1], config.block_size))
    small = needs_here(study.loaded, batch, 1)
    large = needs_here(study.loaded, batch, times)
    taken = found and found["taken"]
    show_table(
        words.need_rows(asdict(small), asdict(large), taken, times),
        "lean_needs",
        "Two models",
    )
    st.markdown(words.checked(asdict(small), taken))
    design = config if times == 1 else grown(config, times)
    st.markdown(
        words.activations(kept_in_a_block(design), design.n_layer, kept_at_the_end(design), batch)
    )
    there = training_of(large, H100)
    here = None
    if found:
        reached = Machine("this machine", found["flops"], 0, "")
        here = (found["flops"], training_of(large, reached).seconds)
    st.markdown(
        words.training_said(
            large.parameters, there.tokens, there.flops, large.flops,
            (H100.name, there.seconds, there.kwh), here,
            large.weights + large.gradients + large.optimizer + large.activations,
        )
    )  # fmt: skip


def grown_fits(study: Study, times: int) -> bool:
    """Whether a config allows the design at so many times its size."""
    try:
        return grown(study.model.config, times).n_layer <= MOST_GROWN
    except ValueError:
        return False
