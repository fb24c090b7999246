"""The parts of the lesson on head importance: each shows one thing about a model's heads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import streamlit as st
import torch

from gpt_core.interpret.head_roles import ROLES, sharpest
from gpt_core.interpret.induction import LONGEST, RepeatTest, random_tokens, repeat_test
from gpt_core.jobs.heal import MOST_VALUABLE, STEPS
from pages.head_importance import figures, words
from ui.app import address, widgets
from ui.app.glossary import prose
from ui.app.job_panel import job_panel, known_result
from ui.app.lesson import predict, say_what_is_cut
from ui.app.study_bar import about_prompt
from ui.components.attention_map import IN_URL, Selection, attention_grid, selected
from ui.components.chart import show
from ui.services.caches import PASSES, shared
from ui.services.models import BUNDLED, LoadedModel
from ui.services.study import Study
from ui.services.traces import attention_of
from ui.show.curves import Bar, Line, curves
from ui.show.curves import show as show_curves
from ui.show.tables import show_table
from ui.show.tokens import short

MOST_CELLS = 4_000_000  # of all heads' pictures together
ROLES_ASKED, VALUES_ASKED = {"texts": 40}, {"texts": 40}
RANDOM, YOURS = "random tokens", "your prompt"
# What is recorded of the bundled model.
HEALED = {"head": MOST_VALUABLE, "steps": 60, "seed": 1}


@shared(PASSES)
def _random_twice(loaded: LoadedModel, seed: int) -> RepeatTest:
    return repeat_test(loaded.model, random_tokens(loaded.model, seed))


@shared(PASSES)
def _prompt_twice(study: Study) -> RepeatTest:
    return repeat_test(study.model, torch.tensor([study.ids]))


def _looked_at(study: Study) -> Study:
    """As much of the prompt as the pictures of all heads have room for."""
    config = study.model.config
    return study.last(math.isqrt(MOST_CELLS // (config.n_layer * config.n_head)))


def role_result(study: Study) -> dict[str, Any] | None:
    """What is known of the heads' roles."""
    return known_result("head_roles", ROLES_ASKED, study, _recorded("head_roles", study))


def value_result(study: Study) -> dict[str, Any] | None:
    """What is known of the heads' values."""
    return known_result("head_value", VALUES_ASKED, study, _recorded("head_value", study))


def _recorded(name: str, study: Study) -> str | None:
    return name if study.run_key == BUNDLED else None


@about_prompt
def show_heads(study: Study) -> None:
    """The pictures with their roles, and what the chosen head looks at."""
    study = _looked_at(study)
    say_what_is_cut(study)
    config = study.model.config
    found = role_result(study)
    shape = (config.n_layer, config.n_head)
    head = Selection.from_url(address.texts(*IN_URL), shape, len(study.ids)).head

    def keep_in_url() -> None:
        if choice := selected("heads_grid"):
            address.write(choice.in_url())

    attention_grid(
        attention_of(study).trace.pattern.numpy(),
        [short(token.text) for token in study.tokens],
        key="heads_grid",
        causal=config.causal,
        head=head,
        badges=words.badges(found) if found else None,
        on_select=keep_in_url,
    )
    prose(words.TASK)

    def draw(result: dict[str, Any], finished: bool) -> None:
        if not result["roles"]:
            st.info(words.TOO_SHORT)
            return
        entry = words.role_of(result, head)
        prose(words.role_sentences(entry, result, ROLES))
        show(figures.role_bars(entry["scores"]), "heads_roles", words.ROLES_ALT)
        prose(words.how_many_clear(result))

    recorded = _recorded("head_roles", study)
    job_panel("head_roles", ROLES_ASKED, draw, label="Find roles", study=study, recorded=recorded)
    with st.expander("How a pattern earns its name", icon=":material/rule:"):
        prose(words.HOW_CALIBRATED)


@about_prompt
def ask_and_show_values(study: Study) -> None:
    """How much is the head with the clearest picture worth? After a guess, the leaderboard."""
    config = study.model.config
    total = config.n_layer * config.n_head
    measured = total == 1
    if not measured:
        pattern = attention_of(_looked_at(study)).trace.pattern
        sharp, known = sharpest(pattern), value_result(study)
        rows = pattern[sharp][1:, 1:]
        largest = rows.amax(dim=-1).mean().item() if len(rows) else None
        measured = predict(
            f"heads_guess_{study.run_key}_{sharp[0]}_{sharp[1]}",
            words.question(sharp, total, largest),
            words.places(total),
            lambda guess: words.answer(guess, sharp, known),
        )
    st.header("What each head is worth")
    if measured:
        _show_values(study)
    else:
        st.markdown(words.CHOOSE)


def _show_values(study: Study) -> None:
    """The leaderboard: what the model loses without each head."""

    def draw(result: dict[str, Any], finished: bool) -> None:
        _leaderboard(result, role_result(study), study.model.config.vocab_size)

    recorded = _recorded("head_value", study)
    job_panel(
        "head_value", VALUES_ASKED, draw, label="Measure every head", study=study, recorded=recorded
    )


def _banded(name: str, nats: Sequence[float]) -> figures.Banded:
    return figures.Banded(name, *(n * words.BITS for n in nats))


def _leaderboard(result: dict[str, Any], roles: dict[str, Any] | None, vocab_size: int) -> None:
    top = words.ranked(result)[: figures.MOST_BARS]
    bars = [_banded(words.bar_name(entry, roles), entry["zero"]) for entry in top]
    means = [entry["mean"][0] * words.BITS for entry in top]
    show(figures.banded_bars(bars, words.RISE, means), "heads_values", words.VALUES_ALT)
    if len(top) < len(result["heads"]):
        st.caption(words.most_valuable(len(top), len(result["heads"])))
    prose(words.value_sentences(result, vocab_size))
    if roles and roles["roles"] and (compared := words.roles_and_values(result, roles)):
        prose(compared)
    prose(words.ABOUT_VALUES)


def _healing(result: dict[str, Any], vocab_size: int) -> None:
    curve = {name: [n * words.BITS for n in result["curve"][name]] for name in ("healed", "twin")}
    steps = result["curve"]["step"]
    lines = [
        Line("without the head", steps, curve["healed"], 0, markers=True),
        Line("twin with all heads", steps, curve["twin"], 1, markers=True),
    ]
    chart = curves(
        lines,
        x_title="steps after the removal",
        y_title="loss on unseen text, bits per token",
        bars=[Bar("before the removal", curve["twin"][0])],
        height=340,
        from_zero=True,
    )
    show_curves(chart, "heads_heal", words.HEALING_ALT)
    prose(words.heal_sentences(result, vocab_size))
    others = sorted(result["others"], key=lambda other: -other["gain"][0])[: figures.MOST_BARS]
    bars = [_banded(words.short_name(other["head"]), other["gain"]) for other in others]
    with st.expander("What each other head is worth", icon=":material/table:"):
        show(figures.banded_bars(bars, words.GAIN), "heads_taken", words.GAINS_ALT)
        show_table(words.heal_table(result), "heads_heal_table", "What each other head is worth")


@st.fragment
def show_healing(study: Study) -> None:
    """Choose a head to remove for good, and what happened to it and to the others."""
    config = study.model.config
    if config.n_layer * config.n_head < 2:
        st.markdown(words.SINGLE)
        return
    heads = [MOST_VALUABLE] + [
        f"{layer}.{head}" for layer in range(config.n_layer) for head in range(config.n_head)
    ]
    left, middle, right = st.columns(3)
    chosen = widgets.selectbox(
        "Head to remove", heads, key="heads_gone", container=left, format_func=words.gone_name
    )
    steps = widgets.selectbox("Steps", STEPS, 1, key="heads_steps", container=middle)
    seed = widgets.number_input("Seed", 0, 9999, 1, key="heads_seed", container=right)
    head = chosen if chosen == MOST_VALUABLE else [int(n) for n in chosen.split(".")]
    settings = {"head": head, "steps": steps, "seed": int(seed)}
    job_panel(
        "heal",
        settings,
        lambda result, finished: _healing(result, config.vocab_size),
        label="Remove it and train on",
        study=study,
        recorded=_recorded("heal", study) if settings == HEALED else None,
    )


@st.fragment
def show_twice(study: Study) -> None:
    """Induction: a sequence that nobody could know, two times in a row."""
    if study.model.config.block_size // 2 < 2:
        st.info(words.NO_ROOM)
        return
    left, right = st.columns([2, 1])
    kinds = [RANDOM, YOURS]
    kind = widgets.segmented_control(
        "Twice in a row", kinds, RANDOM, key="heads_kind", container=left
    )
    if kind == YOURS:
        _show_prompt_twice()
    else:
        seed = widgets.number_input("Draw", 0, 99, 0, key="heads_draw", container=right)
        _show_repeated(study, _random_twice(study.loaded, int(seed)))


@about_prompt
def _show_prompt_twice(study: Study) -> None:
    study = study.last(min(LONGEST, study.model.config.block_size // 2))
    if len(study.ids) < 2:
        st.info(words.ONE_TOKEN)
        return
    _show_repeated(study, _prompt_twice(study))


def _show_repeated(study: Study, test: RepeatTest) -> None:
    places = list(range(1, test.n))
    lines = [
        Line("the first time", places, (test.loss[: test.n - 1] * words.BITS).numpy(), 0),
        Line("the second time", places, (test.loss[test.n :] * words.BITS).numpy(), 1),
    ]
    chart = curves(
        lines, x_title="place in the sequence", y_title="bits per token", height=300, from_zero=True
    )
    show_curves(chart, "heads_twice", words.TWICE_ALT)
    head = divmod(int((test.share - test.chance).argmax()), study.model.config.n_head)
    ngrams = study.model.config.ngrams
    prose(words.induction_sentences(test, head, ngrams))
    tokens = [short(study.tokenizer.token_text(i)) for i in test.idx[0].tolist()]
    causal = study.model.config.causal
    attention_grid(test.pattern.numpy(), tokens, key="heads_twice_map", causal=causal, head=head)
    st.caption(words.WHERE_TO_LOOK)
