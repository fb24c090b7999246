"""One training run on the screen: where it stands, its curves, its samples, its buttons."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Sequence
from io import BytesIO
from itertools import chain
from typing import TYPE_CHECKING, Any

import streamlit as st

from gpt_core.bundled import bits_of_scenes
from pages.training import words
from pages.training.deleting import ask_to_delete
from pages.training.recorded import recorded_view
from pages.training.sharing import share_button
from ui.app import address, widgets
from ui.app.lesson import ask, guessed
from ui.app.locks import REVEAL, locked
from ui.app.seat import place_in_class
from ui.app.told import tell
from ui.app.visitor import visitor_id
from ui.app.watch import watch
from ui.services import models
from ui.services.metrics import Evaluation
from ui.services.runs import RESUMABLE, RunView, TrainingError
from ui.services.training import training_service
from ui.services.waiting import seconds_until
from ui.show.curves import Bar, Line, curves, show
from ui.show.duration import duration
from ui.show.names import as_text, plain, sentence, show_error
from ui.show.numbers import counted, number, rate

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

_FIGURE = "loss_figure"
CURVE = f".st-key-{_FIGURE}"  # where a run's effect is seen
_LONGEST_SAMPLE = 4_000  # characters
_COUNTERS = ("counting characters", "counting pairs", "counting triples")
# Pixels of the loss: it stands on one screen with Start and its own buttons; before the guess with
# all of its question.
_HEIGHT, _HEIGHT_ASKED = 260, 230
_QUESTION = "training_start"
_TICK = 1.0  # seconds between two looks at a run that trains
_SAMPLE_TICK = 3.0  # at what it has written
_FAR, _FAR_TICK = 2, 10.0  # at a run that waits further back than this place: a class may wait so
_STATES = {
    "queued": ":gray-badge[:material/hourglass_empty: waiting]",
    "running": ":orange-badge[:material/play_arrow: training]",
    "paused": ":gray-badge[:material/pause: paused]",
    "stopped": ":gray-badge[:material/stop: stopped]",
    "finished": ":gray-badge[:material/check: finished]",
    "diverged": ":red-badge[:material/trending_up: diverged]",
    "failed": ":red-badge[:material/error: failed]",
}


def choose_run() -> str:
    """A box with the visitor's runs, newest first, and the recorded one; its key is in the URL."""
    service, state = training_service(), st.session_state
    names = {view.run_id: title(view) for view in service.runs(visitor_id())}
    newest = next(iter(names), models.BUNDLED)
    asked = widgets.from_address("run", "")
    if asked and asked not in names and (view := service.find(asked)):  # shared, or one's own:
        names[asked] = title(view)  # who it is, is known a moment after a reload
    names[models.BUNDLED] = title(recorded_view())
    if asked not in names or (asked == models.BUNDLED and state.get("run_by_default")):
        asked = newest
        state["run_by_default"] = newest == models.BUNDLED
    elif asked != models.BUNDLED:  # from now on the recorded one is chosen on purpose
        state["run_by_default"] = False
    state["run"] = asked
    key = st.selectbox(
        "Run shown",
        list(names),
        format_func=widgets.name_in("run", names),
        key="run",
        label_visibility="collapsed",
    )
    address.write({"run": key})
    return key


def title(view: RunView) -> str:
    """A run's name, told apart from others of that name by the beginning of its id."""
    if view.run_id == models.BUNDLED:
        return plain(view.about.name)
    return f"{plain(view.about.name)} · {view.run_id[:4]}"


def panel(key: str) -> None:
    """Draw the run; it redraws itself every second while anything is going on."""

    def draw(view: RunView | None) -> None:
        if view is None:
            st.info(words.NO_SUCH_RUN)
            return
        recorded = key == models.BUNDLED
        if not recorded:
            _heading(view)
        picture = st.container()
        # What is pressed stands where its effect on the curve is in view: an answer that has been
        # given is only read, so the curve's own switch comes before it.
        answered = recorded and guessed(_QUESTION)
        above, below, last = st.container(), st.container(), st.container()
        tools = (above if answered else last).container(
            horizontal=True, vertical_alignment="center"
        )
        with below:
            if not recorded:
                _buttons(view)
            shown = not recorded or _guessed(view, tools)
        loss_figure(view, shown, picture, tools)
        _design(view)
        if recorded:
            st.caption(words.where(view.step, view.curves.elapsed[-1]))
        else:
            _keeping(view)
        if shown:
            _measured(view)

    # The bar's models are among what depends on these two.
    watch(
        lambda: view_of(key), draw, _seconds, lambda view: view and (view.state, view.has_model),
        name=key,
    )  # fmt: skip


def _seconds(view: RunView | None) -> float | None:
    """Between two looks at it; None where nothing is going to change."""
    if view is None or not view.active:
        return None
    return _FAR_TICK if (view.place or 0) > _FAR else _TICK


def view_of(key: str) -> RunView | None:
    """The run of that key as it stands now; None if there is none."""
    return recorded_view() if key == models.BUNDLED else training_service().find(key)


def _guessed(view: RunView, tools: DeltaGenerator) -> bool:
    """Ask where the curve begins. Whether the curves may be shown."""
    open_to_all = not (locked(REVEAL) or guessed(_QUESTION))
    if open_to_all and widgets.toggle(
        words.WITHOUT_GUESSING, key="training_shown", container=tools
    ):
        return True
    bars = [bar.y for bar in bars_of(view)]
    begin = per_token(view.curves.evaluations[0].val_loss)
    options = words.starts(bars[0], min(bars))
    return ask(
        _QUESTION,
        words.QUESTION,
        list(options),
        lambda guess: words.start_answer(guess, options, begin, bars[0], view.setup.model),
        CURVE,
    )


def _heading(view: RunView) -> None:
    """Where it stands."""
    done = min(1.0, view.step / view.setup.steps)
    st.progress(done, text=f"{_STATES[view.state]} {progress_text(view)}")
    if view.reason:
        (st.error if view.state in ("failed", "diverged") else st.info)(sentence(view.reason))
    elif view.state == "queued":
        seconds = seconds_until(training_service(), view.run_id)
        st.info(words.queued((view.place or 1) - 1, seconds))


def _design(view: RunView) -> None:
    """What is trained, and on which text."""
    setup = view.setup
    st.caption(
        f"{setup.design}, {setup.parameters:,} parameters, "
        f"{setup.tokenizer} tokenizer ({setup.vocab_size:,}), on “{as_text(setup.corpus_name)}”"
        f"{words.tuned(setup)}"
    )


def progress_text(view: RunView) -> str:
    """How far it is, how long it took, and how long it will take."""
    text = f"step {view.step:,} of {view.setup.steps:,}"
    if view.curves.elapsed:
        text += f" · {duration(view.curves.elapsed[-1])} of training"
    if view.saving:
        text += " · saving …"
    elif view.state == "running" and view.seconds_left is not None:
        text += f" · about {duration(view.seconds_left)} left"
    elif view.state == "running" and not view.step:
        text += " · starting …"
    return text


def _buttons(view: RunView) -> None:
    service, run_id = training_service(), view.run_id
    mine = service.owns(visitor_id(), run_id)
    row = st.container(horizontal=True)
    if mine and view.active:
        _button(row, "Pause", "pause", service.pause, run_id, view.saving)
        _button(row, "Stop", "stop", service.stop, run_id, view.saving)
    if mine and view.state in RESUMABLE:
        _button(row, "Resume", "play_arrow", service.resume, run_id)
    if row.button(
        "Use this model in every lesson",
        icon=":material/open_in_new:",
        key="use_run",
        type="primary" if view.has_model else "secondary",
        disabled=not view.has_model,
        help=words.USE_HELP,
        on_click=_use,
        args=(run_id,),
    ):
        st.rerun()  # the bar stands outside of this fragment
    if mine:
        share_button(view, row)
    if not view.active:
        row.download_button(
            "Download",
            lambda: archive(run_id),
            file_name=f"run-{run_id[:6]}.zip",
            mime="application/zip",
            icon=":material/download:",
            key="download_run",
            on_click="ignore",
        )
        if mine and row.button("Delete …", icon=":material/delete:", key="delete_run"):
            ask_to_delete(run_id)
    if not mine:
        st.caption(words.OF_CLASS if _is_of_class(view) else words.SHARED)
    if error := st.session_state.pop("training_error", None):
        show_error(error)


def _is_of_class(view: RunView) -> bool:
    """Whether it is the one run of the class that this visitor is in."""
    place = place_in_class()
    return place is not None and (place[0], 0) == (view.about.class_id, view.about.member)


def _keeping(view: RunView) -> None:
    """A class's run goes with its class, unless its owner keeps it."""
    service = training_service()
    if view.about.class_id and service.owns(visitor_id(), view.run_id):
        st.caption(words.kept_until(service.limits.days))
        _button(st, words.KEEP, "bookmark", service.keep, view.run_id)


def _button(
    row: Any,
    label: str,
    icon: str,
    action: Callable[[str, str], None],
    run_id: str,
    disabled: bool = False,
) -> None:
    if row.button(label, icon=f":material/{icon}:", key=f"{label.lower()}_run", disabled=disabled):
        try:
            action(visitor_id(), run_id)
        except TrainingError as error:
            st.session_state["training_error"] = str(error)
        st.rerun()


def _use(run_id: str) -> None:
    tell("model", run_id)  # the bar's own choice


def archive(run_id: str) -> BytesIO:
    """A zip of the run (model, tokenizer, text, metrics), made when it is asked for."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in training_service().archive_files(run_id):
            archive.write(path, f"run-{run_id[:6]}/{path.name}")
    file.seek(0)
    return file


def _measured(view: RunView) -> None:
    """How it stands in numbers, and what else was measured at every step."""
    one, two = st.columns(2), st.columns(2)
    with one[0]:
        _numbers(view)
    measured = view.curves
    with one[1]:
        _small_figure(view, "gradient norm", measured.grad_norm, log_y=True)
    with two[0]:
        _small_figure(view, "learning rate", measured.lr)
    with two[1]:
        speed = f" · {rate(view.tokens_per_s)}" if view.tokens_per_s else ""
        _small_figure(view, "tokens per second", measured.tokens_per_s, more=speed)


def _numbers(view: RunView) -> None:
    evaluation = view.curves.evaluations[-1] if view.curves.evaluations else None
    val_loss = evaluation.val_loss if evaluation else None
    mean = _mean(view.curves.loss[-20:])
    training = None if mean is None else per_token(mean)
    validation = None if val_loss is None else per_token(val_loss)
    bits = None if val_loss is None else bits_per_character(val_loss, view)
    st.metric("training, bits / token", _number(training), help=words.TRAINING_LOSS_HELP)
    st.metric("validation, bits / token", _number(validation), help=words.VALIDATION_LOSS_HELP)
    st.metric("validation, bits / character", _number(bits), help=words.BITS_HELP)


def _mean(values: Any) -> float | None:
    return sum(values) / len(values) if len(values) else None


def _number(value: float | None) -> str:
    return "–" if value is None else number(value, ".3f")


def per_token(nats: float) -> float:
    """Nats → bits."""
    return nats / math.log(2)


def bits_per_character(loss: float, view: RunView) -> float:
    """Nats per token → bits per character, for comparing tokenizers that lose nothing."""
    return per_token(loss) / view.about.characters_per_token


def other_number(view: RunView) -> str:
    """Of the bundled run: its loss on pieces beside that on whole scenes."""
    assert view.setup.model
    pieces = bits_per_character(view.curves.evaluations[-1].val_loss, view)
    return words.pieces_and_scenes(pieces, bits_of_scenes(), view.setup.model.block_size)


def bars_of(view: RunView) -> list[Bar]:
    """What the run must beat, in bits per token: pure guessing, then what beats that by counting.

    Of byte pairs, counting single characters is dearer than guessing; so nobody has to beat it.
    """
    about, vocabulary = view.about, view.setup.vocab_size
    guessing = Bar(f"guessing: log₂ {vocabulary:,}", math.log2(vocabulary))
    bars = [] if about.token_bits is None else [Bar("counting tokens", about.token_bits)]
    for label, bits in zip(_COUNTERS, about.bar_bits, strict=False):
        bars.append(Bar(label, bits * about.characters_per_token))
    return [guessing, *(bar for bar in bars if bar.y < guessing.y)]


def loss_figure(view: RunView, shown: bool, picture: DeltaGenerator, tools: DeltaGenerator) -> None:
    """Loss of every batch, both splits where they were evaluated, and the bars.

    shown: False draws the bars alone, from 0, for who has not guessed yet. tools: where its scale
    is chosen.
    """
    measured, points = view.curves, view.curves.evaluations
    steps = [point.step for point in points]
    batches = [per_token(loss) for loss in measured.loss]
    training, validation = ([per_token(x) for x in losses] for losses in _both(points))
    lines = [
        Line("batches", measured.step, batches, color=0, faint=True),
        Line("training", steps, training, color=0, markers=True),
        Line("validation", steps, validation, color=1, markers=True),
    ]
    logarithmic = shown and widgets.toggle(
        "Logarithmic scale",
        view.run_id == models.BUNDLED,
        key=f"logarithmic_{view.run_id}",
        help=words.LOGARITHMIC_HELP,
        container=tools,
    )
    bars = bars_of(view)
    numbers = chain((bar.y for bar in bars), *(line.y for line in lines))
    positive = min(numbers) > 0  # others have no logarithm
    figure = curves(
        lines if shown else [Line("guessing", [0, view.setup.steps], [bars[0].y] * 2, faint=True)],
        bars=bars,
        x_title="step",
        y_title="loss (bits per token)",
        x_max=view.setup.steps,
        log_y=logarithmic and positive,
        from_zero=not (logarithmic and positive),
        height=_HEIGHT if shown else _HEIGHT_ASKED,
    )
    with picture:
        show(figure, _FIGURE, words.LOSS_ALT, tools)
    drawn = {bar.label for bar in bars}
    if hidden := [label for label in _COUNTERS[: len(view.about.bar_bits)] if label not in drawn]:
        st.caption(words.hidden_bars(hidden))


def _both(points: Sequence[Evaluation]) -> tuple[list[float], list[float]]:
    return [point.train_loss for point in points], [point.val_loss for point in points]


def _small_figure(
    view: RunView, title: str, values: Sequence[float], log_y: bool = False, more: str = ""
) -> None:
    st.caption(title + more, text_alignment="center")
    figure = curves(
        [Line(title, view.curves.step, values, color=2)],
        x_title="step",
        y_title="",
        x_max=view.setup.steps,
        height=200,
        log_y=log_y,
        from_zero=not log_y,
    )
    show(figure, f"{title.replace(' ', '_')}_figure", f"The {title} at every step.")


def samples(key: str) -> None:
    """What the run wrote, across the page; it redraws itself while the run goes on."""

    def seconds(view: RunView | None) -> float | None:
        every = _seconds(view)
        return every and max(every, _SAMPLE_TICK)

    watch(lambda: view_of(key), _samples, seconds)


def _samples(view: RunView | None) -> None:
    samples = view.curves.samples if view else []
    if not samples:
        return
    st.header("What it writes along the way")
    chosen = [samples[0], samples[-1]] if len(samples) > 1 else samples
    for column, sample in zip(st.columns(len(chosen)), chosen, strict=True):
        with column:
            st.caption(f"after step {sample.step:,}")
            st.code(sample.text[:_LONGEST_SAMPLE], language=None, wrap_lines=True, height=260)
    if len(samples) > 2:
        with st.expander(f"{counted(len(samples) - 2, 'sample')} in between"):
            for sample in samples[1:-1]:
                st.caption(f"after step {sample.step:,}")
                st.code(sample.text[:_LONGEST_SAMPLE], language=None, wrap_lines=True)
