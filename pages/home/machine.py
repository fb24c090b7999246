"""The whole machine at work on the prompt: what it shows, says, and is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from pages.home import words
from pages.home.compared import beside_of, said_apart, same_weights
from pages.home.results import Pass, back_of, drawn_after
from ui.app.compare import SIDES, Other, in_two, next_token_differs, other_study, study_other_alone
from ui.app.lesson import case_of
from ui.app.links import open_lesson
from ui.components.block_diagram import lesson_pages
from ui.components.machine import Beside, Shown, Step, asked, pack_machine, show_machine
from ui.services.study import Study
from ui.services.turns import crowded
from ui.show.names import show_error
from ui.show.tokens import short

if TYPE_CHECKING:
    from gpt_core.generate.sample import SampleConfig
    from gpt_core.interpret.machine import Backward, Machine

KEY, DRAWN, BACKWARD, TARGET = "machine", "machine_drawn", "machine_backward", "machine_target"
OPENS = "machine_opens"  # what a link of B's picture opens a lesson with
MOST_DRAWN = 400


def machine_panel(study: Study, settings: SampleConfig | None) -> None:
    """The picture of the prompt and of what was drawn after it with these settings.

    Where B is compared, two pictures, in which the same number of tokens is drawn.
    """
    other = other_study()
    studies = [study, other.study] if other else [study]
    case = ([each.key for each in studies], settings)
    known, count = st.session_state.get(DRAWN, (None, 0))
    count = count if known == case else 0
    st.session_state[DRAWN] = (case, count)
    passes = [Pass(each, drawn_tokens(each, settings, count)) for each in studies]
    backward = bool(st.session_state.get(BACKWARD))
    if other:
        show_beside(passes, other, backward)
    else:
        message = message_of_pass(passes[0], backward)
        show_machine(message, KEY, answer_reader, ahead=not crowded())
    if target := st.session_state.pop(TARGET, None):
        lesson, query = target
        if lesson in {page["file"] for page in pages_of(study).values()}:
            open_lesson(lesson, dict(query))


def show_beside(passes: Sequence[Pass], other: Other, backward: bool) -> None:
    """Two pictures, with what differs said and marked."""
    comparable = same_weights(passes[0].study, other)
    a, b = (each.seen for each in passes)
    st.session_state[OPENS] = other.opens
    differs = (
        next_token_differs(passes[0].study, a.probabilities, b.probabilities),
        *said_apart(passes, comparable),
    )

    def draw(_: Study, side: str) -> None:
        own, its = passes if side == SIDES[0] else reversed(passes)
        name, opens = ("B", None) if side == SIDES[0] else ("A", other.opens)
        beside = beside_of(own, its, name, comparable)
        message = message_of_pass(own, backward, beside, opens)
        show_machine(message, KEY + side, partial(answer_reader, KEY + side))

    in_two(passes[0].study, draw, "machines", differs)


def drawn_tokens(study: Study, settings: SampleConfig | None, count: int) -> tuple[int, ...]:
    """What was drawn so far; with a sentence instead where nothing can be."""
    if not count or settings is None:
        return ()
    from gpt_core.generate.sample import SampleError

    try:
        return drawn_after(study, settings, count)
    except SampleError as error:
        show_error(error)
        return ()


def answer_reader(key: str = KEY) -> None:
    """A button or a link of a picture was pressed."""
    choice = asked(key)
    if choice is None:
        return
    case, count = st.session_state.get(DRAWN, (None, 0))
    if choice.what == "next":
        st.session_state[DRAWN] = (case, min(count + 1, MOST_DRAWN))
    elif choice.what == "reset":
        st.session_state[DRAWN] = (case, 0)
    elif choice.what == "back":
        st.session_state[BACKWARD] = True
    else:
        st.session_state[TARGET] = (choice.lesson, choice.query)
        if key != KEY:
            study_other_alone(st.session_state[OPENS])


def pages_of(study: Study) -> dict[str, dict[str, str]]:
    # The LayerNorm lesson takes every kind of norm apart; it knows them by the names of this model.
    return lesson_pages(replace(study.model.config, norm="layernorm"))


def message_of_pass(
    looked: Pass,
    backward: bool,
    beside: Beside | None = None,
    opens: Mapping[str, str] | None = None,
) -> bytes:
    """What the picture is sent. beside: of the one that it is compared with. opens: see Shown."""
    study, drawn, seen = looked.study, looked.drawn, looked.seen
    columns = looked.columns
    best = seen.probabilities.topk(min(words.LIKELY, len(seen.probabilities)))
    text = study.tokenizer.token_text
    likely = [
        (short(text(i)), share)
        for i, share in zip(best.indices.tolist(), best.values.tolist(), strict=True)
    ]
    config, total = study.model.config, len(looked.ids)
    # A lesson shows the prompt alone, and some of them less of a long one.
    whole = len(study.ids) == total - len(drawn)
    shown = Shown(
        name=f"{study.fingerprint} {study.prompt} +{len(drawn)}{' back' if backward else ''}",
        tokens=columns,
        given=total - len(drawn),
        total=total,
        norm="none" if config.norm == "none" else config.norm_position,
        averages=config.norm == "batchnorm",
        best=[short(text(token)) for token in seen.best.tolist()],
        likely=likely,
        steps=road_of(study, seen, columns, likely),
        pages=pages_of(study),
        note=words.MACHINE_ALONE,
        linked=len(study.ids) if whole else 0,
    )
    if beside:
        name = f"{shown.name} beside {case_of(beside)}"
        note = words.MACHINE_BESIDE + (words.VECTORS_BESIDE if beside.apart else "")
        shown = replace(shown, name=name, note=note, beside=beside, opens=opens)
    back = back_of(study, drawn) if backward and total > 1 else None
    return pack_machine(seen, shown, (back, way_back(back, columns)) if back else None)


def road_of(
    study: Study, seen: Machine, columns: Sequence[str], likely: Sequence[tuple[str, float]]
) -> list[Step]:
    """The last token's road, in sentences."""
    config, lengths = study.model.config, seen.stream[:, -1].norm(dim=-1).tolist()
    position = seen.first + len(columns) - 1
    added, normed = config.position in ("learned", "sinusoidal"), config.post_norm
    steps = [
        Step(
            "stream",
            None,
            words.enters(columns[-1], position, config.n_embd, added, lengths[0], config.ngrams),
        )
    ]
    for layer in range(config.n_layer):
        fetched, thought = seen.added[layer, :, -1].tolist()
        before, after = lengths[2 * layer + 1 : 2 * layer + 3]
        look = _largest(seen, layer, columns)
        said = words.attends(layer, config.n_head, look, fetched, before, normed)
        steps += [
            Step("attention", layer, said),
            Step("mlp", layer, words.thinks(layer, thought, before, after, normed)),
        ]
    if seen.last_scale is not None:
        own = config.norm != "batchnorm"
        said = words.evens_out(lengths[-1], float(seen.last_scale[-1]), own)
        steps.append(Step("last_norm", None, said))
    return [*steps, Step("answer", None, words.answers(config.vocab_size, likely))]


def _largest(seen: Machine, layer: int, columns: Sequence[str]) -> words.Look:
    """Where a layer's attention looks most from the last token."""
    # The first column is the sum over all tokens further back, and no single one.
    heads = seen.pattern[layer, :, -1, 1:]  # (H, S)
    head, place = divmod(int(heads.argmax()), len(columns))
    return words.Look(
        head=head,
        weight=float(heads[head, place]),
        token="the token itself" if place == len(columns) - 1 else f"“{columns[place]}”",
        of=seen.first + len(columns),
        further=seen.first > 0,
    )


def way_back(back: Backward, columns: Sequence[str]) -> list[Step]:
    """The gradient's road, in sentences."""
    lengths = back.stream.norm(dim=-1)  # (2L + 1, S)
    own = len(columns) - 2
    steps = [Step("guess", None, words.costs(columns[-1], columns[own], back.share, back.bits))]
    for layer in reversed(range(len(back.added))):
        below = lengths[2 * layer].clone()
        length, below[own] = float(below[own]), 0.0
        far, place = below.max(dim=0)
        other = columns[int(place)] if far > 0 else None
        said = words.flows_back(layer, length, float(far), other, back.first > 0)
        steps.append(Step("attention", layer, said))
    most, place = lengths[0].max(dim=0)
    said = words.arrives(columns[int(place)], float(most), back.first > 0)
    return [*steps, Step("stream", None, said)]
