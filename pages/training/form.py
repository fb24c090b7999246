"""The widgets that describe a new run, checked as they are changed."""

from __future__ import annotations

from typing import Any

import streamlit as st

from corpus import Corpus
from gpt_core.model.config import GPTConfig
from gpt_core.model.settings import ConfigError
from pages.data.text_tables import guessing_bars
from pages.training import words
from pages.training.preparing import Prepared, prepare
from ui.app import widgets
from ui.app.chosen_text import chosen_corpus
from ui.app.links import page_of
from ui.app.visitor import visitor_id
from ui.services.runs import (
    Limits,
    RunRequest,
    TrainingError,
    count_parameters,
    describe,
    tokens_per_step,
)
from ui.services.training import training_service
from ui.show.names import as_text, show_error

_KINDS = ("char", "word", "bpe")


def training_form() -> None:
    """Draw the form; the button queues the run and shows it."""
    limits = training_service().limits
    corpus = chosen_corpus()
    st.markdown(f"**Text**: “{as_text(corpus.name)}”, {len(corpus.text):,} characters")
    st.page_link(page_of("data"), label="Choose another text", icon=":material/library_books:")
    problems: list[str] = []
    prepared = _tokenizer_widgets(corpus.text, problems)
    sizes, learning = _model_widgets(limits), _learning_widgets(limits)
    request = _request(corpus, prepared, sizes, learning, problems)
    for problem in problems:
        show_error(problem)
    if request:
        _estimate(request, limits)
    # No callback: it would start what the form said before the number that was typed last.
    pressed = st.button(
        "Start training",
        key="start_run",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=request is None,
    )
    if pressed and request:
        _start(request)
    st.caption(words.rules(limits))


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


def _model_widgets(limits: Limits) -> dict[str, Any]:
    design = widgets.segmented_control(
        "Design", list(words.DESIGNS), "modern", key="design", on_change=_use_preset_values
    )
    st.caption(words.DESIGNS[design])
    preset = preset_values(design, limits)
    one, two = st.expander("Size of the model", icon=":material/straighten:").columns(2)
    return {
        "design": design,
        "n_layer": _number(one, "Layers", "layers", 1, 24, preset),
        "n_head": _number(two, "Heads", "heads", 1, 32, preset),
        "n_embd": _number(one, "Width", "width", 8, 1024, preset),
        "block_size": _number(two, "Context", "context", 8, 1024, preset),
    }


def _learning_widgets(limits: Limits) -> dict[str, Any]:
    preset = preset_values(st.session_state["design"], limits)
    one, two = st.expander("How it learns", icon=":material/tune:").columns(2)
    return {
        "steps": _number(one, "Steps", "train_steps", 1, limits.steps, preset),
        "batch_size": _number(two, "Batch", "train_batch", 1, 512, preset),
        "learning_rate": widgets.number_input(
            "Learning rate",
            0.000001,
            1.0,
            preset["train_rate"],
            key="train_rate",
            container=one,
            format="%g",
            step=preset["train_rate"] / 5,
        ),
        "seed": _number(two, "Seed", "train_seed", 0, 99_999, preset),
    }


def _number(column: Any, label: str, key: str, low: int, high: int, preset: dict[str, Any]) -> int:
    return widgets.number_input(label, low, high, preset[key], key=key, container=column)


def preset_values(design: str, limits: Limits) -> dict[str, Any]:
    """The values that the number boxes start with, by their keys."""
    from gpt_core.training.config import TrainConfig

    model = GPTConfig.from_preset(design, vocab_size=1)
    train = TrainConfig.from_preset(design)
    return {
        "layers": model.n_layer,
        "heads": model.n_head,
        "width": model.n_embd,
        "context": model.block_size,
        "train_steps": min(train.steps, limits.steps),
        "train_batch": train.batch_size,
        "train_rate": train.learning_rate,
        "train_seed": train.seed,
    }


def _use_preset_values() -> None:
    limits = training_service().limits
    st.session_state.update(preset_values(st.session_state["design"], limits))


def _request(
    corpus: Corpus,
    prepared: Prepared,
    sizes: dict[str, Any],
    learning: dict[str, Any],
    problems: list[str],
) -> RunRequest | None:
    """The run as described, or None and a sentence added to the problems."""
    from gpt_core.training.config import TrainConfig

    design = sizes.pop("design")
    try:
        model = GPTConfig.from_preset(design, vocab_size=prepared.tokenizer.vocab_size, **sizes)
        train = TrainConfig.from_preset(design, **learning, **rhythm(learning["steps"]))
        request = RunRequest(
            name=f"{design}, {prepared.tokenizer.kind}, {train.steps:,} steps",
            corpus_name=corpus.name,
            text=corpus.text,
            tokenizer=prepared.tokenizer,
            model=model,
            train=train,
            parameters=count_parameters(model),
            bar_bits=tuple(guessing_bars(corpus.text)["bits, on unseen text"]),
            characters_per_token=prepared.characters_per_token,
        )
        training_service().check(request)
    except (ConfigError, TrainingError) as error:
        problems.append(str(error))
        return None
    if prepared.val_tokens <= model.block_size:
        problems.append(words.too_short(prepared.val_tokens, model.block_size))
    return None if problems else request


def rhythm(steps: int) -> dict[str, int]:
    """How often to evaluate, sample and save: often enough to watch, seldom enough to be quick."""
    twentieth = max(5, steps // 20)
    return {
        "eval_interval": twentieth,
        "sample_interval": 2 * twentieth,
        "snapshot_interval": 2 * twentieth,
        "checkpoint_interval": min(50, 2 * twentieth),
    }


def _estimate(request: RunRequest, limits: Limits) -> None:
    """What the run will take, before it starts."""
    from gpt_core.training.estimate import estimate

    expected = estimate(request.model, request.train, training_service().speed())
    tokens = request.train.steps * tokens_per_step(request.model, request.train)
    st.markdown(
        words.estimate(
            design=describe(request.model),
            parameters=expected.parameters,
            steps=request.train.steps,
            tokens=tokens,
            seconds=expected.seconds,
            memory=expected.memory_bytes / 1e9,
        )
    )
    if expected.seconds > limits.turn_seconds:
        st.warning(
            words.longer_than_a_turn(limits.turn_seconds),
            icon=":material/schedule:",
        )


def _start(request: RunRequest) -> None:
    try:
        run_id = training_service().submit(visitor_id(), request)
    except ValueError as error:
        show_error(error)
    else:
        st.session_state["run"] = run_id
        st.session_state["compare"] = [run_id, *st.session_state.get("compare", [])]
