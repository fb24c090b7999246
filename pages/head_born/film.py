"""The film of the study's run: what is asked of the snapshots, and how it reaches the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.head_born import words
from pages.head_born.results import History, Past, Seen, history_of, losses_of, written
from ui.app import address
from ui.components.attention_map import Selection
from ui.components.film import Picture, RoleRow, Stage, chosen, pack_film, show_film
from ui.services.caches import Aside, shared
from ui.services.study import Study
from ui.show.tokens import short

if TYPE_CHECKING:
    from gpt_core.interpret.snapshots import Moment
    from gpt_core.tokenizers import Tokenizer
    from gpt_core.training.run import Run

FILM = "film"
LONGEST = 48  # tokens of a probe: more would be too small to see, and too much to send
PROMPT, RANDOM = "your prompt", "random tokens, said twice"
PROBES = (PROMPT, RANDOM)
_GIVEN = 48  # characters of the probe, before what the model writes
_POINTS = 300  # of the loss of batches
_BADGES = {"previous token": "previous", "first token": "first", "same token": "same"}


@dataclass(frozen=True)
class Probe:
    """The text that every snapshot reads: its token ids, their labels, and as it is shown."""

    ids: tuple[int, ...]
    labels: tuple[str, ...]
    text: str


def probe_of(study: Study, kind: str) -> Probe:
    """The end of the sidebar's prompt, or random tokens twice in a row."""
    if kind == PROMPT:
        last = study.last(LONGEST)
        labels = tuple(short(token.text) for token in last.tokens)
        return Probe(last.ids, labels, study.prompt[last.tokens[0].start :])
    from gpt_core.interpret.snapshots import repeated

    ids = tuple(repeated(study.model))
    labels = tuple(short(study.tokenizer.token_text(i)) for i in ids)
    return Probe(ids, labels, "".join(study.tokenizer.token_text(i) for i in ids))


@dataclass(frozen=True)
class Reel:
    """A run, its moments, and what is known of them on one probe."""

    run: Run
    moments: tuple[Moment, ...]
    history: History
    fall: words.Fall | None
    active: bool


def reel_of(study: Study, run: Run, probe: Probe, active: bool) -> Reel:
    """Look at the run's snapshots for a short time; the rest is `missing` until the next call."""
    from gpt_core.interpret.snapshots import moments

    kept = tuple(moments(run))
    history = history_of(Past(run), kept, probe.ids, step_in_url())
    return Reel(run, kept, history, fall_of(run), active)


def fall_of(run: Run) -> words.Fall | None:
    """The validation loss by step; of the batches before there are two evaluations."""
    curves = losses_of(run)
    if len(curves.evaluations) > 1:
        every = [(float(e.step), e.val_loss) for e in curves.evaluations]
    else:
        every = list(zip(curves.step, curves.loss, strict=True))
    points = [(step, loss) for step, loss in every if np.isfinite(loss)]
    if len(points) < 2:
        return None
    return words.Fall([step for step, _ in points], [loss for _, loss in points])


def step_in_url() -> int | None:
    """The step that the address asks for; None where it asks for none."""
    text = address.text_of("step")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None


def keep_in_url() -> None:
    """Where the slider rests and which head is large is in the address, ready to be shared."""
    choice = chosen(FILM)
    if choice is None:
        return
    st.session_state["film_in_use"] = True
    address.write({"step": str(choice.step), **Selection(choice.head).in_url()})
    if not choice.follow and "film_follow" in st.session_state:
        st.session_state["film_follow"] = False


def draw(study: Study, reel: Reel, probe: Probe, revealed: bool, follow: bool) -> None:
    """Draw the film of all that is known; nothing where nothing is."""
    seen = reel.history.seen
    if not seen:
        return
    stamps = tuple((s.moment.step, s.moment.stamp) for s in seen)
    step = step_in_url()
    if step is None:  # who followed a run to its end stays there
        followed = follow or st.session_state.get("film_followed") == study.run_key
        step = seen[-1].moment.step if followed else 0
    # Only who uses the film waits for what every snapshot writes: it takes most of the time.
    in_use = st.session_state.get("film_in_use", False)
    shown = max((s.moment.step for s in seen if s.moment.step <= step), default=None)
    texts = {
        s.moment.step: written(Past(reel.run), s.moment, probe.ids)
        for s in seen
        if in_use or s.moment.step == shown
    }
    name = f"{hash((study.run_key, stamps, probe.ids, revealed, follow, in_use)):x}"
    # Where a film begins belongs to its message only once: the same message isn't sent again.
    begins = st.session_state.setdefault("film_begins", {})
    if name not in begins:
        begins.clear()
        shape = study.model.config.n_layer, study.model.config.n_head
        head = Selection.from_url(address.texts(), shape, 1).head
        if follow:
            st.session_state["film_followed"] = study.run_key
        begins[name] = step, head
    step, head = begins[name]
    message = _message(name, follow, step, head, Aside((study, reel, probe, revealed, texts)))
    show_film(message, FILM, keep_in_url)


@shared()
def _message(
    name: str,
    follow: bool,
    step: int,
    head: tuple[int, int],
    drawn: Aside[tuple[Study, Reel, Probe, bool, dict[int, tuple[int, ...]]]],
) -> bytes:
    study, reel, probe, revealed, texts = drawn.value
    seen = reel.history.seen
    pictures = [
        picture(study, reel, before, now, revealed, texts.get(now.moment.step))
        for before, now in zip([None, *seen], seen, strict=False)
    ]
    return pack_film(name, stage(study, reel, probe, revealed), pictures, step, head, follow)


def stage(study: Study, reel: Reel, probe: Probe, revealed: bool) -> Stage:
    """What stays the same while the slider moves."""
    from gpt_core.interpret.norms import norm_names
    from ui.show.curves import decimate

    curves, config = losses_of(reel.run), study.model.config
    thinned = zip(*decimate(curves.step, curves.loss, _POINTS), strict=True)
    measured = any(s.roles for s in reel.history.seen)
    roles = words.ROLES.format(texts=_texts(reel.history.seen)) if measured else words.NO_ROLES
    return Stage(
        tokens=probe.labels,
        given=probe.text[-_GIVEN:].lstrip(),
        causal=config.causal,
        batches=[(float(x), round(float(y), 4)) for x, y in thinned if np.isfinite(y)],
        validation=[
            (e.step, round(e.val_loss, 4)) for e in curves.evaluations if np.isfinite(e.val_loss)
        ],
        norms=[_short(norm) for norm in norm_names(study.model)],
        norm_title=words.norm_title(config.norm),
        norm_words=words.norm_words(config.norm),
        role_words=roles if revealed or not measured else words.UNTOLD,
    )


def _texts(seen: list[Seen]) -> int:
    return max((scores.texts for s in seen for scores in s.roles.values()), default=0)


def _short(norm: str) -> str:
    """blocks.0.norm1 as a row of a narrow table calls it."""
    if norm == "norm_f":
        return "last"
    _, layer, which = norm.split(".")
    return f"{layer} {'attention' if which == 'norm1' else 'MLP'}"


def picture(
    study: Study,
    reel: Reel,
    before: Seen | None,
    now: Seen,
    revealed: bool,
    text: tuple[int, ...] | None,
) -> Picture:
    """One frame as it is drawn. text: what its model writes, where that is known."""
    frame, tokenizer, fall = now.frame, study.tokenizer, reel.fall
    places = ["tokens only", *(f"layer {i}" for i in range(study.model.config.n_layer))]
    return Picture(
        step=frame.step,
        pattern=frame.pattern.astype(np.float32),
        loss=float(np.interp(frame.step, fall.steps, fall.losses)) if fall else None,
        said=words.said(before, now),
        guesses=[
            (place, short(tokenizer.token_text(token)), round(probability, 4))
            for place, (token, probability) in zip(places, frame.guesses, strict=True)
        ],
        spread=[round(size, 4) for size in frame.spread],
        gain=None if study.model.config.norm == "none" else [round(g, 3) for g in frame.gain],
        written=None if text is None else _decode(tokenizer, text),
        roles=role_rows(now) if revealed else [],
        badges=badges(study, now) if revealed else {},
    )


def _decode(tokenizer: Tokenizer, ids: tuple[int, ...]) -> str:
    return tokenizer.decode(ids).replace("\r", "")


def role_rows(seen: Seen) -> list[RoleRow]:
    """Of each role the head that does most of it above chance."""
    rows = []
    for role, scores in seen.roles.items():
        excess = scores.share - scores.chance
        layer, head = divmod(int(excess.argmax()), excess.shape[1])
        share, chance = scores.share[layer, head].item(), scores.chance[layer, head].item()
        clear = bool(scores.clear()[layer, head])
        who = f"layer {layer}, head {head}"
        rows.append(RoleRow(role, who, round(share, 4), round(chance, 4), clear))
    return rows


def badges(study: Study, seen: Seen) -> dict[tuple[int, int], str]:
    """The clear role of every head that has one, in a few letters."""
    from gpt_core.interpret.head_roles import clearest

    config = study.model.config
    heads = [(layer, head) for layer in range(config.n_layer) for head in range(config.n_head)]
    clear = {head: clearest(seen.roles, head) for head in heads}
    return {head: _BADGES.get(role, role) for head, role in clear.items() if role}
