"""The film of the study's run: what is asked of the snapshots, and how it reaches the screen."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from corpus.lists import lists
from gpt_core.interpret.norms import norm_names
from gpt_core.interpret.snapshots import repeated
from gpt_core.tokenizers import Tokenizer
from pages.head_born import words
from pages.head_born.results import Film, continuation, losses_of, tokens_in_use
from ui.app import address
from ui.components.attention_map import IN_URL, Head, Selection
from ui.components.film import Stage, chosen, pack_film, show_film
from ui.services.caches import Aside, shared
from ui.services.study import Study, study_of
from ui.show.curves import decimate
from ui.show.tokens import short

FILM = "film"
LONGEST = 48  # tokens of a probe: more would be too small to see, and too much to send
LIST, PROMPT, RANDOM = "a list, read twice", "your prompt", "random tokens, said twice"
PROBES = (PROMPT, RANDOM)
PROBES_OF_LISTS = (LIST, RANDOM, PROMPT)
LN_2 = words.LN_2
_LISTS_SEED = 2  # of lists that the run didn't learn from
_GIVEN = 48  # characters of the probe, before what the model writes
_POINTS = 300  # of the loss of batches


@dataclass(frozen=True)
class Probe:
    """The text that every snapshot reads: its token ids, their labels, and as it is shown."""

    ids: tuple[int, ...]
    labels: tuple[str, ...]
    text: str


def probe_of(study: Study, kind: str) -> Probe:
    """The end of the prompt at the top, a list read twice, or random tokens twice in a row."""
    if kind == LIST:
        study = study_of(study.run_key, list_for(study.tokenizer))
    if kind != RANDOM:
        last = study.last(LONGEST)
        labels = tuple(short(token.text) for token in last.tokens)
        return Probe(last.ids, labels, study.prompt[last.tokens[0].start :])
    ids = tuple(repeated(study.model, tokens_in_use(study.loaded.run)))
    labels = tuple(short(study.tokenizer.token_text(i)) for i in ids)
    return Probe(ids, labels, "".join(study.tokenizer.token_text(i) for i in ids))


def list_for(tokenizer: Tokenizer) -> str:
    """The first list that is short enough for a probe, without its last line's end."""
    entries = lists(_LISTS_SEED, 100).split("\n\n")
    return next(entry for entry in entries if len(tokenizer.encode(entry)) <= LONGEST)


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
    follow = "false" if choice.follow is False else None
    step = None if choice.follow else str(choice.step)
    address.write({"step": step, "film_follow": follow, **Selection(choice.head).in_url()})


def draw(study: Study, film: Film, probe: Probe, revealed: bool) -> None:
    """Draw the film of all that is known; nothing where nothing is."""
    if not film.views:
        return
    step = step_in_url()
    follow = address.text_of("film_follow") != "false" if film.active else None
    if follow:
        st.session_state["film_followed"] = study.run_key
    if step is None:  # who followed a run to its end stays there
        followed = st.session_state.get("film_followed") == study.run_key
        step = film.views[-1].step if followed else 0
    # Only who uses the film waits for what every snapshot writes: it takes most of the time.
    in_use = st.session_state.get("film_in_use", False)
    shown = max((view.step for view in film.views if view.step <= step), default=None)
    views = [
        replace(view, continuation=continuation(film.run, view.snapshot, probe.ids))
        if in_use or view.step == shown
        else view
        for view in film.views
    ]
    snapshots = tuple(view.snapshot for view in views)
    name = f"{hash((study.run_key, snapshots, probe.ids, revealed, film.active, in_use)):x}"
    # Where a film begins belongs to its message only once: the same message isn't sent again.
    begins = st.session_state.setdefault("film_begins", {})
    if name not in begins:
        begins.clear()
        shape = study.model.config.n_layer, study.model.config.n_head
        head = Selection.from_url(address.texts(*IN_URL), shape, 1).head
        begins[name] = step, head, follow
    step, head, follow = begins[name]
    drawn = Aside((study, replace(film, views=views), probe, revealed))
    show_film(_message(name, follow, step, head, drawn), FILM, keep_in_url)


@shared()
def _message(
    name: str,
    follow: bool | None,
    step: int,
    head: Head,
    drawn: Aside[tuple[Study, Film, Probe, bool]],
) -> bytes:
    study, film, *_ = drawn.value
    stage = stage_of(*drawn.value)
    return pack_film(name, stage, film.views, study.tokenizer, step, head, follow)


def stage_of(study: Study, film: Film, probe: Probe, revealed: bool) -> Stage:
    """What stands around the views."""
    curves, config, fall, views = losses_of(film.run), study.model.config, film.fall, film.views
    thinned = zip(*decimate(curves.step, curves.loss, _POINTS), strict=True)
    texts = [scores.texts for view in views for scores in view.roles.values()]
    roles = words.ROLES.format(texts=max(texts)) if texts else words.NO_ROLES
    return Stage(
        tokens=probe.labels,
        given=probe.text[-_GIVEN:].lstrip(),
        causal=config.causal,
        batches=[(float(x), round(float(y) / LN_2, 4)) for x, y in thinned if np.isfinite(y)],
        validation=[
            (e.step, round(e.val_loss / LN_2, 4))
            for e in curves.evaluations
            if np.isfinite(e.val_loss)
        ],
        said=[
            words.said(*both, config, film.run.start)
            for both in zip([None, *views], views, strict=False)
        ],
        losses=[fall.at(view.step) / LN_2 if fall else None for view in views],
        norms=[_short(norm) for norm in norm_names(study.model)],
        norm_title=words.norm_title(config.norm),
        norm_words=words.norm_words(config.norm),
        show_roles=revealed,
        role_words=roles if revealed or not texts else words.UNTOLD,
    )


def _short(norm: str) -> str:
    """blocks.0.norm1 as a row of a narrow table calls it."""
    if norm == "norm_f":
        return "last"
    _, layer, which = norm.split(".")
    return f"{layer} {'attention' if which == 'norm1' else 'MLP'}"
