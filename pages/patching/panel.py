"""Activation patching: the other prompt, two grids, the outcome, and the push that follows."""

from __future__ import annotations

from typing import Any

import streamlit as st
import torch

from gpt_core.interpret.patching import STATES, first_difference, patching_cost
from gpt_core.jobs.patch_grid import MOST_COST
from pages.patching import words
from pages.patching.results import Ids, Pair, grid_of, patched, stream_of, suggestion_of
from pages.patching.steering import steering
from pages.patching.words import STATE_WORDS
from ui.app import address, widgets
from ui.app.glossary import prose
from ui.app.job_panel import job_key, job_panel
from ui.app.study_bar import about_prompt, line_breaks, with_marks
from ui.app.token_choice import choose_token
from ui.components.stream_grids import chosen_cell, patch_grids, read_cell
from ui.services.jobs import job_service
from ui.services.study import Study
from ui.show.names import sentence
from ui.show.numbers import number
from ui.show.tokens import code, short

ON_PAGE = 1e10  # floating point operations that take well under a second
REPLACE, TYPE = "replace one token", "type another prompt"
SUGGESTED = "a suggestion"
EXPECTED = "what the model expected here"
_PICTURE, _CELL = "patching", "cell"
_SHOWN = 5  # tokens whose probabilities are compared


def room(study: Study) -> int:
    """How many tokens the lesson can look at: patching all of them must stay affordable."""
    config = study.model.config
    tokens = config.block_size
    while patching_cost(config, tokens, tokens) > MOST_COST:
        tokens -= max(1, tokens // 50)
    return max(1, tokens)


@about_prompt
def patching(study: Study) -> None:
    """The whole panel; only this part of the page runs again when something in it is chosen."""
    study = study.last(room(study))
    pair = _pair(study)
    if pair:
        _grids(pair)
    st.caption(words.MOVES)
    prose(words.PATCH_OR_REMOVE)
    st.header("Steering")
    prose(words.STEERING)
    if pair:
        steering(pair)


def _pair(study: Study) -> Pair | None:
    """The two prompts; None, after a sentence, when there is nothing to compare."""
    other = _other_prompt(study)
    if other is None:
        return None
    try:
        return Pair(study, other)
    except ValueError as error:
        st.info(sentence(error), icon=":material/difference:")
        return None


def _grids(pair: Pair) -> None:
    study, other = pair.study, pair.other
    state = widgets.segmented_control("What is copied", STATES, "resid_pre", key="patch_state")
    st.caption(STATE_WORDS[state])
    first = first_difference(study.model.config, study.ids, other)
    cost = patching_cost(study.model.config, len(study.ids), len(study.ids) - first)
    settings = {"into": list(study.ids), "source": list(other), "state": state}
    moved = grid_of(pair, state) if cost < ON_PAGE else _from_job(study, settings)
    shape = (study.model.config.n_layer, len(study.ids))
    chosen = read_cell(address.text_of(_CELL), shape) or (0, _first_changed(study, other))

    def keep_in_url() -> None:
        if cell := chosen_cell(_PICTURE, shape):
            address.write({_CELL: f"{cell[0]}.{cell[1]}"})

    if cost >= ON_PAGE:
        if moved is None:
            st.markdown(words.TAKES_LONGER)
        job_panel("patch_grid", settings, lambda *_: None, label="Fill the lower grid", study=study)
    patch_grids(_message(pair, state, moved, chosen), _PICTURE, keep_in_url)


def _from_job(study: Study, settings: dict[str, Any]) -> list[list[float]] | None:
    view = job_service().view(job_key("patch_grid", study, settings))
    return view.value["moved"] if view and view.value else None


# ---- The other prompt ----


def _other_prompt(study: Study) -> Ids | None:
    """Its token ids; None, after a sentence, when it can't be compared."""
    way = widgets.segmented_control("The other prompt", [REPLACE, TYPE], REPLACE, key="patch_way")
    other = _replaced(study) if way == REPLACE else _typed(study)
    if other is None:
        return None
    if len(other) != len(study.ids):
        st.info(words.lengths_differ(len(other), len(study.ids)), icon=":material/straighten:")
        return None
    changed = [i for i, (a, b) in enumerate(zip(study.ids, other, strict=True)) if a != b]
    if not changed:
        st.info(words.THE_SAME, icon=":material/difference:")
        return None
    texts = [
        f"{code(study.tokens[i].text)} → {code(study.tokenizer.token_text(other[i]))} at {i}"
        for i in changed[:4]
    ]
    more = f", and {len(changed) - 4} more" if len(changed) > 4 else ""
    st.markdown(words.differs(texts, more))
    return other


def _replaced(study: Study) -> Ids:
    places = [f"{i}: {short(token.text)}" for i, token in enumerate(study.tokens)]
    left, right = st.columns(2)
    with left:
        where = widgets.selectbox("Which token", [SUGGESTED, *places], key="patch_at")
    if where == SUGGESTED:
        most = int(ON_PAGE / patching_cost(study.model.config, len(study.ids), 1)) + 1
        place, token = suggestion_of(study, min(24, most))
    else:
        place, token = places.index(where), None
    likely = _expected(study, place)
    with right:
        chosen = choose_token("Replace it by", [EXPECTED], likely, study.tokenizer, "patch_token")
    if chosen == EXPECTED:
        chosen = likely[0] if token is None else token
    return (*study.ids[:place], int(chosen), *study.ids[place + 1 :])


def _expected(study: Study, place: int) -> list[int]:
    """The tokens that the model finds likeliest at a place of the prompt, but for its own."""
    logits = stream_of(study).logits[max(0, place - 1)]
    best = logits.topk(min(13, len(logits))).indices.tolist()
    return [token for token in best if token != study.ids[place]]


def _typed(study: Study) -> Ids | None:
    from gpt_core.tokenizers import as_prompt

    shown = with_marks(study.prompt)
    typed = widgets.text_input("Another prompt", shown, key="patch_prompt", max_chars=2000)
    text = line_breaks(typed or "")
    ids = study.tokenizer.encode(as_prompt(study.tokenizer, text)) if text else []
    if not ids:
        st.info(words.TYPE_ONE)
        return None
    if len(ids) == len(study.ids) + study.left_out:
        ids = ids[study.left_out :]
    return tuple(ids)


# ---- What is drawn ----


def _message(
    pair: Pair, state: str, moved: list[list[float]] | None, chosen: tuple[int, int]
) -> dict[str, Any]:
    study = pair.study
    columns = [
        {
            "into": short(token.text),
            "source": _text(study, there),
            "place": i,
            "differs": token.id != there,
        }
        for i, (token, there) in enumerate(zip(study.tokens, pair.other, strict=True))
    ]
    distance = (pair.source.layers(state) - pair.into.layers(state)).norm(dim=-1)  # (L, T)
    differ = (distance / distance.max().clamp_min(1e-12)).tolist()
    return {
        "name": f"{study.run_key} {hash((study.ids, pair.other))} {state}",
        "rows": [f"layer {layer}" for layer in range(study.model.config.n_layer)],
        "columns": columns,
        "differ": [[round(value, 3) for value in row] for row in differ],
        "moved": moved,
        "chosen": chosen,
        "outcome": _outcome(pair, state, chosen),
    }


def _outcome(pair: Pair, state: str, cell: tuple[int, int]) -> dict[str, Any]:
    logits = patched(pair, state, *cell)
    runs = [each.softmax(dim=-1) for each in (pair.into.logits[-1], logits, pair.source.logits[-1])]
    measure = pair.measure
    best = torch.stack(runs).amax(dim=0).topk(min(_SHOWN, len(logits))).indices.tolist()
    pairs = [i for i in (measure.answer, measure.instead) if i not in best]
    tokens = sorted([*best[: _SHOWN - len(pairs)], *pairs], key=lambda i: -float(runs[0][i]))
    moved = measure.moved(logits[measure.answer], logits[measure.instead])
    answer, instead = (_text(pair.study, i) for i in (measure.answer, measure.instead))
    share = number(100 * float(moved), ".1f") + "%"
    token = _text(pair.study, pair.other[cell[1]])
    return {
        "said": words.outcome(
            state=state,
            layer=cell[0],
            position=cell[1],
            token=token,
            share=share,
            answer=answer,
            instead=instead,
        ),
        "names": ["A, yours", "A with B's state", "B, the other"],
        "tokens": [
            (_text(pair.study, i), *(float(f"{float(run[i]):.4g}") for run in runs)) for i in tokens
        ],
    }


def _first_changed(study: Study, other: Ids) -> int:
    return next(i for i, (a, b) in enumerate(zip(study.ids, other, strict=True)) if a != b)


def _text(study: Study, token: int) -> str:
    return short(study.tokenizer.token_text(token))
