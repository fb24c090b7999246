"""The widgets that describe a new run, checked as they are changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import streamlit as st

from corpus import Corpus
from gpt_core.model.config import GPTConfig
from gpt_core.model.settings import ConfigError
from gpt_core.training.config import TrainConfig
from pages.training import words
from pages.training.preparing import Prepared, prepare, rhythm
from pages.training.request import request_of
from pages.training.starting import tuning_request
from pages.training.vote import FOR_CLASS, NEW, forget_vote, let_vote
from ui.app import widgets
from ui.app.chosen_text import chosen_corpus
from ui.app.client import is_guest, own_limits
from ui.app.links import page_of
from ui.app.reach import own_page
from ui.app.seat import place_in_class
from ui.app.visitor import storage_is_blocked, visitor_id
from ui.services.runs import (
    Limits,
    RunRequest,
    TrainingError,
    describe,
    tokens_per_step,
)
from ui.services.training import training_service
from ui.show.names import as_text, show_error

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

_LONGEST_NAME = 60
_KINDS = ("char", "word", "bpe")
THIS = "this model"


class Box(NamedTuple):
    """A setting in the form: narrower limits than its own, for models that two cores can train."""

    name: str
    label: str
    key: str
    low: float
    high: float


_SIZES = (
    Box("n_layer", "Layers", "layers", 1, 24),
    Box("n_head", "Heads", "heads", 1, 32),
    Box("n_embd", "Width", "width", 8, 1024),
    Box("block_size", "Context", "context", 8, 1024),
)
_LEARNING = (
    Box("steps", "Steps", "train_steps", 1, Limits().steps),
    Box("batch_size", "Batch", "train_batch", 1, 512),
    Box("learning_rate", "Learning rate", "train_rate", 1e-6, 1.0),
    Box("seed", "Seed", "train_seed", 0, 99_999),
)
# Only where runs of tokens have vectors.
_TABLE = (
    Box("ngram_rows", "Rows for each length", "run_rows", 16, 100_000),
    Box("ngram_dropout", "Share zeroed", "run_dropout", 0.0, 0.9),
)
_TABLE_RATE = Box("ngram_lr", "Learning rate of these vectors", "run_rate", 1e-4, 1.0)
_BOXES = (*_SIZES, *_LEARNING, *_TABLE, _TABLE_RATE)
_RUNS = (0, 2, 3, 4, 5, 6, 7, 8)


def training_form() -> str | None:
    """Draw the form; the button queues the run and shows it. The run that it has just begun."""
    limits = own_limits()
    corpus = chosen_corpus()
    start_place = st.container()  # beside the curve, whatever is unfolded below
    st.markdown(f"**Text**: “{as_text(corpus.name)}”, {len(corpus.text):,} characters")
    st.page_link(page_of("data"), label="Choose another text", icon=":material/library_books:")
    problems: list[str] = []
    start = widgets.segmented_control("Start from", (NEW, THIS), NEW, key="train_from")
    my_class = place_in_class()
    if my_class:
        training_service().warm_up()
    request = (tuning_request if start == THIS else _new_request)(corpus, problems)
    for problem in problems:
        show_error(problem)
    if request:
        with st.container(key="run_estimate"):  # stays in view, whatever of the form is looked at
            _estimate(request, limits)
        if name := _name_box(request.name):
            request = replace(request, name=name)
    # No callback: it would start what the form said before the number that was typed last.
    pressed = start_place.button(
        "Start training",
        key="start_run",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=request is None,
    )
    of_all = my_class and my_class[1] == 0 and st.toggle(words.FOR_ALL, key=FOR_CLASS)
    let_vote(preset_values(st.session_state.get("design", _usual_design()), limits))
    started = None
    if pressed and request:
        started = _start(_in_class(request, my_class, bool(of_all)))
        if of_all:
            forget_vote()
    if storage_is_blocked():
        st.caption(words.kept_nowhere(f"{own_page()}training"))
    st.caption(words.rules(limits))
    return started


def _name_box(usual: str) -> str:
    """What the visitor calls the run; empty: as it is called by itself."""
    # Its maker's alone: not in the address, which a whole class may follow.
    name = st.text_input(
        "Name of the run", placeholder=usual, max_chars=_LONGEST_NAME, key="run_name"
    )
    return (name or "").strip()


def _in_class(request: RunRequest, my_class: tuple[str, int] | None, of_all: bool) -> RunRequest:
    """The run as one of the class, which goes with it. of_all: as the class's own."""
    if my_class is None:
        return request
    class_id, member = my_class
    if not (member or of_all):
        return request  # a teacher's own
    return replace(request, class_id=class_id, member=member)


def _new_request(corpus: Corpus, problems: list[str]) -> RunRequest | None:
    """The widgets of a run with new weights; see `_request`."""
    prepared = _tokenizer_widgets(corpus.text, problems)
    sizes, learning = _model_widgets(), _learning_widgets()
    _runs_widgets(sizes, learning)
    return _request(corpus, prepared, sizes, learning, problems)


def _tokenizer_widgets(text: str, problems: list[str]) -> Prepared:
    kind = widgets.segmented_control("Tokenizer", _KINDS, "char", key="train_tokenizer")
    size = None
    if kind != "char":
        size = widgets.number_input(
            "Vocabulary size",
            2 if kind == "word" else 257,
            8192,
            512,
            key=f"train_vocabulary_{kind}",
            help=words.VOCABULARY_HELP,
        )
    prepared = prepare(text, kind, size)
    if size and prepared.tokenizer.vocab_size < size:
        problems.append(words.small_vocabulary(prepared.tokenizer.vocab_size))
    return prepared


def _model_widgets() -> dict[str, Any]:
    design = widgets.segmented_control(
        "Design", list(words.DESIGNS), _usual_design(), key="design", on_change=_use_preset_values
    )
    st.caption(words.DESIGNS[design])
    columns = st.expander("Size of the model", icon=":material/straighten:").columns(2)
    return {"design": design} | _numbers(GPTConfig, _SIZES, columns, design)


def _learning_widgets() -> dict[str, Any]:
    box = st.expander("How it learns", icon=":material/tune:")
    found = _numbers(TrainConfig, _LEARNING, box.columns(2), st.session_state["design"])
    found["deal"] = widgets.toggle(
        "Deal the pieces out",
        key="train_deal",
        container=box,
        help=widgets.help_of(TrainConfig, "deal", words.DEAL_HELP),
    )
    return found


def _runs_widgets(sizes: dict[str, Any], learning: dict[str, Any]) -> None:
    """Whether runs of tokens have vectors of their own; what is chosen is added to both."""
    box, design = st.expander("Runs of tokens", icon=":material/table_rows:"), sizes["design"]
    sizes["ngrams"] = widgets.selectbox(
        "Vectors for runs of tokens",
        _RUNS,
        _RUNS.index(preset_values(design, own_limits())["runs"]),
        key="runs",
        container=box,
        format_func=words.runs_up_to,
        help=widgets.help_of(GPTConfig, "ngrams", words.RUNS_HELP),
    )
    if not sizes["ngrams"]:
        return
    columns = box.columns(2)
    sizes |= _numbers(GPTConfig, _TABLE, columns, design)
    learning |= _numbers(TrainConfig, (_TABLE_RATE,), columns, design)
    table = (sizes["ngrams"] - 1) * sizes["ngram_rows"] * sizes["n_embd"]
    box.caption(words.runs_cost(table))


def _numbers(
    settings: type, boxes: Sequence[Box], columns: Sequence[DeltaGenerator], design: str
) -> dict[str, Any]:
    """A number box for each setting, by turns in the columns; their values by name."""
    limits = own_limits()
    preset, found = preset_values(design, limits), {}
    for number, box in enumerate(boxes):
        start, most = preset[box.key], limits.steps if box.name == "steps" else box.high
        look: dict[str, Any] = {"help": widgets.help_of(settings, box.name)}
        if isinstance(start, float):
            look |= {"format": "%g", "step": start / 5}
        column = columns[number % len(columns)]
        found[box.name] = widgets.number_input(
            box.label, box.low, most, start, key=box.key, container=column, **look
        )
    return found


def preset_values(design: str, limits: Limits) -> dict[str, Any]:
    """The values that the number boxes start with, by their keys."""
    preset = GPTConfig.from_preset(design, vocab_size=1).to_dict()
    preset |= TrainConfig.from_preset(design).to_dict()
    preset["steps"] = min(preset["steps"], limits.steps)
    return {box.key: preset[box.name] for box in _BOXES} | {"runs": preset["ngrams"]}


def _usual_design() -> str:
    """What the form starts with: in a class everybody wants a model within minutes."""
    return "quick" if place_in_class() else "modern"


def _use_preset_values() -> None:
    limits = own_limits()
    st.session_state.update(preset_values(st.session_state["design"], limits))


def _request(
    corpus: Corpus,
    prepared: Prepared,
    sizes: dict[str, Any],
    learning: dict[str, Any],
    problems: list[str],
) -> RunRequest | None:
    """The run as described, or None and a sentence added to the problems."""
    design = sizes.pop("design")
    try:
        model = GPTConfig.from_preset(design, vocab_size=prepared.tokenizer.vocab_size, **sizes)
        if design != "quick":  # which has a rhythm of its own
            learning |= rhythm(learning["steps"])
        train = TrainConfig.from_preset(design, **learning)
        if said := words.steep(train.learning_rate, TrainConfig.from_preset(design).learning_rate):
            st.warning(said, icon=":material/speed:")
        runs = f", runs {words.runs_up_to(model.ngrams)}" if model.ngrams else ""
        kind = f"{design}, {prepared.tokenizer.kind}{runs}"
        return request_of(corpus, prepared, kind, model, train, problems)
    except (ConfigError, TrainingError) as error:
        problems.append(str(error))
        return None


def _estimate(request: RunRequest, limits: Limits) -> None:
    """What the run will take, before it starts."""
    from gpt_core.training.estimate import estimate

    expected = estimate(request.model, request.train, training_service().speed())
    tokens = request.train.steps * tokens_per_step(request.model, request.train)
    st.markdown(
        words.estimate(
            design=describe(request.model),
            parameters=expected.parameters,
            trained=expected.trained,
            steps=request.train.steps,
            tokens=tokens,
            seconds=expected.seconds,
            memory=expected.memory_bytes / 1e9,
        )
    )
    if expected.seconds > limits.turn_seconds:
        st.warning(words.longer_than_a_turn(limits.turn_seconds), icon=":material/schedule:")


def _start(request: RunRequest) -> str | None:
    try:
        run_id = training_service().submit(visitor_id(), request, is_guest())
    except ValueError as error:
        show_error(error)
        return None
    st.session_state["run"] = run_id
    st.session_state["compare"] = [run_id, *st.session_state.get("compare", [])]
    return run_id
